"""Who is named in somebody's document gets a name in the sector of everybody who may read it, before anybody does."""

from collections import defaultdict
from collections.abc import Sequence

import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.people import candidates
from hiroba.exchange.gateway.sight import store


async def note_mentions(conn: Connection, events: Sequence[Event]) -> None:
    """A listener of the broker's writes, in their transaction."""
    naming: dict[str, set[str]] = defaultdict(set)
    for event in events:
        after = event.after
        if after is not None and after.subject is not None and any(candidates(orjson.dumps(after.doc).decode())):
            naming[event.key.tenant].add(after.subject)
    for tenant, subjects in naming.items():
        await store.note_nameless(conn, tenant, sorted(subjects))
