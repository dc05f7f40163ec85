"""Entity maps: made by a query, looked at, prolonged, deleted; and queries that go on with one (CIM 009 §5.14, §6.32, §6.34)."""

from collections.abc import Mapping
from typing import Final

import msgspec

from hiroba.base.db import Connection
from hiroba.base.ids import ulid
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.errors import BadRequestData, OperationNotSupported, ResourceNotFound, TooManyResults
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.maps import model, store
from hiroba.exchange.broker.maps.model import HERE, EntityMap
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, json
from hiroba.exchange.broker.questions import Page, Question
from hiroba.exchange.broker.sources.members import duration

HEADER: Final = "ngsild-entitymap"
MOST_MAPS: Final = 1000
"""Maps of a tenant that live at one time."""


class Used(msgspec.Struct, frozen=True):
    """The map a request uses, and whether it was made for it."""

    map: EntityMap
    is_new: bool

    @property
    def header(self) -> tuple[str, str]:
        """Where the map is found, as the answer says it."""
        return HEADER, self.map.location


async def named(request: Request, exchange: Exchange) -> EntityMap | None:
    """The map that the request names, while it lives."""
    location = request.headers.get(HEADER)
    if location is None:
        return None
    _must_not_be_personal(request)
    async with exchange.reading() as conn:
        return await store.entity_map(conn, request.tenant, model.id_in(location))


def is_wanted(request: Request, params: Mapping[str, str]) -> bool:
    """Whether the request asks for a map, or names one."""
    return HEADER in request.headers or params.get("entityMap", "false").lower() == "true"


async def used(
    request: Request,
    exchange: Exchange,
    params: Mapping[str, str],
    question: Question,
    *,
    known: EntityMap | None,
    found: Found,
) -> Used | None:
    """The map that the request names or asks for; a new one where the named one is gone (§5.7.2.4)."""
    if known is not None:
        return Used(known, is_new=False)
    if not is_wanted(request, params):
        return None
    return Used(await made(request, exchange, params, question, found), is_new=True)


async def made(
    request: Request, exchange: Exchange, params: Mapping[str, str], question: Question, found: Found
) -> EntityMap:
    """A new map of everything that matches, here and at sources (§5.14.4)."""
    async with exchange.reading() as conn:
        keys = await questions.matching(conn, question)
    entries = {key.id: [HERE] for key in keys}
    for id_, registrations in found.origins.items():
        entries.setdefault(id_, []).extend(registrations)
    linked = {registration: model.id_in(location) for registration, location in found.maps.items()}
    return await kept(request, exchange, params, entries, linked)


async def kept(
    request: Request,
    exchange: Exchange,
    params: Mapping[str, str],
    entries: Mapping[str, list[str]],
    linked: Mapping[str, str] = {},
) -> EntityMap:
    """A new map with these entries, kept as long as the request wants."""
    _must_not_be_personal(request)
    lifetime = params.get("entityMapLifetime")
    expires = model.until(None if lifetime is None else duration(lifetime, "entityMapLifetime"))
    entity_map = EntityMap(
        tenant=request.tenant,
        id=f"urn:ngsi-ld:EntityMap:{ulid()}",
        owner=request.admitted.owner,
        entries=entries,
        linked=linked,
        expires=expires,
    )
    async with exchange.writing() as conn:
        if await store.count(conn, request.tenant) >= MOST_MAPS:
            raise TooManyResults(f"There are {MOST_MAPS} entity maps; delete some, or wait until they expire.")
        await store.add(conn, entity_map)
    return entity_map


def _must_not_be_personal(request: Request) -> None:
    """Nothing, or the problem that who allows what is not remembered: each page asks for it anew."""
    if request.admitted.gate is not None:
        raise OperationNotSupported("There are no entity maps of people: who may be seen is asked anew with each page.")


def created(entity_map: EntityMap) -> Answer:
    """The answer to who asked for a map itself (§6.34.3)."""
    return json(201, entity_map.document(), headers=[(HEADER, entity_map.location)])


async def page(conn: Connection, question: Question, entity_map: EntityMap, found: Found) -> Page:
    """A page of what a map names and still matches; what does not is taken out of the map (§5.5.9.3)."""
    if entity_map.is_spread:
        return await _spread_page(conn, question, entity_map, found)
    keys = await questions.matching(conn, msgspec.structs.replace(question, ids=tuple(entity_map.here)))
    left = {key.id for key in keys}
    gone = [id_ for id_, sources in entity_map.entries.items() if sources == [HERE] and id_ not in left]
    if gone and not any(
        one.ids or one.pattern for one in question.selectors
    ):  # who names ids asks for a part of the map
        await store.prune(conn, entity_map.tenant, entity_map.id, gone)
    return await questions.page_of(conn, question, keys)


async def _spread_page(conn: Connection, question: Question, entity_map: EntityMap, found: Found) -> Page:
    """The same, of entities of which some lie elsewhere: the ids of the page are known, and only they are looked for."""
    window = entity_map.window(question.offset, question.limit)
    ids = tuple(id_ for id_ in window if HERE in entity_map.entries[id_])
    held: list[Entity] = []
    if ids:
        asked = msgspec.structs.replace(question, ids=ids, offset=0, limit=len(ids), count=False)
        held = (await questions.answer(conn, asked)).entities
    entities = [one for one in found.merged(held) if one.key.id in window]
    gone = set(window) - {one.key.id for one in entities}
    if gone and not found.warned:
        await store.prune(conn, entity_map.tenant, entity_map.id, gone)
    count = len(entity_map.entries) - len(gone)
    more = len(entity_map.entries) > question.offset + question.limit
    return Page(entities, count if question.count else None, more=more)


async def retrieve(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Retrieve an entity map (§5.14.1)."""
    return json(200, (await _there(request, exchange, id_)).document())


async def update(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Say anew when an entity map expires (§5.14.2)."""
    entity_map = await _own(request, exchange, id_)
    document, _ = await request.document(patch=True)
    if not isinstance(document, dict):
        raise BadRequestData("The body is an object with expiresAt.")
    if "expiresAt" in document:
        expires = model.bounded(names.moment(document["expiresAt"], "expiresAt"))
        async with exchange.writing() as conn:
            await store.postpone(conn, request.tenant, entity_map.id, expires)
    return Answer(204)


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete an entity map (§5.14.3)."""
    entity_map = await _own(request, exchange, id_)
    async with exchange.writing() as conn:
        await store.delete(conn, request.tenant, entity_map.id)
    return Answer(204)


async def _there(request: Request, exchange: Exchange, id_: str) -> EntityMap:
    async with exchange.reading() as conn:
        found = await store.entity_map(conn, request.tenant, names.uri(id_, "The entity map's id"))
    if found is None:
        raise ResourceNotFound(f"There is no entity map {id_}.")
    return found


async def _own(request: Request, exchange: Exchange, id_: str) -> EntityMap:
    found = await _there(request, exchange, id_)
    request.admitted.must_own(found.owner, "This entity map")
    return found
