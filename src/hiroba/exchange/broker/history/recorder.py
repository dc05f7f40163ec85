"""The listener that records: what a transaction does to entities is in their history when it commits, or never was."""

from collections.abc import Sequence

from hiroba.base.db import Connection
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.history.records import evolutions_of, records_of
from hiroba.exchange.broker.history.store import writing


async def record(conn: Connection, events: Sequence[Event]) -> None:
    """Record what events say, in their transaction, with one statement for all of them."""
    records = list(records_of(events))
    evolutions = evolutions_of(events)
    if records or evolutions:
        await writing.record(conn, evolutions, records)
