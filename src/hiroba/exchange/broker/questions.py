"""Questions over entities: what both faces and the house's own pages ask, answered a page at a time.

What SQL can decide is decided there, by indexes; what lies where is narrowed by bounding boxes in SQL and settled by exact
geometry here. Pages are stable under writes: the order is by id unless another is asked for.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyuca
import re2
from shapely import Point

from hiroba.base.db import Connection
from hiroba.exchange.broker import store
from hiroba.exchange.broker.errors import BadRequestData, TooManyResults
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import HOME, Entity, Key
from hiroba.exchange.broker.query import geo
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.match import Subject, matches
from hiroba.exchange.broker.query.order import By, in_order
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.tree import Like, Path, Query
from hiroba.exchange.broker.query.types import Types

MOST: Final = 20_000
"""Entities that are looked at one by one when SQL alone cannot decide or order them."""


SPARE: Final = 50
"""Candidates beyond the page, for places that are nearer in metres than in degrees."""


class Selector(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities: by id, by a pattern of ids, by type."""

    ids: tuple[str, ...] = ()
    pattern: str = ""
    types: Types = Types()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question; every name in it is an IRI."""

    tenant: str = HOME
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
    order: tuple[By, ...] = ()
    limit: int = 20
    offset: int = 0
    count: bool = False


class Page(msgspec.Struct, frozen=True):
    """A page of entities, the number of all where it was asked for, and distances in metres where `near` orders them."""

    entities: list[Entity]
    count: int | None = None
    distances: dict[Key, float] = {}


async def answer(conn: Connection, question: Question) -> Page:
    """The page a question asks for."""
    compiler, where = _where(question)
    if question.around is not None:
        return await _nearest(conn, question, compiler, where, question.around)
    if question.place is not None or question.order:
        return await _looked_at(conn, question, compiler, where)
    count = await store.count(conn, where, compiler.values) if question.count else None
    if question.limit == 0:
        return Page([], count)
    found = await store.select(conn, where, compiler.values, limit=question.limit, offset=question.offset)
    return Page(found, count)


def _where(question: Question) -> tuple[Compiler, str]:
    compiler = Compiler(links=question.links)
    conditions = [
        f"e.tenant = {compiler.bind(question.tenant, 'text')}",
        "(e.expires is null or e.expires > now())",
    ]
    if question.selectors:
        conditions.append(f"({' or '.join(_selected(compiler, selector) for selector in question.selectors)})")
    if question.having is not None:
        conditions.append(f"e.doc ?| {compiler.bind(sorted(question.having), 'text[]')}")
    if question.q is not None:
        conditions.append(compiler.query(question.q))
    if question.scopes is not None:
        conditions.append(compiler.scopes(question.scopes))
    if question.place is not None:
        conditions.append(compiler.geo(question.place))
    if question.box is not None:
        west, south, east, north = question.box
        conditions.append(f"e.geo && {compiler.bind(((east, north), (west, south)), 'box')}")
    conditions += [f"e.words ilike {compiler.bind(_contains(word), 'text')}" for word in question.text.split()]
    return compiler, " and ".join(conditions)


def _selected(compiler: Compiler, selector: Selector) -> str:
    conditions = []
    if selector.ids:
        conditions.append(f"e.id = any({compiler.bind(list(selector.ids), 'text[]')})")
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
    count = await store.count(conn, where, compiler.values) if question.count else None
    by_degrees = f"e.geo <-> {compiler.bind(here, 'point')}"
    candidates = await store.select(conn, where, compiler.values, order=by_degrees, limit=enough)
    away = {entity.key: metres for entity in candidates if (metres := _distance(entity, around)) is not None}
    nearest = sorted((one for one in candidates if one.key in away), key=lambda one: (away[one.key], one.key.id))
    return Page(nearest[question.offset : question.offset + question.limit], count, away)


async def _looked_at(conn: Connection, question: Question, compiler: Compiler, where: str) -> Page:
    """Where geometry or an order decides: every candidate is looked at, then the page is cut."""
    candidates = await store.select(conn, where, compiler.values, limit=MOST + 1)
    must_be_few(len(candidates))
    place = question.place
    distances: dict[Key, float] = {}
    if place is not None:
        candidates = [entity for entity in candidates if place.matches(entity.doc)]
        if question.order and place.relation == "near":
            measured = ((entity.key, _distance(entity, place)) for entity in candidates)
            distances = {key: away for key, away in measured if away is not None}
    if question.order:
        candidates = _ordered(candidates, question, distances)
    page = candidates[question.offset : question.offset + question.limit]
    return Page(page, len(candidates) if question.count else None, distances)


def must_be_few(number: int) -> None:
    """Nothing, or the problem of more entities than are looked at one by one."""
    if number > MOST:
        raise TooManyResults(f"More than {MOST} entities come into question; narrow it by type, place or q.")


def fulfils(entity: Entity, question: Question) -> bool:
    """Whether an entity at hand meets the filters of a question, its selectors aside."""
    return (
        (question.having is None or not question.having.isdisjoint(entity.doc))
        and (question.q is None or matches(question.q, _subject(entity)))
        and (question.scopes is None or question.scopes.matches(entity.scopes))
        and (question.place is None or question.place.matches(entity.doc))
    )


def _distance(entity: Entity, place: geo.Geo) -> float | None:
    """Metres to the nearest of an entity's places."""
    values = [instance["value"] for instance in entity.doc.get(place.geoproperty, ()) if "value" in instance]
    return min((away for value in values if (away := place.distance(value)) is not None), default=None)


_collator: list[pyuca.Collator] = []


def _collate(text: str) -> Any:
    """The Unicode sort key of a text; its table is read at the first use."""
    if not _collator:
        _collator.append(pyuca.Collator())
    return _collator[0].sort_key(text)


def _ordered(candidates: Sequence[Entity], question: Question, distances: dict[Key, float]) -> list[Entity]:
    place = question.place
    if place is not None and distances and all(_is_distance(term, place) for term in question.order):
        reverse = question.order[0].descending
        return sorted(candidates, key=lambda entity: distances[entity.key], reverse=reverse)
    by_id = {entity.key.id: entity for entity in candidates}
    distance = place.distance if place is not None else None
    subjects = map(_subject, candidates)
    return [by_id[one.id] for one in in_order(subjects, question.order, collate=_collate, distance=distance)]


def _is_distance(term: By, place: geo.Geo) -> bool:
    return term.distance and term.path.names == (place.geoproperty,)


def _subject(entity: Entity) -> Subject:
    return Subject(
        id=entity.key.id,
        types=entity.types,
        scopes=entity.scopes,
        doc=entity.doc,
        created=entity.created,
        modified=entity.modified,
    )
