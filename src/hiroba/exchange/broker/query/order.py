"""The entity ordering language: `orderBy=name,age;desc` and `location;dist-asc` (CIM 009 §4.23)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from hiroba.exchange.broker.query import instants, reach
from hiroba.exchange.broker.query.cursor import Cursor
from hiroba.exchange.broker.query.match import Subject, unwrapped, walk
from hiroba.exchange.broker.query.names import expanded_path
from hiroba.exchange.broker.query.q import attribute_path
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS, Clock, Day, Instant, Path

Distance = Callable[[Any], float | None]
Collate = Callable[[str], Any]

NUMBER, STRING, OBJECT, ARRAY, BOOLEAN, TIME, DATE, DATETIME, NULL, ABSENT = range(10)
"""Kinds of data as they follow one another (§4.23.2)."""
DISTANCE = -1
CARRIERS = ("value", "object", "json", "valueList", "objectList", "vocab")
"""Members of an instance that hold its one value; a language map holds several."""
_TIMES = ((Clock, TIME), (Day, DATE), (Instant, DATETIME))


class By(msgspec.Struct, frozen=True):
    """One term: by a value or, with `distance`, by how far a GeoProperty is from the reference geometry."""

    path: Path
    descending: bool = False
    distance: bool = False


def parse(text: str, what: str = "orderBy") -> tuple[By, ...]:
    """The terms of an order, the first one first."""
    cursor = Cursor(text, what)
    terms = [_term(cursor)]
    while cursor.take(","):
        terms.append(_term(cursor))
    cursor.must_end("“,”, “;” or the end")
    return tuple(terms)


def _term(cursor: Cursor) -> By:
    cursor.count_term()
    path = attribute_path(cursor)
    if not cursor.take(";"):
        return By(path)
    direction = cursor.take("dist-asc", "dist-desc", "asc", "desc")
    if not direction:
        cursor.fail("asc, desc, dist-asc or dist-desc")
    return By(path, descending=direction.endswith("desc"), distance=direction.startswith("dist"))


def resolve(terms: Iterable[By], attribute: Callable[[str], str]) -> tuple[By, ...]:
    """The same terms with IRIs for names."""
    return tuple(By(expanded_path(term.path, attribute), term.descending, term.distance) for term in terms)


def in_order(
    subjects: Iterable[Subject], terms: Sequence[By], *, collate: Collate = str, distance: Distance | None = None
) -> list[Subject]:
    """The entities sorted, those without the attribute last in either direction; equal ones by id.

    `collate` makes the key that texts are ordered by, `distance` gives metres from the reference geometry.
    """
    ordered = sorted(subjects, key=lambda one: one.id)
    for term in reversed(terms):
        keyed = [(_key(term, one, collate, distance), one) for one in ordered]
        there = [(key, one) for key, one in keyed if key[0] < NULL]
        keyed_last = sorted((pair for pair in keyed if pair[0][0] >= NULL), key=lambda pair: pair[0])
        there.sort(key=lambda pair: pair[0], reverse=term.descending)
        ordered = [one for _, one in there + keyed_last]
    return ordered


def _key(term: By, one: Subject, collate: Collate, distance: Distance | None) -> tuple[Any, ...]:
    """A key that orders kinds of data as §4.23.2 does, then values of one kind."""
    values = _values(term.path, one)
    if term.distance and distance is not None:
        metres = [far for value in values if isinstance(value, dict) and (far := distance(value)) is not None]
        if metres:
            return (DISTANCE, min(metres))
    if not values:
        return (ABSENT,)
    keys = [_rank(value, collate) for value in values]
    return max(keys) if term.descending else min(keys)


def _values(path: Path, one: Subject) -> list[Any]:
    if len(path.names) == 1 and path.names[0] in ENTITY_MEMBERS:
        own = {"id": [one.id], "type": list(one.types), "scope": list(one.scopes)}
        times = {"createdAt": one.created, "modifiedAt": one.modified}
        name = path.names[0]
        return own[name] if name in own else [f"{times[name]:%Y-%m-%dT%H:%M:%S.%f}Z"]
    found = unwrapped(walk(one.doc, reach.instances(path)))
    ways = reach.members(path) or (*((carrier,) for carrier in CARRIERS), ("languageMap", reach.ANY))
    return [value for instance in found for way in ways for value in walk(instance, way)]


def _rank(value: Any, collate: Collate) -> tuple[Any, ...]:
    if isinstance(value, dict) and reach.TYPED in value:
        value = value[reach.TYPED]
    if isinstance(value, bool):
        return (BOOLEAN, value)
    if isinstance(value, int | float):
        return (NUMBER, value)
    if isinstance(value, str):
        for kind, rank in _TIMES:
            key = instants.key(kind, value)
            if key is not None:
                return (rank, key)
        return (STRING, collate(value))
    return (OBJECT if isinstance(value, dict) else ARRAY if isinstance(value, list) else NULL,)
