"""Subscriptions with timeInterval: every so often all entities that match, whatever has changed (CIM 009 §5.8.6)."""

from datetime import datetime, timedelta
from typing import Final

import asyncpg

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Notice
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.events import Then
from hiroba.exchange.broker.linked import held
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.query import types
from hiroba.exchange.broker.questions import Question, Selector, answer
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.index import Entry, Index
from hiroba.exchange.broker.subscriptions.notifier import MISHAPS, address_of, failed, item
from hiroba.exchange.broker.subscriptions.reading import FOLLOWED
from hiroba.exchange.broker.subscriptions.wordings import Wordings

AT_ONCE: Final = 50
"""Subscriptions that are looked at in one transaction."""
MOST: Final = 1_000
"""Entities of one periodic notification."""


class Intervals:
    """What the clock owes."""

    def __init__(self, index: Index, wordings: Wordings, outbox: Outbox) -> None:
        self._index = index
        self._wordings = wordings
        self._outbox = outbox

    async def __call__(self, conn: Connection, now: datetime) -> Then | None:
        """Owe the notifications whose interval is over, in a transaction of the caller's; to be asked every second."""
        notices: list[Notice] = []
        for tenant, id_, was in await store.due(conn, now, AT_ONCE):
            entry = self._index.get(tenant, id_)
            if entry is None:
                continue  # made by another process this very second
            every = timedelta(seconds=entry.stored.document.time_interval)
            await store.set_due(conn, tenant, id_, max(was + every, now) if every else None)
            if every and entry.stored.status(now) == "active":
                try:
                    async with conn.transaction():
                        notices += await self._notices(conn, entry, now)
                except (*MISHAPS, asyncpg.PostgresError) as mishap:
                    failed(entry, mishap)
        return await self._outbox.owe(conn, notices)

    async def _notices(self, conn: Connection, entry: Entry, now: datetime) -> list[Notice]:
        form = entry.form(await self._wordings.of(entry.stored))
        fetch = held(conn, entry.stored.tenant)
        return [
            Notice(
                address=address_of(entry),
                entity=entity.key.id,
                at=now,
                data=await item(entity, None, form, fetch),
                together=True,
            )
            for entity in await _asked(conn, entry)
        ]


async def _asked(conn: Connection, entry: Entry) -> list[Entity]:
    """The entities that a subscription is about."""
    plan = entry.plan
    selectors = tuple(
        Selector(ids=one.ids, pattern="" if one.ids else one.id_pattern, types=types.parse(one.type))
        for one in entry.stored.document.entities
    )
    question = Question(
        tenant=entry.stored.tenant,
        selectors=() if Selector() in selectors else selectors,
        q=plan.q,
        links=FOLLOWED,
        scopes=plan.scopes,
        place=plan.place,
        limit=MOST,
    )
    return (await answer(conn, question)).entities
