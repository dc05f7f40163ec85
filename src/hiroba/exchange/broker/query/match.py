"""Does one entity at hand match a query? The same answer as the SQL compiler's, without a database (CIM 009 §4.9)."""

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from hiroba.exchange.broker.query import instants, reach
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.tree import (
    ENTITY_MEMBERS,
    And,
    Between,
    Clock,
    Compare,
    Condition,
    Day,
    Exists,
    Flag,
    Instant,
    Like,
    Linked,
    Number,
    OneOf,
    Or,
    Path,
    Query,
    Target,
    Text,
    Value,
    Word,
)

T = TypeVar("T")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Subject(msgspec.Struct, frozen=True):
    """An entity as it is stored, with IRIs for names."""

    id: str
    types: Sequence[str] = ()
    scopes: Sequence[str] = ()
    doc: dict[str, Any] = {}
    created: datetime = _EPOCH
    modified: datetime = _EPOCH
    seen: dict[tuple[Path, str], list[Any]] = {}
    """What lies at the end of paths that were asked for: many queries ask one entity the same."""


Follow = Callable[[str], Subject | None]


def _nobody(id_: str) -> None:
    """Relationships lead nowhere."""
    del id_


def matches(tree: Query, subject: Subject, follow: Follow = _nobody) -> bool:
    """Whether the entity matches; names in the tree are IRIs, `follow` gives the entity with an id."""
    if isinstance(tree, And):
        return all(matches(term, subject, follow) for term in tree.terms)
    if isinstance(tree, Or):
        return any(matches(term, subject, follow) for term in tree.terms)
    if isinstance(tree, Exists) and tree.negated:
        return not _condition(Exists(tree.target), tree.target, subject, follow)
    return _condition(tree, tree.target, subject, follow)


def _condition(tree: Condition, target: Target, subject: Subject, follow: Follow) -> bool:
    if isinstance(target, Linked):
        objects = unwrapped(walk(subject.doc, (target.relation,)))
        ids = [id_ for way in reach.OBJECTS for id_ in _texts(objects, way)]
        reached = (follow(id_) for id_ in ids)
        return any(
            _condition(tree, target.rest, entity, follow)
            for entity in reached
            if entity is not None and (not target.types or set(target.types) & set(entity.types))
        )
    if len(target.names) == 1 and target.names[0] in ENTITY_MEMBERS:
        return not target.members and _about_entity(tree, target.names[0], subject)
    return _about_attribute(tree, target, subject)


def _texts(items: Iterable[Any], way: reach.Way) -> Iterator[str]:
    return (text for item in items for text in unwrapped(walk(item, way)) if isinstance(text, str))


def walk(start: Any, way: reach.Way) -> list[Any]:
    """What lies at the end of a way; a list on it stands for its items."""
    found = [start]
    for step in way:
        nodes = [node for node in unwrapped(found) if isinstance(node, dict)]
        if step == reach.ANY:
            found = [value for node in nodes for value in node.values()]
        else:
            found = [node[step] for node in nodes if step in node]
    return found


def unwrapped(found: Iterable[Any]) -> list[Any]:
    """Lists among these replaced by their items."""
    return [item for value in found for item in (value if isinstance(value, list) else [value])]


def _about_attribute(tree: Condition, path: Path, subject: Subject) -> bool:
    def seen(what: str, look: Callable[[], list[Any]]) -> list[Any]:
        key = (path, what)
        found = subject.seen.get(key)
        if found is None:
            found = subject.seen[key] = look()
        return found

    at = seen("instances", lambda: unwrapped(walk(subject.doc, reach.instances(path))))
    needed = reach.members(path)
    exists = bool(seen("members", lambda: [way for item in at for way in needed if walk(item, way)]) if needed else at)

    def scalars(*, objects: bool) -> list[Any]:
        ways = reach.values(path, text=True, objects=objects)
        return seen(
            "objects" if objects else "values",
            lambda: unwrapped(value for item in at for way in ways for value in walk(item, way)),
        )

    match tree:
        case Exists():
            return exists
        case Compare(operator="==" | "!=") | OneOf():
            wanted = tree.values if isinstance(tree, OneOf) else (tree.value,)
            equal = any(holds("==", item, value) for item in scalars(objects=True) for value in wanted)
            negated = tree.negated if isinstance(tree, OneOf) else tree.operator == "!="
            return exists and not equal if negated else equal
        case Compare():
            return any(holds(tree.operator, item, tree.value) for item in scalars(objects=False))
        case Between():
            inside = any(_inside(tree, item) for item in scalars(objects=False))
            return exists and not inside if tree.negated else inside
        case Like():
            texts = [item for item in scalars(objects=False) if isinstance(item, str)]
            return _like(tree, texts)


def _inside(tree: Between, item: Any) -> bool:
    return holds(">=", item, tree.low) and holds("<=", item, tree.high)


def _like(tree: Like, texts: Sequence[str]) -> bool:
    found = any(compiled(tree.pattern).search(text) for text in texts)
    return bool(texts) and not found if tree.negated else found


def holds(sign: str, item: Any, literal: Value) -> bool:
    """Whether one stored value stands in this relation to the query's value; values of unlike types never do."""
    compare = _OPERATORS[sign]
    match instants.timed(literal):
        case Number(value=number):
            return isinstance(item, int | float) and not isinstance(item, bool) and compare(item, number)
        case Flag(value=flag):
            return isinstance(item, bool) and compare(item, flag)
        case Instant() | Day() | Clock() as time:
            mine = instants.key(type(time), item) if isinstance(item, str) else None
            return mine is not None and compare(mine, instants.key(type(time), time.value))
        case Text(value=text) | Word(value=text):
            return isinstance(item, str) and compare(item, text)


def _about_entity(tree: Condition, name: str, subject: Subject) -> bool:
    """Conditions on id, type, scope, createdAt and modifiedAt of the entity itself."""
    if name in {"createdAt", "modifiedAt"}:
        return _about_time(tree, subject.created if name == "createdAt" else subject.modified)
    texts = {"id": [subject.id], "type": list(subject.types), "scope": list(subject.scopes)}[name]
    match tree:
        case Exists():
            return bool(texts)
        case Compare(operator="==" | "!=") | OneOf():
            wanted = tree.values if isinstance(tree, OneOf) else (tree.value,)
            equal = bool({text for value in wanted if (text := plain(value)) is not None} & set(texts))
            negated = tree.negated if isinstance(tree, OneOf) else tree.operator == "!="
            return bool(texts) and not equal if negated else equal
        case Compare():
            limit = plain(tree.value)
            return limit is not None and any(_OPERATORS[tree.operator](text, limit) for text in texts)
        case Between():
            low, high = plain(tree.low), plain(tree.high)
            inside = low is not None and high is not None and any(low <= text <= high for text in texts)
            return bool(texts) and not inside if tree.negated else inside
        case Like():
            return _like(tree, texts)


def plain(value: Value) -> str | None:
    """The text of a value that is compared with an id, a type or a scope."""
    return value.value if isinstance(value, Text | Word) else None


def _about_time(tree: Condition, at: datetime) -> bool:
    match tree:
        case Exists():
            return True
        case Compare(operator="==" | "!=") | OneOf():
            wanted = tree.values if isinstance(tree, OneOf) else (tree.value,)
            equal = at in [instants.moment(value) for value in wanted]
            return equal != (tree.negated if isinstance(tree, OneOf) else tree.operator == "!=")
        case Compare():
            limit = instants.moment(tree.value)
            return limit is not None and _OPERATORS[tree.operator](at, limit)
        case Between():
            low, high = instants.moment(tree.low), instants.moment(tree.high)
            inside = low is not None and high is not None and low <= at <= high
            return inside != tree.negated
        case Like():
            return False
