"""Queries over entities, by GET and by POST (CIM 009 §5.7.2, §6.4.3.2, §6.23)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec.structs import replace

from hiroba.exchange.broker import questions
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, writing
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.linked import Join, joined, told
from hiroba.exchange.broker.ngsi_ld import bodies, distributed, maps, shapes
from hiroba.exchange.broker.ngsi_ld.entities import BASE, answer_of
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request
from hiroba.exchange.broker.ngsi_ld.pages import window
from hiroba.exchange.broker.query import collation, geo, geometry, order, q, scopes, types
from hiroba.exchange.broker.query.names import attributes, resolve
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS
from hiroba.exchange.broker.questions import Page, Question, Selector

REMEMBERED: Final = 2_000
"""Queries that are kept as they were understood; past that all are forgotten."""
LONGEST: Final = 2_000
"""Bytes of a query that is kept."""
_UNDERSTOOD: dict[tuple[Any, ...], "Understood"] = {}


class Understood(msgspec.Struct, frozen=True):
    """What parameters ask for: which entities, in which shape, and which of those that are linked to."""

    question: Question
    shape: Shape
    join: Join | None


async def query(request: Request, exchange: Exchange) -> Answer:
    """The entities that match the parameters, a page of them."""
    context = await request.context()
    said: bytes = request.scope["query_string"]
    key = (said, request.tenant, request.accepts, request.preference("body"), context)
    is_kept = request.admitted.sight is None and len(said) <= LONGEST  # what is people's is understood anew each time
    understood = _UNDERSTOOD.get(key) if is_kept else None
    if understood is None:
        understood = _understood(request, context, request.params, (selected(request, context),))
        if len(_UNDERSTOOD) >= REMEMBERED:
            _UNDERSTOOD.clear()
        if is_kept:
            _UNDERSTOOD[key] = understood
    return await _answer(request, exchange, context, request.params, understood)


def _understood(
    request: Request, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...]
) -> Understood:
    shape = shapes.of(request, context, params)
    return Understood(question_of(request, context, params, selectors, shape), shape, shapes.join_of(params))


def asked(request: Request, context: Context) -> Question:
    """What the parameters of an address ask for."""
    return question_of(request, context, request.params, (selected(request, context),), shapes.of(request, context))


def selected(request: Request, context: Context) -> Selector:
    """The selector of an address."""
    ids = tuple(names.uri(id_, "id") for id_ in request.words("id"))
    kinds = request.params.get("type", "*")
    return Selector(
        ids=ids, pattern=request.params.get("idPattern", ""), types=types.parse(kinds).resolve(context.expand)
    )


async def query_by_post(request: Request, exchange: Exchange) -> Answer:
    """The same by a Query document (§5.2.23), whose parts are named as the parameters of GET are."""
    document, context = await request.document()
    params, entities = bodies.read(document)
    selectors = tuple(selector_of(entity, context) for entity in entities)
    params = {**request.params, **params}
    return await _answer(request, exchange, context, params, _understood(request, context, params, selectors))


async def entity_map(request: Request, exchange: Exchange) -> Answer:
    """Create an entity map of what the parameters find (§5.14.4)."""
    context = await request.context()
    return await _map(request, exchange, context, request.params, asked(request, context))


async def entity_map_by_post(request: Request, exchange: Exchange) -> Answer:
    """The same by a Query document."""
    document, context = await request.document()
    params, entities = bodies.read(document)
    selectors = tuple(selector_of(entity, context) for entity in entities)
    params = {**request.params, **params}
    question = question_of(request, context, params, selectors, shapes.of(request, context, params))
    return await _map(request, exchange, context, params, question)


async def _map(
    request: Request, exchange: Exchange, context: Context, params: Mapping[str, str], question: Question
) -> Answer:
    found, _ = await distributed.ask(request, exchange, context, question, {**params, "entityMap": "true"})
    return maps.created(await maps.made(request, exchange, params, question, found))


def selector_of(entity: Mapping[str, Any], context: Context) -> Selector:
    """What an EntitySelector means (§5.2.33): ids go before a pattern of ids."""
    given = entity.get("id", [])
    ids = tuple(names.uri(id_, "entities.id") for id_ in (given if isinstance(given, list) else [given]))
    return Selector(
        ids=ids,
        pattern="" if ids else entity.get("idPattern", ""),
        types=types.parse(entity["type"], "entities.type").resolve(context.expand),
    )


async def _answer(
    request: Request, exchange: Exchange, context: Context, params: Mapping[str, str], understood: Understood
) -> Answer:
    question, shape, join = understood.question, understood.shape, understood.join
    known = await maps.named(request, exchange)
    found, warned = await distributed.ask(
        request, exchange, context, question, params, datasets=shape.datasets, known=known
    )
    used = await maps.used(request, exchange, params, question, known=known, found=found)
    async with exchange.reading() as conn:
        page = await (
            distributed.page(conn, question, found) if known is None else maps.page(conn, question, known, found)
        )
        pairs = [(entity, shape) for entity in page.entities]
        if join is not None:
            pairs = await joined(page.entities, shape, join, distributed.held(request, conn))
        if request.admitted.sight is not None:
            request.tells(told(pairs))
            if question.count:
                request.tells_of(await questions.subjects(conn, question), "counted")
    headers = [*_paging(request, question, page), *warned]
    if page.count is not None:
        headers.append(("ngsild-results-count", str(page.count)))
    if used is not None:
        headers.append(used.header)
    return answer_of(201 if used is not None and used.is_new else 200, writing.collected(pairs, shape), shape, headers)


def question_of(
    request: Request, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...], shape: Shape
) -> Question:
    """The question of a request (§5.7.2.4), or what is wrong with it."""
    page = window(request)
    join = shapes.join_of(params)
    question = Question(
        tenant=request.tenant,
        sight=request.admitted.sight,
        selectors=tuple(one for one in selectors if one != Selector()),
        having=shape.attrs if shape.attrs and not shape.members else None,
        q=resolve(q.parse(params["q"]), context.expand, context.expand, expanded(params)) if "q" in params else None,
        scopes=scopes.parse(params["scopeQ"]) if "scopeQ" in params else None,
        place=place_of(params, context),
        links=join.levels if join is not None else 0,
        limit=page.limit,
        offset=page.offset,
        count=page.count,
    )
    if "csf" in params:
        q.parse(params["csf"], "csf")
    if not is_local(request, params, selectors) and not _is_narrow(question, params, selectors):
        raise BadRequestData("The query would give everything: name a type, attrs, q or a place, or say local=true.")
    return _ordered(question, params, context)


def is_local(request: Request, params: Mapping[str, str], selectors: tuple[Selector, ...]) -> bool:
    """Whether only what is held here is asked (§5.5.13): said so, or implied by type=* or by an order."""
    is_implied = any(one.types == types.Types() for one in selectors if "type" in params) or "orderBy" in params
    if is_implied and "local" in params and not request.flag("local"):
        raise BadRequestData("type=* and orderBy ask for what is held here; local=false says the contrary.")
    return is_implied or request.flag("local")


def _is_narrow(question: Question, params: Mapping[str, str], selectors: tuple[Selector, ...]) -> bool:
    """Whether a query names types, attributes of users, or a place."""
    by_q = question.q is not None and any(name not in ENTITY_MEMBERS for name in attributes(question.q))
    return by_q or "attrs" in params or question.place is not None or any(one.types.groups for one in selectors)


def _ordered(question: Question, params: Mapping[str, str], context: Context) -> Question:
    """The question in the order that is asked for (§4.23)."""
    tag = collation.parse(params["collation"]) if "collation" in params else collation.ROOT
    origin = None
    if "orderFrom" in params or "orderGeometry" in params:
        kind = params.get("orderGeometry", "Point")
        origin = geometry.from_text(kind, params.get("orderFrom", ""), "orderFrom")
    terms = order.resolve(order.parse(params["orderBy"]), context.expand) if "orderBy" in params else ()
    if origin is None and question.place is not None:
        origin = question.place.reference
    if origin is None and any(term.distance for term in terms):
        raise BadRequestData("Who orders by distance says from where: orderFrom=[longitude,latitude].")
    return replace(question, order=terms, collation=tag, origin=origin)


def expanded(params: Mapping[str, str]) -> frozenset[str]:
    """The attributes whose values in `q` are names to be expanded (expandValues)."""
    return frozenset(name for name in params.get("expandValues", "").split(",") if name)


def place_of(params: Mapping[str, str], context: Context) -> geo.Geo | None:
    """The place a query asks about (§4.10)."""
    given = [name for name in ("georel", "geometry", "coordinates") if name in params]
    if not given:
        return None
    if len(given) < 3:  # noqa: PLR2004 - all of them or none
        raise BadRequestData("A query about a place has georel, geometry and coordinates.")
    place = geo.parse(
        params["georel"], params["geometry"], params["coordinates"], params.get("geoproperty", "location")
    )
    return place.resolve(context.expand)


def _paging(request: Request, question: Question, page: Page) -> Iterable[tuple[str, str]]:
    """Links to the pages before and after (§6.3.10)."""
    if request.method == "POST":
        return
    links = []
    if question.offset > 0:
        links.append(("prev", max(0, question.offset - question.limit)))
    if page.more:
        links.append(("next", question.offset + question.limit))
    for relation, offset in links:
        parameters = sorted({**request.params, "limit": str(question.limit), "offset": str(offset)}.items())
        address = f"{BASE}/entities?{urlencode(parameters, quote_via=quote, safe=':*,')}"
        yield "link", f'<{address}>;rel="{relation}";type="{request.accepts}"'
