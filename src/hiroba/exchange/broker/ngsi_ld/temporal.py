"""The past as it is read: temporal evolutions of one entity or many, by GET and by POST (CIM 009 §6.18, §6.19, §6.24)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args
from urllib.parse import urlencode

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.access import Sight
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import evolution_writing
from hiroba.exchange.broker.documents.evolution_writing import Moment, Past, Series, TemporalFormat
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.history import aggregates, periods, questions
from hiroba.exchange.broker.history.aggregates import Aggregation
from hiroba.exchange.broker.history.model import INSTANCE_PREFIX, SCOPE
from hiroba.exchange.broker.history.questions import PastQuestion, Period, Wanted
from hiroba.exchange.broker.history.store.reading import Head, Row, Rows
from hiroba.exchange.broker.maps.model import HERE, EntityMap, id_in
from hiroba.exchange.broker.model import Entity, Key, dataset
from hiroba.exchange.broker.ngsi_ld import bodies, gathering, maps, shapes
from hiroba.exchange.broker.ngsi_ld.entities import BASE, answer_of, key_of
from hiroba.exchange.broker.ngsi_ld.gathering import Terms
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, words
from hiroba.exchange.broker.ngsi_ld.pages import window
from hiroba.exchange.broker.ngsi_ld.queries import expanded, is_local, place_of, selected, selector_of
from hiroba.exchange.broker.query import order, q, scopes, temporal, types
from hiroba.exchange.broker.query.names import attributes, resolve
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS
from hiroba.exchange.broker.questions import Selector

BESIDE: Final = frozenset({"limit", "offset", "count", "options", "format", "sysAttrs", "local", "splitEntities"})
"""What may be said in the address of a query by POST, beside its document."""
OF_ONE: Final = frozenset({
    "aggrMethods", "aggrPeriodDuration", "attrs", "datasetId", "endTimeAt", "entityMap", "entityMapLifetime", "format", "lang",
    "lastN", "local", "omit", "options", "pick", "sysAttrs", "timeAt", "timeproperty", "timerel", "type",
})  # fmt: skip
"""What may be asked of the evolution of one entity (table 6.19.3.1-1)."""
PARAMETERS: Final = OF_ONE | BESIDE | frozenset({
    "collation", "coordinates", "csf", "expandValues", "geometry", "geoproperty", "georel", "id", "idPattern", "jsonKeys",
    "orderBy", "q", "scopeQ",
})  # fmt: skip
"""What may be asked of the evolutions of many (table 6.18.3.2-1)."""
_FORMATS: Final = frozenset(get_args(TemporalFormat)) - {"instances"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request wants of the instances, and in which form."""

    shape: Shape
    format: TemporalFormat
    wanted: Wanted
    aggregation: Aggregation | None = None

    def terms(self, exchange: Exchange) -> Terms:
        """The same for what is put together."""
        return Terms(wanted=self.wanted, aggregation=self.aggregation, most=exchange.temporal_page)


async def retrieve(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Retrieve the temporal evolution of an entity (§5.7.3)."""
    key = key_of(request, id_)
    context = await request.context()
    asked = asked_of(request, context, request.params)
    known = await maps.named(request, exchange)
    kinds = types.parse(request.params.get("type", "*")).resolve(context.expand)
    found, warned = await gathering.of_one(
        request, exchange, context, Selector(ids=(id_,), types=kinds), asked.terms(exchange), known=known
    )
    async with exchange.reading() as conn:
        head = await questions.head(conn, key, request.admitted.sight)
        if head is None and not found.matches:
            raise ResourceNotFound(f"Nothing is recorded of {id_}.", headers=warned)
        if head is not None and not found.matches and (chosen := request.params.get("type")):
            shapes.must_have_type(_entity(head), chosen, context)
        heads = [head] if head is not None and kinds.matches(head.types) else []
        pasts, headers = await _pasts(conn, exchange, heads, found, asked, sight=request.admitted.sight)
    _tell(request, pasts, asked.shape)
    document = {}
    if pasts and (pasts[0].series or asked.wanted.names == frozenset()):
        document = evolution_writing.write(pasts[0], asked.shape, asked.format, asked.wanted.period.timeproperty)
    if not document:
        raise ResourceNotFound(f"Nothing of what was asked for is recorded of {id_}.", headers=warned)
    status = 206 if headers else 200
    entity_map = known
    if entity_map is None and maps.is_wanted(request, request.params):
        entity_map = await maps.kept(request, exchange, request.params, _entries([id_] if heads else [], found))
    if entity_map is not None:
        headers.append((maps.HEADER, entity_map.location))
    return answer_of(status, document | _context(asked.shape), asked.shape, [*headers, *warned])


async def query(request: Request, exchange: Exchange) -> Answer:
    """Query the temporal evolution of entities (§5.7.4)."""
    context = await request.context()
    return await _answer(request, exchange, context, request.params, (selected(request, context),))


async def query_by_post(request: Request, exchange: Exchange) -> Answer:
    """Query the temporal evolution of entities by a Query document (§5.7.4, §5.2.23)."""
    return await _answer(request, exchange, *await _document(request))


async def entity_map(request: Request, exchange: Exchange) -> Answer:
    """Create an entity map of what has instances in a period (§5.14.5)."""
    context = await request.context()
    return await _map(request, exchange, context, request.params, (selected(request, context),))


async def entity_map_by_post(request: Request, exchange: Exchange) -> Answer:
    """The same by a Query document."""
    return await _map(request, exchange, *await _document(request))


async def _document(request: Request) -> tuple[Context, Mapping[str, str], tuple[Selector, ...]]:
    """What a Query document asks: its context, its parameters with those of the address, its selectors."""
    document, context = await request.document()
    params, entities = bodies.read(document, over_time=True)
    return context, {**request.params, **params}, tuple(selector_of(entity, context) for entity in entities)


async def _map(
    request: Request, exchange: Exchange, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...]
) -> Answer:
    asked = asked_of(request, context, params)
    question = question_of(request, context, params, selectors, asked)
    mapped = {**params, "entityMap": "true"}
    found, _ = await gathering.of_many(request, exchange, context, question, mapped, terms=asked.terms(exchange))
    return maps.created(await _made(request, exchange, params, question, found))


async def _made(
    request: Request, exchange: Exchange, params: Mapping[str, str], question: PastQuestion, found: Found
) -> EntityMap:
    """A new map of everything that matches, here and at sources (§5.14.5)."""
    async with exchange.reading() as conn:
        here = [key.id for key in await questions.matching(conn, gathering.bare(question, found))]
    linked = {registration: id_in(location) for registration, location in found.maps.items()}
    return await maps.kept(request, exchange, params, _entries(here, found), linked)


def _entries(here: Iterable[str], found: Found) -> dict[str, list[str]]:
    """Where each entity lies."""
    entries = {id_: [HERE] for id_ in here}
    for id_, registrations in found.origins.items():
        entries.setdefault(id_, []).extend(registrations)
    return entries


async def _answer(
    request: Request, exchange: Exchange, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...]
) -> Answer:
    asked = asked_of(request, context, params)
    question = question_of(request, context, params, selectors, asked)
    known = await maps.named(request, exchange)
    found, warned = await gathering.of_many(
        request, exchange, context, question, params, terms=asked.terms(exchange), known=known
    )
    entity_map = known
    if known is None and maps.is_wanted(request, params):
        entity_map = await _made(request, exchange, params, question, found)
    if entity_map is not None and not (entity_map.is_spread and found.matches):
        question = msgspec.structs.replace(question, ids=tuple(entity_map.here))
    async with exchange.reading() as conn:
        if found.matches:
            page = await gathering.page(conn, question, found, asked.terms(exchange), entity_map)
            pasts, count = page.pasts, page.count
            headers = [("content-range", _range(page.range, asked.wanted))] if page.range else []
        else:
            held = await questions.entities(conn, question)
            pasts, headers = await _pasts(conn, exchange, held.heads, found, asked, sight=question.sight)
            count = held.count
        _tell(request, pasts, asked.shape)
        if question.sight is not None and question.count:
            request.tells_of(await questions.people_of(conn, question), "counted")
    status = 206 if headers else 200
    if entity_map is not None:
        headers.append((maps.HEADER, entity_map.location))
        status = status if known is not None else 201
    if count is not None:
        headers.append(("ngsild-results-count", str(count)))
    headers += [*_links(request, question, len(pasts)), *warned]
    written = [
        evolution_writing.write(past, asked.shape, asked.format, asked.wanted.period.timeproperty)
        | _context(asked.shape)
        for past in pasts
    ]
    return answer_of(status, written, asked.shape, headers)


def question_of(
    request: Request, context: Context, params: Mapping[str, str], selectors: tuple[Selector, ...], asked: Asked
) -> PastQuestion:
    """The question of a request over time (§5.7.4.4), or what is wrong with it."""
    if "timerel" not in params:
        raise BadRequestData("A query over time says when: timerel=before, after or between, with timeAt.")
    page = window(request)
    tree = None
    if "q" in params:
        tree = resolve(q.parse(params["q"]), context.expand, context.expand, expanded(params))
    if "csf" in params:
        q.parse(params["csf"], "csf")
    question = PastQuestion(
        tenant=request.tenant,
        sight=request.admitted.sight,
        selectors=tuple(one for one in selectors if one != Selector()),
        having=asked.wanted.names - {SCOPE} if "attrs" in params and asked.wanted.names is not None else None,
        q=tree,
        scopes=scopes.parse(params["scopeQ"]) if "scopeQ" in params else None,
        place=place_of(params, context),
        wanted=asked.wanted,
        limit=page.limit,
        offset=page.offset,
        count=page.count,
        descending=_descending(params),
    )
    by_q = tree is not None and any(name not in ENTITY_MEMBERS for name in attributes(tree))
    is_narrow = by_q or "attrs" in params or question.place is not None or any(one.types.groups for one in selectors)
    if not is_narrow and not is_local(request, params, selectors):
        raise BadRequestData("The query would give everything: name a type, attrs, q or a place, or say local=true.")
    return question


def _descending(params: Mapping[str, str]) -> bool:
    """Whether the order is by id, the last one first: no other order is there over time (§5.7.4.4)."""
    if "orderBy" not in params:
        return False
    (first, *others) = order.parse(params["orderBy"])
    if others or first.path.names != ("id",) or first.distance:
        raise BadRequestData("orderBy: entities over time are ordered by id only.")
    return first.descending


def asked_of(request: Request, context: Context, params: Mapping[str, str]) -> Asked:
    """What a request wants of the instances."""
    format_, plain = _format(request, params)
    shape = shapes.of(request, context, plain, also=_FORMATS)
    wanted = Wanted(
        period=_period(params),
        names=_names(shape),
        omitted=shape.omit | ({SCOPE} if SCOPE in shape.hidden or format_ == "aggregatedValues" else set()),
        datasets=shape.datasets,
        last=_last(params),
    )
    aggregation = None
    if format_ == "aggregatedValues":
        aggregation = Aggregation(
            methods=aggregates.methods(words(params, "aggrMethods")),
            length=periods.duration(params.get("aggrPeriodDuration", "PT0S")),
        )
    return Asked(shape=shape, format=format_, wanted=wanted, aggregation=aggregation)


def _format(request: Request, params: Mapping[str, str]) -> tuple[TemporalFormat, Mapping[str, str]]:
    """The temporal form, and the parameters without it; format weighs more than options (§6.3.12)."""
    plain = {name: value for name, value in params.items() if name != "format"}
    named = [word for word in request.options if word in _FORMATS]
    asked = params.get("format", "") or (named[0] if named else "")
    if "format" not in params and len(named) > 1:
        raise BadRequestData("options has temporalValues or aggregatedValues, not both.")
    if asked == "temporalValues":
        return "temporalValues", plain
    if asked == "aggregatedValues":
        return "aggregatedValues", plain
    if asked not in {"", "normalized", "concise"}:
        raise InvalidRequest(f"format over time is temporalValues or aggregatedValues, not {asked!r}.")
    return "instances", params


def _period(params: Mapping[str, str]) -> Period:
    timeproperty = params.get("timeproperty", "")
    if "timerel" in params:
        asked = temporal.parse(
            params["timerel"], params.get("timeAt", ""), params.get("endTimeAt", ""), timeproperty or "observedAt"
        )
        return Period(timeproperty=asked.timeproperty, start=asked.start, end=asked.end)
    if "timeAt" in params or "endTimeAt" in params:
        raise BadRequestData("timeAt says when; timerel=before, after or between says how it is meant.")
    if timeproperty:
        return Period(timeproperty=temporal.parse("before", "2000-01-01T00:00:00Z", "", timeproperty).timeproperty)
    return Period()


def _last(params: Mapping[str, str]) -> int | None:
    text = params.get("lastN")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:  # noqa: PLR2004 - more is not kept
        raise BadRequestData(f"lastN is a whole number, at least 1, not {text[:30]!r}.")
    return int(text)


def _names(shape: Shape) -> frozenset[str] | None:
    if shape.attrs is None:
        return None
    shows_scope = shape.members is None or SCOPE in shape.members
    return shape.attrs | ({SCOPE} if shows_scope else set())


async def _pasts(
    conn: Connection, exchange: Exchange, heads: list[Head], found: Found, asked: Asked, *, sight: Sight | None
) -> tuple[list[Past], list[tuple[str, str]]]:
    """The pasts of these entities, and the header of a part where there is more of them than one answer holds."""
    if found.matches:
        told = await gathering.gathered(conn, heads, found, asked.terms(exchange))
        return told.pasts, [("content-range", _range(told.range, asked.wanted))] if told.range else []
    made: dict[Key, list[Series]] = {head.key: [] for head in heads}
    headers: list[tuple[str, str]] = []
    if asked.aggregation is not None:
        made |= await aggregates.aggregate(conn, heads, asked.wanted, asked.aggregation, sight)
    elif asked.wanted.names != frozenset():
        rows = await questions.instances(conn, heads, asked.wanted, exchange.temporal_page, sight)
        for key, series in _series(rows).items():
            made[key] = series
        if rows.partial:
            headers.append(("content-range", _range([row.time for row in rows.rows], asked.wanted)))
    return [Past(head=_entity(head), deleted=head.deleted, series=made[head.key]) for head in heads], headers


def _tell(request: Request, pasts: Sequence[Past], shape: Shape) -> None:
    """Say of whose past the answer tells, and which of its attributes."""
    whole = msgspec.structs.replace(shape, attrs=None, omit=frozenset())
    request.tells(
        (msgspec.structs.replace(past.head, doc={series.name: [] for series in past.series}), whole) for past in pasts
    )


def _series(rows: Rows) -> dict[Key, list[Series]]:
    """Rows in the order of time as series; a series that has none on this page is there all the same."""
    moments: dict[tuple[Key, str, str, str], list[Moment]] = {}
    for row in rows.rows:
        moments.setdefault((row.key, row.name, row.value["type"], dataset(row.value)), []).append(_moment(row))
    shown = {(key, name) for key, name, _, _ in moments}
    found: dict[Key, list[Series]] = {}
    for key, name in sorted(rows.named - shown):
        found.setdefault(key, []).append(Series(name=name))
    for (key, name, kind, dataset_), mine in moments.items():
        found.setdefault(key, []).append(Series(name=name, type=kind, dataset=dataset_, moments=mine))
    return found


def _moment(row: Row) -> Moment:
    return Moment(
        instance=INSTANCE_PREFIX + row.instance,
        time=row.time,
        created=row.created,
        modified=row.modified or row.at,
        deleted=row.deleted,
        value=row.value,
    )


def _entity(head: Head) -> Entity:
    return Entity(
        key=head.key,
        subject=head.subject,
        types=head.types,
        doc={},
        created=head.created,
        modified=head.modified or head.created,
    )


def _range(times: Sequence[datetime], wanted: Wanted) -> str:
    """Content-Range of a part: from where to where in time, and of how many (§6.3.10)."""
    asked = wanted.period
    times = [time for time in times if asked.start is None or time >= asked.start]
    first, last = min(times), max(times)
    if wanted.last is not None:
        return f"date-time {clock.iso(asked.end or last)}-{clock.iso(first)}/{wanted.last}"
    return f"date-time {clock.iso(asked.start or first)}-{clock.iso(last)}/*"


def _context(shape: Shape) -> dict[str, Any]:
    return {"@context": shape.context.source} if shape.with_context else {}


def _links(request: Request, question: PastQuestion, found: int) -> Iterable[tuple[str, str]]:
    """Links to the pages of entities before and after (§6.3.10)."""
    if request.method == "POST":
        return
    pages = [("next", question.offset + question.limit)] if found == question.limit and found else []
    if question.offset > 0:
        pages.append(("prev", max(0, question.offset - question.limit)))
    for relation, offset in pages:
        parameters = {**request.params, "limit": str(question.limit), "offset": str(offset)}
        yield "link", f'<{BASE}/temporal/entities?{urlencode(parameters)}>; rel="{relation}"; type="{request.accepts}"'
