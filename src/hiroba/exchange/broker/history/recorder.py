"""The listener that records: what a transaction does to entities is in their history when it commits, or never was."""

from collections.abc import Sequence

from hiroba.base.db import Connection
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.history.records import evolutions_of, records_of
from hiroba.exchange.broker.history.store import writing


async def record(conn: Connection, events: Sequence[Event]) -> None:
    """Record what events say, in their transaction, with a statement or two for all of them."""
    await writing.record(conn, evolutions_of(events), list(records_of(events)))
