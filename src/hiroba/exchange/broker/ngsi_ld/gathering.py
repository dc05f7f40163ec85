"""The past put together from here and from context sources (CIM 009 §5.7.3.4, §5.7.4.4)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.evolution_writing import Past
from hiroba.exchange.broker.errors import BadRequestData, TooManyResults
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import narrowing, pasts, queries
from hiroba.exchange.broker.federation.queries import PASTS, Wish
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.history import aggregates, merging, questions
from hiroba.exchange.broker.history.aggregates import Aggregation
from hiroba.exchange.broker.history.model import SCOPE
from hiroba.exchange.broker.history.questions import PastQuestion, Wanted
from hiroba.exchange.broker.history.store.reading import Head, Row, Rows
from hiroba.exchange.broker.maps.model import HERE, EntityMap
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld import distributed
from hiroba.exchange.broker.ngsi_ld.distributed import Headers
from hiroba.exchange.broker.ngsi_ld.http import Request
from hiroba.exchange.broker.query import q
from hiroba.exchange.broker.query.match import Subject, matches
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.temporal import Temporal
from hiroba.exchange.broker.questions import MOST, Question, Selector, must_be_few

MOST_INSTANCES: Final = 100_000
"""Instances that are looked at one by one."""
AT_ONCE: Final = 100
"""Entities that are put together at once where all are wanted."""
MOST_PARTS: Final = 100
"""Parts of an answer that a source is asked for one after the other, where all of it is needed."""
_PERIOD: Final = ("timerel", "timeAt", "endTimeAt", "timeproperty")


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Pasts, and what the answer says of them."""

    pasts: list[Past]
    range: Sequence[datetime] = ()
    """The times of all instances, where they are a part only."""
    count: int | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the instances."""

    wanted: Wanted
    aggregation: Aggregation | None = None
    most: int = 0
    """Instances of an answer; 0: all there are."""

    @property
    def whole(self) -> bool:
        """Whether all instances are needed, not a part of them first."""
        return self.aggregation is not None or not self.most


Deleted = Mapping[str, datetime]
"""When an entity was deleted, by its id."""


async def of_one(
    request: Request,
    exchange: Exchange,
    context: Context,
    selector: Selector,
    terms: Terms,
    *,
    known: EntityMap | None = None,
) -> tuple[Found, Headers]:
    """What sources have of the past of one entity; a map that is known says which of them."""
    if distributed.is_local(request, exchange):
        return Found(), []
    whole = terms.whole
    asked = Question(tenant=request.tenant, selectors=(selector,))
    wish = _wish(asked, terms.wanted, _names(terms.wanted), request.params, whole=whole)
    if known is not None:
        wish = replace(wish, only=known.elsewhere(selector.ids), linked=known.linked)
    federation, origin = exchange.federation, distributed.origin(request, context)
    found = await _whole(lambda one: pasts.retrieve(federation, origin, one), wish, whole=whole)
    return found, found.headers(federation.identity.alias(request.tenant))


async def of_many(
    request: Request,
    exchange: Exchange,
    context: Context,
    question: PastQuestion,
    params: Mapping[str, str],
    *,
    terms: Terms,
    known: EntityMap | None = None,
) -> tuple[Found, Headers]:
    """What sources have of the pasts a query asks for; a map that is known says which of them."""
    if distributed.is_local(request, exchange) or params.get("type") == "*":
        return Found(), []
    whole = terms.whole
    is_split = distributed.is_spread(request, params)
    asked = Question(
        tenant=request.tenant,
        selectors=question.selectors,
        having=None if is_split else question.having,
        q=None if is_split else question.q,
        scopes=question.scopes,
        place=question.place,
        limit=question.limit,
        offset=question.offset,
        count=question.count,
    )
    names = None if is_split else question.having or _names(question.wanted)
    wish = _wish(replace(asked, having=names), question.wanted, names, params, whole=whole or is_split)
    csf = resolve(q.parse(params["csf"], "csf"), context.expand, context.expand) if "csf" in params else None
    wish = replace(
        wish,
        said={} if is_split else distributed.said(params),
        attributes=question.having,
        datasets=question.wanted.datasets,
        csf=csf,
        maps=params.get("entityMap") == "true",
    )
    if is_split:
        wish = replace(wish, question=replace(wish.question, scopes=None, place=None))
    if known is not None:
        window = known.entries if is_split else known.window(question.offset, question.limit)
        wish = replace(wish, only=known.elsewhere(window), linked=known.linked, maps=False)
    federation, origin = exchange.federation, distributed.origin(request, context)
    found = await _whole(lambda one: queries.query(federation, origin, one), wish, whole=whole or is_split)
    if found.matches and question.descending:
        raise BadRequestData("Entities can be ordered only where all of them are held: say local=true (§5.7.4.4).")
    return replace(found, is_split=is_split), found.headers(federation.identity.alias(request.tenant))


def _names(wanted: Wanted) -> frozenset[str] | None:
    return None if wanted.names is None else wanted.names - {SCOPE} or None


def _wish(
    question: Question, wanted: Wanted, names: frozenset[str] | None, params: Mapping[str, str], *, whole: bool
) -> Wish:
    """What sources are asked: the period, and of it the last instances where the last of all are among the last of each."""
    more = tuple((name, params[name]) for name in _PERIOD if name in params)
    if wanted.last is not None and wanted.datasets is None and not whole:
        more = (*more, ("lastN", str(wanted.last)))
    asked = wanted.period
    period = Temporal(asked.start, asked.end, asked.timeproperty or "observedAt") if asked.start or asked.end else None
    return Wish(
        kind=PASTS, question=question, period=period, more=more, attributes=names, datasets=wanted.datasets
    )  # fmt: skip


async def _whole(ask: Callable[[Wish], Awaitable[Found]], wish: Wish, *, whole: bool) -> Found:
    """What sources answer; where all is needed they are asked on from where parts of answers end."""
    found = newest = await ask(wish)
    for _ in range(MOST_PARTS):
        if not (whole and newest.edges):
            return found
        edges = [edge for text in newest.edges if (edge := merging.edge(text)) is not None]
        if not edges:
            break
        newest = await ask(replace(wish, more=_from(min(edges), wish.more)))
        found = replace(
            found,
            equal=(*found.equal, *newest.equal),
            auxiliary=(*found.auxiliary, *newest.auxiliary),
            warned=(*found.warned, *newest.warned),
            edges=newest.edges,
        )
    raise TooManyResults("The sources have more instances than are looked at one by one; ask for a shorter time.")


def _from(start: datetime, more: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same period from a later moment on."""
    said = dict(more)
    end = said.get("endTimeAt") or (said["timeAt"] if said.get("timerel") == "before" else "")
    later = {**said, "timerel": "between" if end else "after", "timeAt": clock.iso(start)}
    return tuple((later | {"endTimeAt": end} if end else later).items())


async def recorded(
    conn: Connection, heads: Sequence[Head], found: Found, terms: Terms
) -> tuple[list[Entity], list[datetime]]:
    """These entities as they are recorded here, put together with what sources told; and how far in time that reaches."""
    wanted = terms.wanted
    if terms.aggregation is not None:
        return await _together(conn, heads, found, replace(wanted, last=None)), []
    rows = await questions.instances(conn, list(heads), wanted, terms.most)
    edges = [edge for text in found.edges if (edge := merging.edge(text)) is not None]
    if rows.partial:
        times = [row.time for row in rows.rows]
        edges.append(min(times) if wanted.last is not None else max(times))
    return _merged(_versions(heads, rows), found, wanted), edges


async def filtered(conn: Connection, question: PastQuestion, found: Found) -> tuple[list[Entity], int]:
    """A page of split entities: all of them put together, then asked what the query asks; and how many there are (§5.7.4.4)."""
    everything = replace(bare(question, found), limit=MOST + 1, offset=0, count=False)
    heads = (await questions.entities(conn, everything)).heads
    must_be_few(len(heads))
    entities = await _together(conn, heads, found, Wanted(period=question.wanted.period))
    fitting = [one for each in entities if (one := _fulfilling(each, question)) is not None]
    page_ = fitting[question.offset : question.offset + question.limit]
    return _merged(page_, Found(), question.wanted), len(fitting)


def shown(entities: Sequence[Entity], terms: Terms, edges: Sequence[datetime], deleted: Deleted) -> Gathered:
    """Entities that are put together, as they are asked for: aggregated, or about so many of their instances."""
    period, aggregation = terms.wanted.period, terms.aggregation
    if aggregation is not None:
        made = [(one, aggregates.of_entity(one, terms.wanted, aggregation)) for one in entities]
        return Gathered(pasts=[Past(head=_bare(one), series=series) for one, series in made])
    chosen, is_part = _cut(entities, terms, edges)
    return Gathered(
        pasts=[
            Past(head=_bare(one), deleted=deleted.get(one.key.id), series=merging.series(one, period)) for one in chosen
        ],
        range=[time for one in chosen for time in merging.times(one, period)] if is_part else [],
    )


def deleted(heads: Iterable[Head], found: Found) -> Deleted:
    """When the entities were deleted that nobody else has."""
    elsewhere = {one.key.id for one in (*found.equal, *found.auxiliary)}
    return {head.key.id: head.deleted for head in heads if head.deleted is not None and head.key.id not in elsewhere}


async def _together(conn: Connection, heads: Sequence[Head], found: Found, wanted: Wanted) -> list[Entity]:
    """Everything of these entities, or the problem that it is too much."""
    rows = await questions.instances(conn, list(heads), wanted, MOST_INSTANCES)
    if rows.partial:
        raise TooManyResults(f"More than {MOST_INSTANCES} instances come into question; ask for a shorter time.")
    return _merged(_versions(heads, rows), found, wanted)


def _versions(heads: Iterable[Head], rows: Rows) -> list[Entity]:
    mine: dict[Key, list[Row]] = {}
    for row in rows.rows:
        mine.setdefault(row.key, []).append(row)
    return [merging.version(head, mine.get(head.key, ())) for head in heads]


def _merged(own: Iterable[Entity], found: Found, wanted: Wanted) -> list[Entity]:
    """All entities by id, each of all its versions; those of which nothing is left are left out."""
    kept = [one for entity in own if (one := narrowing.kept(entity, found.matches)) is not None]
    equal, auxiliary = merging.by_id([*kept, *found.equal]), merging.by_id(found.auxiliary)
    made = (merging.merged(equal.get(id_, ()), auxiliary.get(id_, ()), wanted) for id_ in sorted({*equal, *auxiliary}))
    return [one for one in made if one is not None and (one.doc or wanted.names == frozenset())]


def _cut(entities: Sequence[Entity], terms: Terms, edges: Sequence[datetime]) -> tuple[list[Entity], bool]:
    """The part of time of which everything is known, and of it about `most` instances; whether it is a part (§6.3.10)."""
    wanted, most = terms.wanted, terms.most
    backward = wanted.last is not None
    found = list(entities)
    if edges:
        found = _until(found, wanted, max(edges) if backward else min(edges))
    found = [merging.last(one, wanted.last) for one in found]
    times = sorted((time for one in found for time in merging.times(one, wanted.period)), reverse=backward)
    if len(times) <= most:
        return found, bool(edges)
    inside = [time for time in times[:most] if time != times[most]]
    return _until(found, wanted, inside[-1] if inside else times[most]), True


def _until(entities: Iterable[Entity], wanted: Wanted, edge: datetime) -> list[Entity]:
    """What of them lies on this side of a moment: after it where the last instances are asked for, else before it."""
    if wanted.last is not None:
        return [merging.within(one, wanted.period, since=edge) for one in entities]
    return [merging.within(one, wanted.period, until=edge) for one in entities]


def _fulfilling(entity: Entity, question: PastQuestion) -> Entity | None:
    """The entity where it meets the filters of a query, and what of it was in the scopes that are asked for."""
    made = entity
    if question.scopes is not None:
        inside = merging.in_scopes(entity, question.scopes, question.wanted.period)
        if inside is None:
            return None
        made = inside
    doc = merging.present(made)
    if question.having is not None and question.having.isdisjoint(made.doc):
        return None
    subject = Subject(
        id=made.key.id, types=made.types, scopes=(), doc=doc, created=made.created, modified=made.modified
    )
    if question.q is not None and not matches(question.q, subject):
        return None
    return made if question.place is None or question.place.matches(doc) else None


def _bare(entity: Entity) -> Entity:
    return replace(entity, doc={}, scopes=())


async def gathered(conn: Connection, heads: Sequence[Head], found: Found, terms: Terms) -> Gathered:
    """These entities as they are recorded here and as sources told of them, in the form that is asked for."""
    entities, edges = await recorded(conn, heads, found, terms)
    return shown(entities, terms, edges, deleted(heads, found))


async def page(
    conn: Connection, question: PastQuestion, found: Found, terms: Terms, known: EntityMap | None
) -> Gathered:
    """A page of entities, put together from here and from what sources gave; `known` says which it has."""
    if found.is_split:
        if known is not None:
            question, found = replace(question, ids=tuple(known.here)), _of(found, set(known.entries))
        entities, number = await filtered(conn, question, found)
        return replace(shown(entities, terms, [], {}), count=number if question.count else None)
    if known is not None and known.is_spread:
        window = set(known.window(question.offset, question.limit))
        here = tuple(sorted(id_ for id_ in window if HERE in known.entries[id_]))
        heads = (await questions.entities(conn, replace(question, ids=here, offset=0, count=False))).heads
        made = await gathered(conn, heads, _of(found, window), terms)
        return replace(made, count=len(known.entries) if question.count else None)
    enough = question.offset + question.limit
    must_be_few(enough)
    held = await questions.entities(conn, replace(question, limit=enough, offset=0))
    theirs = {one.key.id for one in (*found.equal, *found.auxiliary)}
    ids = sorted({head.key.id for head in held.heads} | theirs)
    chosen = set(ids[question.offset : enough])
    heads = [head for head in held.heads if head.key.id in chosen]
    made = await gathered(conn, heads, _of(found, chosen), terms)
    if not question.count:
        return made
    both = await questions.entities(conn, replace(question, ids=tuple(theirs), limit=0, count=True))
    number = (held.count or 0) + (len(theirs) if found.is_complete else found.total) - (both.count or 0)
    return replace(made, count=number)


async def everything(exchange: Exchange, question: PastQuestion, found: Found) -> AsyncIterator[list[Entity]]:
    """All pasts a query asks for, here and as sources told of them, some at a time (§5.16.1)."""
    async with exchange.reading() as conn:
        if found.is_split and found.matches:
            yield (await filtered(conn, replace(question, limit=MOST, offset=0), found))[0]
            return
        here = {key.id for key in await questions.matching(conn, question)}
    ids = sorted(here.union(one.key.id for one in (*found.equal, *found.auxiliary)))
    for start in range(0, len(ids), AT_ONCE):
        chunk = set(ids[start : start + AT_ONCE])
        narrow = replace(question, ids=tuple(chunk & here), limit=AT_ONCE, offset=0, count=False)
        async with exchange.reading() as conn:
            heads = (await questions.entities(conn, narrow)).heads
            entities = await _together(conn, heads, _of(found, chunk), question.wanted)
        yield [merging.last(one, question.wanted.last) for one in entities]


def bare(question: PastQuestion, found: Found) -> PastQuestion:
    """The question, without the filters that only a whole entity can answer where entities may be split."""
    if not (found.is_split and found.matches):
        return question
    return replace(question, having=None, q=None, scopes=None, place=None)


def _of(found: Found, ids: set[str]) -> Found:
    """Of what sources told, that of these entities."""
    return replace(
        found,
        equal=tuple(one for one in found.equal if one.key.id in ids),
        auxiliary=tuple(one for one in found.auxiliary if one.key.id in ids),
    )
