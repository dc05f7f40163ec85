"""Queries over entities, by GET and by POST (CIM 009 §5.7.2, §6.4.3.2, §6.23)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, writing
from hiroba.exchange.broker.errors import BadRequestData, TooManyResults
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.linked import held, joined
from hiroba.exchange.broker.ngsi_ld import distributed, shapes
from hiroba.exchange.broker.ngsi_ld.entities import BASE, answer_of
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request
from hiroba.exchange.broker.query import geo, order, q, scopes, types
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.questions import Question, Selector

LIMIT: Final = 20
MOST: Final = 1000
"""Entities of one page."""
_LISTS: Final = frozenset({"attrs", "pick", "omit", "datasetId", "orderBy", "expandValues", "jsonKeys", "containedBy"})
_TEXTS: Final = frozenset({"q", "scopeQ", "lang", "geometryProperty", "format", "join"})


async def query(request: Request, exchange: Exchange) -> Answer:
    """The entities that match the parameters, a page of them."""
    context = await request.context()
    params = request.params
    selector = Selector(
        ids=tuple(names.uri(id_, "id") for id_ in request.words("id")),
        pattern=params.get("idPattern", ""),
        types=types.parse(params["type"]).resolve(context.expand) if "type" in params else types.Types(),
    )
    return await _answer(request, exchange, context, params, (selector,))


async def query_by_post(request: Request, exchange: Exchange) -> Answer:
    """The same by a Query document (§5.2.23), whose parts are named as the parameters of GET are."""
    document, context = await request.document()
    if not isinstance(document, dict) or document.get("type") != "Query":
        raise BadRequestData('The body is an object whose type is "Query".')
    params = {**request.params, **_params(document)}
    entities = document.get("entities", [])
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise BadRequestData("entities is a list of objects with id, idPattern or type.")
    return await _answer(request, exchange, context, params, tuple(_selector(entity, context) for entity in entities))


def _params(document: Mapping[str, Any]) -> dict[str, str]:
    """The members of a Query document as the parameters they stand for."""
    params: dict[str, str] = {}
    for name in _LISTS & document.keys():
        value = document[name]
        params[name] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    for name in _TEXTS & document.keys():
        if not isinstance(document[name], str):
            raise BadRequestData(f"{name} is a text.")
        params[name] = document[name]
    if "joinLevel" in document:
        params["joinLevel"] = str(document["joinLevel"])
    return params | _place_params(document.get("geoQ", {}))


def _place_params(place: Any) -> dict[str, str]:
    if not isinstance(place, dict):
        raise BadRequestData("geoQ is an object with georel, geometry and coordinates.")
    params = {name: str(place[name]) for name in ("georel", "geometry", "geoproperty") if name in place}
    if "coordinates" in place:
        coordinates = place["coordinates"]
        params["coordinates"] = coordinates if isinstance(coordinates, str) else writing.text(coordinates)
    return params


def _selector(entity: Mapping[str, Any], context: Context) -> Selector:
    ids = entity.get("id", [])
    kind = entity.get("type", "*")
    pattern = entity.get("idPattern", "")
    if not isinstance(kind, str) or not isinstance(pattern, str):
        raise BadRequestData("entities: type and idPattern are texts.")
    return Selector(
        ids=tuple(names.uri(id_, "entities.id") for id_ in (ids if isinstance(ids, list) else [ids])),
        pattern=pattern,
        types=types.parse(kind, "entities.type").resolve(context.expand),
    )


async def _answer(
    request: Request, exchange: Exchange, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...]
) -> Answer:
    shape = shapes.of(request, context, params)
    join = shapes.join_of(params)
    question = _question(request, context, params, selectors, shape)
    found, warned = await distributed.ask(request, exchange, context, question, params)
    async with exchange.reading() as conn:
        page = await distributed.page(conn, question, found)
        pairs = [(entity, shape) for entity in page.entities]
        if join is not None:
            pairs = await joined(page.entities, shape, join, held(conn, request.tenant))
    headers = [*_paging(request, question, len(page.entities)), *warned]
    if page.count is not None:
        headers.append(("ngsild-results-count", str(page.count)))
    return answer_of(200, writing.collected(pairs, shape), shape, headers)


def _question(
    request: Request, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...], shape: writing.Shape
) -> Question:
    limit = request.number("limit", LIMIT)
    count = request.flag("count")
    if limit > MOST:
        raise TooManyResults(f"limit is at most {MOST}.")
    if limit == 0 and not count:
        raise BadRequestData("limit=0 asks for the number alone; say count=true with it.")
    place = place_of(params, context)
    question = Question(
        tenant=request.tenant,
        selectors=tuple(one for one in selectors if one != Selector()),
        having=shape.attrs if shape.attrs and not shape.members else None,
        q=resolve(q.parse(params["q"]), context.expand, context.expand, _expanded(params)) if "q" in params else None,
        scopes=scopes.parse(params["scopeQ"]) if "scopeQ" in params else None,
        place=place,
        links=join.levels if (join := shapes.join_of(params)) is not None else 0,
        order=order.resolve(order.parse(params["orderBy"]), context.expand) if "orderBy" in params else (),
        limit=limit,
        offset=request.number("offset", 0),
        count=count,
    )
    is_narrow = (
        any(one.types.groups for one in selectors)
        or "type" in params
        or question.having
        or question.q
        or question.place
        or question.scopes
    )
    if not is_narrow and not request.flag("local"):
        raise BadRequestData(
            "The query would give everything: name a type, id, attrs, q, scopeQ or place, or say local=true."
        )
    return question


def _expanded(params: Mapping[str, str]) -> frozenset[str]:
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


def _paging(request: Request, question: Question, found: int) -> Iterable[tuple[str, str]]:
    """Links to the pages before and after (§6.3.10)."""
    if request.method == "POST":
        return
    links = []
    if found == question.limit and found:
        links.append(("next", question.offset + question.limit))
    if question.offset > 0:
        links.append(("prev", max(0, question.offset - question.limit)))
    for relation, offset in links:
        parameters = {**request.params, "limit": str(question.limit), "offset": str(offset)}
        yield "link", f'<{BASE}/entities?{urlencode(parameters)}>; rel="{relation}"; type="application/json"'
