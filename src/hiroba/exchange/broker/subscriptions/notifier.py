"""Tells subscribers: what changes of a round mean to whom is owed in the transaction that writes them (CIM 009 §5.8.6)."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from prometheus_client import Counter
from shapely.errors import ShapelyError

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.exchange.broker.delivery.model import Address, Notice
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.documents.writing import write
from hiroba.exchange.broker.events import Event, Then
from hiroba.exchange.broker.linked import Fetch, held, joined
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.subscriptions.changes import Changes, changes
from hiroba.exchange.broker.subscriptions.following import Reached, reached
from hiroba.exchange.broker.subscriptions.index import Entry, Index
from hiroba.exchange.broker.subscriptions.rendering import Form, entity_of, finished
from hiroba.exchange.broker.subscriptions.wordings import Wordings

log = logging.getLogger("hiroba.subscriptions")
OWED: Final = Counter("hiroba_notifications_owed", "Notifications that changes of entities gave rise to")
FAILED: Final = Counter("hiroba_subscriptions_failed", "Times a subscription was passed over")

MISHAPS: Final = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError, ShapelyError, Problem,
)  # fmt: skip
"""What one subscription cannot make of an entity must keep neither the entity from being written nor others from being told."""
Concern = tuple[Changes, Entry]


class Notifier:
    """The listener that finds whom a round of writes concerns and owes each its notification."""

    def __init__(self, index: Index, wordings: Wordings, outbox: Outbox) -> None:
        self._index = index
        self._wordings = wordings
        self._outbox = outbox

    async def __call__(self, conn: Connection, events: Sequence[Event]) -> Then | None:
        """Owe what follows from these events."""
        now = clock.now()
        of_people = [notice for event in events for notice in self._sealed(event, now)]
        concerned = self._concerned(events, now)
        if not concerned:
            return await self._outbox.owe(conn, of_people)
        starts = [(changed.entity, entry.plan.linked) for changed, entry in concerned if entry.plan.linked]
        known = await reached(conn, starts) if starts else {}
        notices = await self._notices(conn, [concern for concern in concerned if _holds(*concern, known)])
        OWED.inc(len(notices))
        return await self._outbox.owe(conn, [*of_people, *notices])

    def _sealed(self, event: Event, now: datetime) -> Iterator[Notice]:
        """What is owed of a change of somebody's data; who may see what of it is asked when it is sent."""
        after = event.after
        if after is None or after.subject is None or (changed := changes(event)) is None:
            return
        for entry in self._index.of_tenant(event.key.tenant):
            is_waiting = entry.stored.status(now) == "active" and not entry.stored.document.time_interval
            if is_waiting and entry.plan.is_triggered(changed):
                yield sealed(changed, address_of(entry))

    def _concerned(self, events: Sequence[Event], now: datetime) -> list[Concern]:
        """Changes and the subscriptions that they trigger, whose conditions are not looked at yet."""
        found = []
        for event in events:
            if not self._index.knows(event.key.tenant) or (changed := changes(event)) is None:
                continue
            if changed.entity.subject is not None:
                continue
            if not changed.attributes and not changed.kind:
                continue
            entity = changed.entity
            candidates = self._index.candidates(event.key.tenant, entity.key.id, entity.types, changed.attributes)
            found += [(changed, entry) for entry in candidates if _is_triggered(changed, entry, now)]
        return found

    async def _notices(self, conn: Connection, concerned: Sequence[Concern]) -> list[Notice]:
        fetched: dict[str, dict[str, Entity]] = {}
        rendered: dict[tuple[Any, ...], bytes] = {}
        notices = []
        await self._wordings.ready(entry.stored for _, entry in concerned)
        for changed, entry in concerned:
            context = await self._wordings.of(entry.stored)
            try:
                form = entry.form(context)
                key = (id(changed), *form.key)
                if key not in rendered:
                    tenant = changed.event.key.tenant
                    fetch = _remembering(held(conn, tenant), fetched.setdefault(tenant, {}))
                    rendered[key] = await item(entity_of(changed, form), changed.deleted, form, fetch)
            except MISHAPS as mishap:
                failed(entry, mishap)
                continue
            notices.append(
                Notice(
                    address=address_of(entry),
                    entity=changed.event.key.id,
                    at=changed.event.at,
                    data=rendered[key],
                )
            )
        return notices


def sealed(changed: Changes, address: Address) -> Notice:
    """What is owed of a change: which entity, what kind of change, which attributes, and nothing of what they say."""
    kinds = {name: sorted(one.kinds) for name, one in changed.attributes.items()}
    return Notice(
        address=address,
        entity=changed.event.key.id,
        at=changed.event.at,
        data=orjson.dumps({"kind": changed.kind, "attributes": kinds}),
        subject=changed.entity.subject,
    )


def address_of(entry: Entry) -> Address:
    """Which subscription something is owed to."""
    return Address("Notification", entry.stored.tenant, entry.stored.id)


async def item(entity: Entity, deleted: datetime | None, form: Form, fetch: Fetch) -> bytes:
    """The entity in the form that is wanted, and with commas between them those it links to where they come beside it."""
    pairs = [(entity, form.shape)]
    if form.join is not None:
        try:
            pairs = await joined([entity], form.shape, form.join, fetch)
        except Problem as problem:
            log.info("a notification goes without linked entities: %s", problem)
    written = [finished(write(one, shape), deleted if one is entity else None, form) for one, shape in pairs]
    return b",".join(map(orjson.dumps, written))


def _remembering(fetch: Fetch, known: dict[str, Entity]) -> Fetch:
    """The same question, not asked twice in a round."""

    async def remembered(ids: Collection[str]) -> Mapping[str, Entity]:
        known.update(await fetch(set(ids) - known.keys()) if set(ids) - known.keys() else {})
        return {id_: known[id_] for id_ in ids if id_ in known}

    return remembered


def _is_triggered(changed: Changes, entry: Entry, now: datetime) -> bool:
    try:
        plan = entry.plan
        return entry.stored.status(now) == "active" and plan.selects(changed.entity) and plan.is_triggered(changed)
    except MISHAPS as mishap:
        failed(entry, mishap)
        return False


def _holds(changed: Changes, entry: Entry, known: Reached) -> bool:
    tenant = changed.event.key.tenant
    try:
        return entry.plan.holds(changed.subject, lambda id_: known.get((tenant, id_)))
    except MISHAPS as mishap:
        failed(entry, mishap)
        return False


def failed(entry: Entry, mishap: Exception) -> None:
    """Pass a subscription over, and say so."""
    FAILED.inc()
    log.warning("the subscription %s was passed over: %r", entry.stored.id, mishap)
