"""Operations that may go beyond this broker, as the handlers ask for them (CIM 009 §4.3.6, §6.3.17, §6.3.18).

Where no registration concerns a request, it is as if there were no federation.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.access import Sight
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.edits import Change
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import batches, discovery, outcomes, purges, queries, reads, writes
from hiroba.exchange.broker.federation.batches import Batch, Here, Item
from hiroba.exchange.broker.federation.discovery import Asked, Catalogue
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.purges import Purge
from hiroba.exchange.broker.federation.queries import Wish
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.federation.splitting import Attributes
from hiroba.exchange.broker.federation.writes import Write
from hiroba.exchange.broker.history.store import reading
from hiroba.exchange.broker.linked import Fetch
from hiroba.exchange.broker.maps.model import EntityMap
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, json
from hiroba.exchange.broker.query import q
from hiroba.exchange.broker.query import types as selections
from hiroba.exchange.broker.query.match import matches
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.questions import Page, Question
from hiroba.exchange.broker.subscriptions.changes import subject

PASSED_ON: Final = ("georel", "geometry", "coordinates", "scopeQ")
"""Parts of a query whose words no context changes."""
Headers = list[tuple[str, str]]


def is_local(request: Request, exchange: Exchange) -> bool:
    """Whether a request stays here: it says so, or nobody is registered."""
    is_personal = request.admitted.gate is not None  # what is people's goes to no source: no grant says so
    return request.flag("local") or is_personal or not exchange.sources.knows_any(request.tenant)


def held(request: Request, conn: Connection) -> Fetch:
    """The entities held here, as the caller sees them."""
    return partial(_held, conn, request.tenant, request.admitted.sight)


async def _held(conn: Connection, tenant: str, sight: Sight | None, ids: Collection[str]) -> Mapping[str, Entity]:
    return await questions.entities_of(conn, tenant, ids, sight)


def origin(request: Request, context: Context) -> Origin:
    """The request as the federation sees it."""
    return Origin(tenant=request.tenant, context=context, headers=request.headers)


def must_not_have_come_back(request: Request, exchange: Exchange) -> None:
    """Nothing, or the problem of a subscription that is a loop (§6.3.18)."""
    exchange.federation.must_not_have_come_back(origin(request, CORE))


async def write(
    request: Request,
    exchange: Exchange,
    context: Context,
    asked: Write,
    here: Callable[[Attributes], Awaitable[Change]],
) -> list[Leg]:
    """Do a write here and at the sources it concerns; what came of each part."""
    if is_local(request, exchange):
        return [outcomes.of_change(await here(asked.attributes))]
    if selection := request.params.get("type"):
        asked = msgspec.structs.replace(asked, types=selections.parse(selection).resolve(context.expand))
    if not asked.of:
        asked = msgspec.structs.replace(
            asked, of=await _types(exchange, Key(request.tenant, "", asked.id), past=asked.past)
        )
    return await writes.distribute(exchange.federation, origin(request, context), asked, here)


async def _types(exchange: Exchange, key: Key, *, past: bool) -> frozenset[str]:
    """The types of an entity, as far as they are known here."""
    if past:
        async with exchange.reading() as conn:
            head = await reading.head_of(conn, key)
        return frozenset(head.types if head is not None else ())
    held = await exchange.reader.read(key)
    return frozenset(held.types if held is not None else ())


async def write_all(
    request: Request, exchange: Exchange, context: Context, batch: Batch, items: Sequence[Item], *, here: Here
) -> list[tuple[str, Leg]]:
    """Do a batch here and at the sources it concerns; what came of each part of each entity."""
    if is_local(request, exchange):
        legs = await here([(item, item.attributes) for item in items])
        return [(item.id, leg) for item, leg in zip(items, legs, strict=True)]
    known = await asyncio.gather(*(_with_types(request, exchange, item) for item in items))
    return await batches.distribute(exchange.federation, origin(request, context), batch, known, here)


async def _with_types(request: Request, exchange: Exchange, item: Item) -> Item:
    if item.of:
        return item
    held = await exchange.reader.read(Key(request.tenant, "", item.id))
    return item if held is None else msgspec.structs.replace(item, of=frozenset(held.types))


def whole(id_: str, legs: Sequence[Leg], fine: Answer) -> Answer:
    """The answer to the write of an entity: what it is when all went well, or which parts did not (§5.2.16)."""
    if all(leg.is_whole for leg in legs):
        return fine
    _raise_if_nothing(legs)
    return json(207, outcomes.batch_result([(id_, leg) for leg in legs]), headers=fine.headers)


def partly(legs: Sequence[Leg]) -> Answer:
    """The answer to the write of attributes: 204, or which of them were written and which not (§5.2.18)."""
    if all(leg.is_whole for leg in legs):
        return Answer(204)
    _raise_if_nothing(legs)
    return json(207, outcomes.update_result(legs))


def _raise_if_nothing(legs: Sequence[Leg]) -> None:
    """Nothing, or the one problem where the whole write came to nothing for one reason (§6.3.17)."""
    problems = [leg.problem for leg in legs if leg.problem is not None]
    if len(problems) == len(legs) and (len(legs) == 1 or all(isinstance(one, ResourceNotFound) for one in problems)):
        raise problems[0]


async def entity(request: Request, exchange: Exchange, key: Key, shape: Shape) -> tuple[Entity | None, Found, Headers]:
    """One entity, put together from here and from the sources that have some of it (§5.7.1.4)."""
    if request.admitted.sight is not None:
        async with exchange.reading_people() as conn:
            return (await held(request, conn)([key.id])).get(key.id), Found(), []
    own = await exchange.reader.read(key)
    if is_local(request, exchange):
        return own, Found(), []
    federation = exchange.federation
    types = selections.parse(request.params.get("type", "*")).resolve(shape.context.expand)
    selector = questions.Selector(ids=(key.id,), types=types)
    asked = origin(request, shape.context)
    found = await reads.retrieve(federation, asked, selector, shape.attrs, shape.datasets)
    everything = found.merged([] if own is None else [own])
    made = next((one for one in everything if one.key.id == key.id), None)
    return made, found, found.headers(federation.identity.alias(request.tenant))


async def discover(request: Request, exchange: Exchange, context: Context, asked: Asked, known: Catalogue) -> None:
    """Add the types or attributes that sources have to those known here (§5.7.11)."""
    if not is_local(request, exchange):
        await discovery.extend(exchange.federation, origin(request, context), asked, known)


async def purge(
    request: Request,
    exchange: Exchange,
    context: Context,
    question: Question,
    *,
    dropped: frozenset[str] | None,
    kept: frozenset[str] | None,
) -> list[Leg]:
    """Let the sources purge that a purge concerns (§5.6.21.4)."""
    if is_local(request, exchange) or request.params.get("type") == "*":
        return []
    wish = Wish(question=question, said=said(request.params), attributes=question.having)
    asked = Purge(wish=wish, dropped=dropped, kept=kept)
    return await purges.distribute(exchange.federation, origin(request, context), asked)


def purged(legs: Sequence[Leg]) -> Answer:
    """The answer to a purge: 204, or which sources failed; the entities they failed for are not known, so they stand for them."""
    if all(leg.is_whole for leg in legs):
        return Answer(204)
    return json(207, outcomes.batch_result([(leg.registration, leg) for leg in legs if not leg.is_whole]))


def is_spread(request: Request, params: Mapping[str, str]) -> bool:
    """Whether parts of one entity may lie in several places: as the Query document says, or the address (§4.3.6.7)."""
    if "splitEntities" in params:
        return params["splitEntities"].lower() == "true"
    return request.flag("splitEntities")


def said(params: Mapping[str, str]) -> dict[str, str]:
    """The parts of a query whose words no context changes."""
    return {name: params[name] for name in PASSED_ON if name in params}


async def ask(
    request: Request,
    exchange: Exchange,
    context: Context,
    question: Question,
    params: Mapping[str, str],
    *,
    datasets: frozenset[str] | None = None,
    known: EntityMap | None = None,
) -> tuple[Found, Headers]:
    """What sources have of what a query asks for, and the warnings about those that did not say (§5.7.2.4).

    A map that is known says which entities of which sources the page has, and nobody else is asked.
    """
    if is_local(request, exchange) or params.get("type") == "*":
        return Found(), []
    federation = exchange.federation
    is_split = is_spread(request, params)
    words = {} if is_split else said(params)
    asked = _bare(question) if is_split else question
    csf = resolve(q.parse(params["csf"], "csf"), context.expand, context.expand) if "csf" in params else None
    wish = Wish(
        question=asked,
        said=words,
        attributes=question.having,
        datasets=datasets,
        csf=csf,
        maps=params.get("entityMap") == "true",
    )
    if known is not None:
        page_ids = known.window(question.offset, question.limit)
        wish = msgspec.structs.replace(wish, only=known.elsewhere(page_ids), linked=known.linked, maps=False)
    found = await queries.query(federation, origin(request, context), wish)
    if found.matches and question.order:
        raise BadRequestData("Entities can be ordered only where all of them are held: say local=true (§5.7.2.4).")
    found = msgspec.structs.replace(found, is_split=is_split)
    return found, found.headers(federation.identity.alias(request.tenant))


async def page(conn: Connection, question: Question, found: Found) -> Page:
    """A page of entities, put together from here and from what sources gave."""
    if not found.matches:
        return await questions.answer(conn, question)
    if not found.is_split:
        return await _together(conn, question, found)
    everything = [one for one in found.merged(await _all_here(conn, _bare(question))) if _fulfils(one, question)]
    return _cut(everything, question, len(everything))


def _fulfils(entity: Entity, question: Question) -> bool:
    """Whether an entity that was put together meets the filters of a question."""
    return (
        (question.having is None or not question.having.isdisjoint(entity.doc))
        and (question.q is None or matches(question.q, subject(entity)))
        and (question.scopes is None or question.scopes.matches(entity.scopes))
        and (question.place is None or question.place.matches(entity.doc))
    )


def _bare(question: Question) -> Question:
    """The question without the filters that only a whole entity can answer."""
    return msgspec.structs.replace(question, having=None, q=None, scopes=None, place=None)


async def _all_here(conn: Connection, question: Question) -> list[Entity]:
    everything = msgspec.structs.replace(question, limit=questions.MOST + 1, offset=0, count=False)
    held = (await questions.answer(conn, everything)).entities
    questions.must_be_few(len(held))
    return held


async def _together(conn: Connection, question: Question, found: Found) -> Page:
    """What the sources gave and the first of what is held here: the first of both by id cannot be further behind."""
    enough = question.offset + question.limit
    questions.must_be_few(enough)
    held = await questions.answer(conn, msgspec.structs.replace(question, limit=enough, offset=0))
    count = None
    if question.count:
        ids = {one.key.id for one in (*found.equal, *found.auxiliary)}
        count = (
            (held.count or 0) + (len(ids) if found.is_complete else found.total) - await _held_too(conn, question, ids)
        )
    return _cut(found.merged(held.entities), question, count, more=held.more)


async def _held_too(conn: Connection, question: Question, ids: set[str]) -> int:
    """How many of these are among the entities held here that the question asks for."""
    narrowed = tuple(
        msgspec.structs.replace(one, ids=tuple(ids.intersection(one.ids) if one.ids else ids))
        for one in question.selectors or (questions.Selector(),)
    )
    if not any(one.ids for one in narrowed):
        return 0
    selectors = tuple(one for one in narrowed if one.ids)
    asked = msgspec.structs.replace(question, selectors=selectors, limit=0, offset=0)
    return (await questions.answer(conn, asked)).count or 0


def _cut(everything: Sequence[Entity], question: Question, count: int | None, *, more: bool = False) -> Page:
    end = question.offset + question.limit
    chosen = list(everything[question.offset : end])
    return Page(chosen, count if question.count else None, more=more or len(everything) > end)
