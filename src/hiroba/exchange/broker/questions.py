"""Questions over entities: what both faces and the house's own pages ask, answered a page at a time.

What SQL can decide is decided there, by indexes; what lies where is narrowed by bounding boxes in SQL and settled by exact
geometry here. Pages are stable under writes: the order is by id unless another is asked for.
"""

import asyncio
import math
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final

import asyncpg
import msgspec
import orjson
import re2
from shapely import Point
from shapely.geometry.base import BaseGeometry

from hiroba.base.db import Connection
from hiroba.exchange.broker import people, store
from hiroba.exchange.broker.access import Sight
from hiroba.exchange.broker.errors import BadRequestData, OperationNotSupported, TooManyResults
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import HOME, Entity, Key
from hiroba.exchange.broker.query import geo, ranking
from hiroba.exchange.broker.query.collation import ROOT, Collation, ranks
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.order import By
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.tree import Like, Path, Query
from hiroba.exchange.broker.query.types import Types

MOST: Final = 20_000
"""Entities whose places are looked at one by one."""
MOST_WHOLE: Final = 2_000
"""Of these the first so many are read whole at once, in the hope that the page is among them."""
MOST_RANKED: Final = 100_000
"""Different texts and places that are put in order here where the database cannot."""
BY_PERSON: Final = "e.subject, e.id, e.path"
"""What is people's comes by whose it is: the index over a sector's keys gives that order, and the page ends the walk."""
SPARE: Final = 50
"""Candidates beyond the page, for places that are nearer in metres than in degrees."""


class Selector(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities: by id, by a pattern of ids, by type."""

    ids: tuple[str, ...] = ()
    pattern: str = ""
    types: Types = Types()


class Question(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A question; every name in it is an IRI."""

    tenant: str = HOME
    sight: Sight | None = None
    """Through what people's data are seen; None: only what is nobody's is."""
    selectors: tuple[Selector, ...] = ()
    """Any of these; none: every entity."""
    having: frozenset[str] | None = None
    """At least one of these attributes is there."""
    q: Query | None = None
    links: int = 1
    """How many relationships `q` may follow one after another."""
    scopes: Scopes | None = None
    place: geo.Geo | None = None
    around: tuple[float, float] | None = None
    """Longitude and latitude: by `location`, nearest first, however far the last one is."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north: the bounding box of `location` reaches in there."""
    text: str = ""
    """Every one of these words stands in the names or the address."""
    keys: tuple[Key, ...] | None = None
    """Only these."""
    ids: tuple[str, ...] | None = None
    """Only these, on any path."""
    after: Key | None = None
    """Only those that follow this one by id."""
    owner: str | None = None
    """Only what this organisation owns."""
    order: tuple[By, ...] = ()
    collation: Collation = ROOT
    origin: BaseGeometry | None = None
    """From where `order` measures distances."""
    limit: int = 20
    offset: int = 0
    count: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether it asks for nothing but a type, of which the database knows how many there are."""
        narrowing = (self.having, self.q, self.scopes, self.place, self.box, self.keys, self.ids, self.owner)
        by_id = any(one.ids or one.pattern for one in self.selectors)
        return not by_id and not self.text and all(one is None for one in narrowing)

    @cached_property
    def compiled(self) -> tuple[str, str, tuple[Any, ...]]:
        """The condition on a row `e`, the table it is a row of, and the values that both bind; worked out once."""
        compiler = _compiler(self)
        where = " and ".join(_conditions(compiler, self))
        return where, compiler.table, tuple(compiler.values)


class Page(msgspec.Struct, frozen=True):
    """A page of entities, the number of all where it was asked for, and distances in metres where `near` orders them."""

    entities: list[Entity]
    count: int | None = None
    distances: dict[Key, float] = {}
    more: bool = False
    """Whether entities follow after this page."""


async def answer(conn: Connection, question: Question) -> Page:
    """The page a question asks for."""
    compiler, where = _where(question)
    if question.around is not None:
        return await _nearest(conn, question, compiler, where, question.around)
    if question.place is not None:
        return await _placed(conn, question, question.place, compiler, where)
    count = await store.count(conn, where, compiler.values, table=compiler.table) if question.count else None
    if question.limit == 0:
        return Page([], count)
    joins, order = await _order(conn, question, compiler)
    found = await store.select(
        conn,
        where,
        compiler.values,
        table=compiler.table,
        joins=joins,
        order=order,
        limit=question.limit + 1,
        offset=question.offset,
    )
    return Page(found[: question.limit], count, more=len(found) > question.limit)


async def matching(conn: Connection, question: Question) -> list[Key]:
    """The keys of all that match, in their order."""
    compiler, where = _where(question)
    if question.place is not None:
        hits = await _hits(conn, question.place, compiler, where)
        if not question.order:
            return hits
        return await matching(conn, msgspec.structs.replace(question, place=None, keys=tuple(hits)))
    joins, order = await _order(conn, question, compiler)
    keys = await store.keys(
        conn, where, compiler.values, table=compiler.table, joins=joins, order=order, limit=MOST + 1
    )
    if len(keys) > MOST:
        raise TooManyResults(f"More than {MOST} entities match; narrow it by type, place or q.")
    return keys


async def page_of(conn: Connection, question: Question, keys: Sequence[Key]) -> Page:
    """The page a question asks for, among keys that match it and are in its order."""
    end = question.offset + question.limit
    wanted = keys[question.offset : end]
    found = await _by_keys(conn, question, wanted)
    return Page(
        [found[key] for key in wanted if key in found], len(keys) if question.count else None, more=len(keys) > end
    )


async def _by_keys(conn: Connection, question: Question, keys: Sequence[Key]) -> dict[Key, Entity]:
    """The entities of these keys, as the question's caller sees them."""
    if question.sight is None:
        return await store.entities(conn, keys)
    asked = Question(tenant=question.tenant, sight=question.sight, keys=tuple(keys), limit=len(keys))
    return {entity.key: entity for entity in (await answer(conn, asked)).entities}


async def entities_of(conn: Connection, tenant: str, ids: Collection[str], sight: Sight | None) -> dict[str, Entity]:
    """The entities of these ids, '' before all other paths, as a caller sees them."""
    if sight is None:
        return await store.entities_of(conn, tenant, ids)
    asked = Question(tenant=tenant, sight=sight, ids=tuple(ids), limit=len(ids))
    return {entity.key.id: entity for entity in (await answer(conn, asked)).entities}


async def seen_inside(conn: Connection, tenant: str, id_: str, sight: Sight) -> Entity | None:
    """The entity that lies under this id, as a caller sees it."""
    compiler, where = _where(Question(tenant=tenant, sight=sight))
    where = f"{where} and e.inside = {compiler.bind(id_, 'text')}"
    found = await store.select(conn, where, compiler.values, table=compiler.table)
    return found[0] if found else None


async def subjects(conn: Connection, question: Question) -> list[str]:
    """Everybody of whom something matches, however many pages that is: who counts them looks at each."""
    if question.place is not None:
        found = {key for one in await matching(conn, question) if (key := people.key_of(one.id)) is not None}
        return sorted(found)
    compiler, where = _where(question)
    whose = await store.subjects(conn, where, compiler.values, table=compiler.table, limit=MOST + 1)
    must_be_few(len(whose))
    return whose


async def types(conn: Connection, tenant: str, sight: Sight | None) -> dict[str, int]:
    """Every entity type and how many entities have it."""
    compiler, where = _where(Question(tenant=tenant, sight=sight))
    return await store.types(conn, where, compiler.values, table=compiler.table)


async def attributes(
    conn: Connection, tenant: str, sight: Sight | None, type_: str | None = None, attribute: str | None = None
) -> list[asyncpg.Record]:
    """Per attribute (IRI) what `store.attributes` tells, of all entities or of those of a type."""
    selectors = () if type_ is None else (Selector(types=Types(((type_,),))),)
    compiler, where = _where(Question(tenant=tenant, sight=sight, selectors=selectors))
    return await store.attributes(conn, where, compiler.values, table=compiler.table, attribute=attribute)


def _compiler(question: Question) -> Compiler:
    """A compiler whose statement reads what the question's caller sees."""
    compiler = Compiler(links=question.links)
    if (sight := question.sight) is not None:
        compiler.look_through(
            sight.table(sight.entities, compiler.bind, _whose(question)),
            lambda: sight.table(sight.entities, compiler.bind),
        )
    return compiler


def _whose(question: Question) -> set[str] | None:
    """The people of whom alone a question can be, by the ids it names; None where it names none. It only saves work."""
    if question.keys is not None:
        ids = [key.id for key in question.keys]
    elif question.ids is not None:
        ids = list(question.ids)
    elif question.selectors and all(one.ids for one in question.selectors):
        ids = [id_ for one in question.selectors for id_ in one.ids]
    else:
        return None
    return {key for id_ in ids if (key := people.key_of(id_)) is not None}


def _where(question: Question) -> tuple[Compiler, str]:
    """A compiler that goes on after the question's condition, and the condition."""
    compiler = Compiler(links=question.links)
    where, compiler.table, values = question.compiled
    compiler.values += values
    return compiler, where


def _conditions(compiler: Compiler, question: Question) -> Iterator[str]:
    yield f"e.tenant = {compiler.bind(question.tenant, 'text')}"
    yield "(e.expires is null or e.expires > now())"
    yield compiler.visible("e")
    yield from _among(compiler, question)
    if question.having is not None:
        yield f"e.doc ?| {compiler.bind(sorted(question.having), 'text[]')}"
    if question.q is not None:
        yield compiler.query(question.q)
    if question.scopes is not None:
        yield compiler.scopes(question.scopes)
    if question.place is not None:
        yield compiler.geo(question.place)
    if question.box is not None:
        west, south, east, north = question.box
        yield f"e.geo && {compiler.bind(((east, north), (west, south)), 'box')}"
    for word in question.text.split():
        yield f"e.words ilike {compiler.bind(_contains(word), 'text')}"


def _among(compiler: Compiler, question: Question) -> Iterator[str]:
    """Conditions on which entities come into question at all."""
    if question.selectors:
        yield f"({' or '.join(selected(compiler, selector) for selector in question.selectors)})"
    if question.keys is not None:
        ids, paths = [key.id for key in question.keys], [key.path for key in question.keys]
        among = f"unnest({compiler.bind(ids, 'text[]')}, {compiler.bind(paths, 'text[]')})"
        yield f"(e.id, e.path) in (select * from {among})"  # noqa: S608 - bound
    if question.ids is not None:
        yield f"e.id = any({compiler.bind(list(question.ids), 'text[]')})"
    if question.after is not None:
        yield f"(e.id, e.path) > ({compiler.bind(question.after.id, 'text')}, {compiler.bind(question.after.path, 'text')})"
    if question.owner is not None:
        yield f"e.owner = {compiler.bind(question.owner, 'text')}"


def selected(compiler: Compiler, selector: Selector) -> str:
    """The condition that a selector makes."""
    conditions = []
    if selector.ids:
        conditions.append(f"{compiler.alias}.id = any({compiler.bind(list(selector.ids), 'text[]')})")
    if selector.pattern:
        _check_pattern(selector.pattern)
        conditions.append(compiler.query(Like(Path(("id",)), selector.pattern)))
    if selector.types.groups:
        conditions.append(compiler.types(selector.types))
    return f"({' and '.join(conditions)})" if conditions else "true"


def _check_pattern(pattern: str) -> None:
    try:
        compiled(pattern)
    except re2.error as error:
        raise BadRequestData(f"idPattern is no regular expression that is taken: {error}.") from error


def _contains(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def _nearest(
    conn: Connection, question: Question, compiler: Compiler, where: str, here: tuple[float, float]
) -> Page:
    """The nearest ones: by degrees from the index, enough of them that the nearest in metres are among them, then exactly."""
    around = geo.Geo("near", Point(here), LOCATION, least=-1.0)
    squeezed = max(0.2, math.cos(math.radians(here[1])))
    """How much shorter a degree of longitude is than one of latitude."""
    enough = math.ceil((question.offset + question.limit) / squeezed**2) + SPARE
    where = f"{where} and e.geo is not null"
    count = await store.count(conn, where, compiler.values, table=compiler.table) if question.count else None
    by_degrees = f"e.geo <-> {compiler.bind(here, 'point')}"
    candidates = await store.select(conn, where, compiler.values, table=compiler.table, order=by_degrees, limit=enough)
    away = {entity.key: metres for entity in candidates if (metres := _distance(entity, around)) is not None}
    nearest = sorted((one for one in candidates if one.key in away), key=lambda one: (away[one.key], one.key.id))
    end = question.offset + question.limit
    return Page(nearest[question.offset : end], count, away, more=len(nearest) > end)


async def _placed(conn: Connection, question: Question, place: geo.Geo, compiler: Compiler, where: str) -> Page:
    """Where exact geometry decides."""
    if question.sight is None and not question.count and not question.order:
        page = await _first_placed(conn, question, place, compiler, where)
        if page is not None:
            return page
    enough = None if question.count or question.order else question.offset + question.limit + 1
    hits = await _hits(conn, place, compiler, where, enough)
    if not question.order:
        return await page_of(conn, question, hits)
    page = await answer(conn, msgspec.structs.replace(question, place=None, keys=tuple(hits), count=False))
    away = {one.key: metres for one in page.entities if (metres := _distance(one, place)) is not None}
    count = len(hits) if question.count else None
    return Page(page.entities, count, away if place.relation == "near" else {}, more=page.more)


async def _first_placed(
    conn: Connection, question: Question, place: geo.Geo, compiler: Compiler, where: str
) -> Page | None:
    """The page, if it is among the first candidates, which are read whole: a circle fills most of its box."""
    end = question.offset + question.limit
    most = end + end // 2 + SPARE
    if most > MOST_WHOLE:
        return None
    first = await store.select(conn, where, compiler.values, limit=most)
    hits = [one for one in first if any(map(place.refine, _places(one, place)))]
    if len(hits) <= end and len(first) == most:
        return None
    return Page(hits[question.offset : end], more=len(hits) > end)


async def _hits(
    conn: Connection, place: geo.Geo, compiler: Compiler, where: str, enough: int | None = None
) -> list[Key]:
    """The keys of those that lie as they should, by id; of the first `enough` of them only, where that is given.

    Of the candidates only the places are read.
    """
    candidates = await store.places(
        conn, where, compiler.values, place.geoproperty, table=compiler.table, limit=MOST + 1
    )
    must_be_few(len(candidates))
    return list(islice((key for key, values in candidates if any(map(place.refine, values))), enough))


def must_be_few(number: int) -> None:
    """Nothing, or the problem of more entities than are looked at one by one."""
    if number > MOST:
        raise TooManyResults(f"More than {MOST} entities come into question; narrow it by type, place or q.")


def _distance(entity: Entity, place: geo.Geo) -> float | None:
    """Metres to the nearest of an entity's places."""
    return min((away for value in _places(entity, place) if (away := place.distance(value)) is not None), default=None)


def _places(entity: Entity, place: geo.Geo) -> list[Any]:
    """GeoJSON of the GeoProperty that is asked about."""
    return [instance["value"] for instance in entity.doc.get(place.geoproperty, ()) if "value" in instance]


async def _order(conn: Connection, question: Question, compiler: Compiler) -> tuple[str, str]:
    """What a statement joins and orders by; what the database cannot rank by itself is ranked here and handed over."""
    if not question.order:
        by_id = store.BY_ID if question.is_wide else store.BY_ID_SORTED
        return "", by_id if question.sight is None else BY_PERSON
    ranks = collation = None
    if not all(map(ranking.is_plain, question.order)):
        collation = await _collation(conn, question.collation)
        if collation is None or any(term.distance for term in question.order):
            ranks = compiler.bind(await _ranks(conn, question, by_texts=collation is None), "jsonb")
    joins, order = ranking.ranked(compiler, question.order, ranks, collation)
    return joins, f"{order}, {store.BY_ID_SORTED}"


async def _collation(conn: Connection, wanted: Collation) -> str | None:
    """The name of the database's own collation that is wanted; None where texts are ranked here."""
    found = await store.unicode_collation(conn, wanted.in_database) if wanted.in_database else None
    if found is None and wanted.language:
        raise OperationNotSupported(
            f"Texts cannot be ordered as {wanted.language} does: that takes a PostgreSQL with ICU. The root order is und."
        )
    return found


async def _ranks(conn: Connection, question: Question, *, by_texts: bool) -> str:
    """The places in order of all texts, and the metres to all places, that come into question (JSON)."""
    compiler, where = _where(question)
    table = ranking.unranked(compiler, question.order)
    found = await store.unranked(conn, table, where, compiler.values, table=compiler.table, limit=MOST_RANKED + 1)
    if len(found) > MOST_RANKED:
        raise TooManyResults(f"More than {MOST_RANKED} texts or places would be put in order; narrow the query.")
    texts = [text for text, is_place in found if by_texts and not is_place]
    places = [text for text, is_place in found if is_place]
    return await asyncio.to_thread(_ranked, texts, places, question)


def _ranked(texts: list[str], places: list[str], question: Question) -> str:
    known: dict[str, float] = dict(ranks(texts, question.collation))
    if question.origin is not None:
        measured = ((place, geo.far(question.origin, orjson.loads(place))) for place in places)
        known |= {place: away for place, away in measured if away is not None}
    return orjson.dumps(known).decode()
