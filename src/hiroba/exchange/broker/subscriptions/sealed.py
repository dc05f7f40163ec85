"""What changes in a tenant of personal data: owed without a word of what it is, and opened when it is sent.

At the change nothing is decided that rests on people's data. What is owed says which entity changed and which of its
attributes, for us alone. When it is sent, the subscriber's own sight is asked what there is to see by then: who allows
nothing any more is not told of, however long the notification has been waiting. What is gone altogether is not told.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import orjson

from hiroba.base.db import Connection, Pool, reading
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.access import Access, Shown, Sight
from hiroba.exchange.broker.delivery.model import Row
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.linked import Fetch
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.subscriptions.changes import Changes, Touched, subject
from hiroba.exchange.broker.subscriptions.index import Entry, Index
from hiroba.exchange.broker.subscriptions.notifier import item
from hiroba.exchange.broker.subscriptions.rendering import Form, entity_of
from hiroba.exchange.broker.subscriptions.wordings import Wordings


class Unsealer:
    """Opens what is owed, for the one it is owed to."""

    def __init__(self, pool: Pool, access: Access, index: Index, wordings: Wordings) -> None:
        self._pool, self._access, self._index, self._wordings = pool, access, index, wordings

    def __call__(self, rows: Sequence[Row]) -> AbstractAsyncContextManager[list[Row]]:
        """Around the sending: the rows that may be sent, as their subscriber may see them. Where none may, none."""
        return self._unsealed(rows)

    @asynccontextmanager
    async def _unsealed(self, rows: Sequence[Row]) -> AsyncIterator[list[Row]]:
        address = rows[-1].address
        entry = self._index.get(address.tenant, address.subscription)
        admitted = None if entry is None else await self._access.subscriber(address.tenant, entry.stored.owner)
        if entry is None or admitted is None or admitted.gate is None or admitted.sight is None:
            yield []
            return
        form = entry.form(await self._wordings.of(entry.stored))
        told: list[Shown] = []
        opened = []
        async with reading(self._pool) as conn:
            for row in rows:
                made = await _opened(conn, row, entry, form, sight=admitted.sight, told=told)
                if made is not None:
                    opened.append(made)
        if not opened:
            yield []
            return
        async with admitted.gate.release(told, (), kind="notified"):
            yield opened


async def _opened(
    conn: Connection, row: Row, entry: Entry, form: Form, *, sight: Sight, told: list[Shown]
) -> Row | None:
    """One row as its subscriber may see it; None where there is nothing to see, or nothing that was asked for."""
    entity = await questions.seen_inside(conn, row.address.tenant, row.entity, sight)
    if entity is None:
        return None
    changed = _changes(orjson.loads(row.data), row, entity)
    plan = entry.plan
    if not (plan.selects(entity) and plan.is_triggered(changed) and plan.holds(changed.subject, lambda _: None)):
        return None
    shown: dict[str, Entity] = {}
    data = await item(entity_of(changed, form), None, form, _noting(conn, row.address.tenant, sight, shown))
    told += _told(entity, form)
    told += [Shown(one.subject or "", frozenset(one.types), frozenset(one.doc)) for one in shown.values()]
    return msgspec.structs.replace(row, entity=entity.key.id, data=data)


def _told(entity: Entity, form: Form) -> Iterator[Shown]:
    yield Shown(entity.subject or "", frozenset(entity.types), frozenset(filter(form.shape.shows, entity.doc)))


def _noting(conn: Connection, tenant: str, sight: Sight, shown: dict[str, Entity]) -> Fetch:
    """The linked entities that may be seen, noted."""

    async def fetch(ids: Collection[str]) -> Mapping[str, Entity]:
        found = await questions.entities_of(conn, tenant, ids, sight)
        shown.update(found)
        return found

    return fetch


def _changes(said: Mapping[str, Any], row: Row, entity: Entity) -> Changes:
    """What happened, as far as it may be seen: of attributes that are there to be seen now."""
    touched = {
        name: Touched(kinds=frozenset(kinds), before={}, gone=())
        for name, kinds in said["attributes"].items()
        if name in entity.doc
    }
    before = None if said["kind"] == "entityCreated" else entity
    event = Event(key=entity.key, before=before, after=entity, at=row.at)
    return Changes(event=event, entity=entity, attributes=touched, subject=subject(entity))
