"""What a source tells of its copy of a subscription, owed to the subscriber under the subscription's own id (CIM 009 §5.8.6)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, transaction
from hiroba.exchange.broker import store as entities
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.delivery.model import Notice
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.documents.names import show, uri
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.federation import narrowing, reads
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.forwarded import store, told
from hiroba.exchange.broker.forwarded.model import Copy
from hiroba.exchange.broker.forwarded.planning import Around, Planner
from hiroba.exchange.broker.forwarded.told import Told
from hiroba.exchange.broker.linked import held
from hiroba.exchange.broker.model import Doc, Entity, dataset
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.matching import Match
from hiroba.exchange.broker.subscriptions.changes import subject
from hiroba.exchange.broker.subscriptions.following import reached
from hiroba.exchange.broker.subscriptions.index import Entry
from hiroba.exchange.broker.subscriptions.notifier import MISHAPS, address_of, failed, item

MOST: Final = 10_000
"""Entities of one notification."""
ContextOf = Callable[[Any], Awaitable[Context]]
"""By which context a document of the request is to be read."""


class Receiver:
    """Takes what sources tell."""

    def __init__(self, around: Around, planner: Planner, outbox: Outbox) -> None:
        self._pool, self._subscriptions, self._sources = around.pool, around.subscriptions, around.sources
        self._federation, self._planner, self._outbox = around.federation, planner, outbox

    async def receive(self, document: Any, context_of: ContextOf) -> None:
        """Owe the subscriber what a notification says, as far as its source is registered for it."""
        id_, data = _parts(document)
        async with transaction(self._pool) as conn:
            copy = await store.known_as(conn, id_)
        entry = self._subscriptions.index.get(copy.tenant, copy.subscription) if copy is not None else None
        if copy is None or entry is None:
            raise ResourceNotFound(f"There is no subscription {id_} that this broker has made elsewhere.")
        registration = self._sources.get(copy.tenant, copy.registration)
        match = await self._planner.match(entry, registration) if registration is not None else None
        if match is None or entry.stored.status(clock.now()) != "active":
            return
        given = [told.read(one, await context_of(one), copy.tenant) for one in data]
        taken = [one for whole in given if (one := _taken(whole, match, entry)) is not None]
        if entry.stored.document.split_entities is True:
            taken = [one for part in taken if (one := await self._whole(part, entry, copy)) is not None]
        async with transaction(self._pool) as conn:
            then = await self._outbox.owe(conn, await self._notices(conn, taken, entry))
        if then is not None:
            then()

    async def _notices(self, conn: Connection, taken: list[Told], entry: Entry) -> list[Notice]:
        """What came together goes on together, each entity in the form the subscriber wants."""
        form = entry.form(await self._subscriptions.wordings.of(entry.stored))
        fetch, now = held(conn, entry.stored.tenant), clock.now()
        notices = []
        for one in taken:
            try:
                data = await item(one.entity, one.deleted, form, fetch)
            except MISHAPS as mishap:
                failed(entry, mishap)
                continue
            notices.append(
                Notice(
                    address=address_of(entry),
                    entity=one.entity.key.id,
                    at=now,
                    data=data,
                    together=len(taken) > 1,
                )
            )
        return notices

    async def _whole(self, part: Told, entry: Entry, copy: Copy) -> Told | None:
        """An entity of which others have a part too, put together; None where its conditions do not hold."""
        key = part.entity.key
        origin = Origin(tenant=key.tenant, context=CORE, headers={})
        found = await reads.retrieve(
            self._federation, origin, Selector(ids=(key.id,)), None, None, but=copy.registration
        )
        async with transaction(self._pool) as conn:
            own = (await entities.entities(conn, [key])).get(key)
            there, gone = _split(part.entity)
            if part.deleted is None:
                found = msgspec.structs.replace(found, equal=(*found.equal, there))
            everything = found.merged([] if own is None else [own])
            made = next((one for one in everything if one.key.id == key.id), None)
            if made is not None:
                if not await _holds(conn, entry, made):
                    return None
                return Told(msgspec.structs.replace(made, doc=_joined(made.doc, gone)))
        return None if entry.plan.has_conditions else part


async def _holds(conn: Connection, entry: Entry, entity: Entity) -> bool:
    plan, tenant = entry.plan, entity.key.tenant
    known = await reached(conn, [(entity, plan.linked)]) if plan.linked else {}
    return plan.selects(entity) and plan.holds(subject(entity), lambda id_: known.get((tenant, id_)))


def _parts(document: Any) -> tuple[str, list[Any]]:
    """The id of the subscription a notification speaks of, and its entities (§5.3.1)."""
    if not isinstance(document, Mapping) or document.get("type") != "Notification":
        raise BadRequestData('What is sent here is a Notification: an object whose type is "Notification".')
    data = document.get("data")
    if not isinstance(data, list):
        raise BadRequestData(f"data is a list of entities, not {show(data)}.")
    if len(data) > MOST:
        raise BadRequestData(f"data has at most {MOST} entities.")
    return uri(document.get("subscriptionId"), "subscriptionId"), data


def _taken(whole: Told, match: Match, entry: Entry) -> Told | None:
    """What of an entity its source may tell, and the subscriber has asked for."""
    entity = narrowing.taken(whole.entity, match)
    if entity is None or (whole.entity.doc and not entity.doc) or not entry.plan.selects(entity):
        return None
    return Told(entity, whole.deleted)


def _split(entity: Entity) -> tuple[Entity, Doc]:
    """What is there of an entity, and what has gone of it."""
    there: Doc = {}
    gone: Doc = {}
    for name, instances in entity.doc.items():
        for instance in instances:
            (gone if told.is_gone(instance) else there).setdefault(name, []).append(instance)
    return msgspec.structs.replace(entity, doc=there), gone


def _joined(doc: Doc, gone: Doc) -> Doc:
    """The attributes, and null for the instances that went here and are nowhere else."""
    made = dict(doc)
    for name, instances in gone.items():
        known = {dataset(instance) for instance in doc.get(name, [])}
        if fresh := [instance for instance in instances if dataset(instance) not in known]:
            made[name] = [*doc.get(name, []), *fresh]
    return made
