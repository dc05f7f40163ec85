"""A query's short names made IRIs by whoever knows the context (CIM 009 §5.5.7)."""

from collections.abc import Callable

import msgspec

from hiroba.exchange.broker.query.tree import (
    ATTRIBUTE_MEMBERS,
    ENTITY_MEMBERS,
    And,
    Compare,
    Linked,
    OneOf,
    Or,
    Path,
    Query,
    Target,
    Text,
    Value,
    Word,
)

Expand = Callable[[str], str]


def resolve(tree: Query, attribute: Expand, kind: Expand, expand_values: frozenset[str] = frozenset()) -> Query:
    """The same tree with IRIs for names: `attribute` expands attribute names, `kind` entity types and vocabulary words.

    `expand_values` are attributes, as written, whose values are words of the context (§4.9 `expandValues`).
    """
    if isinstance(tree, And | Or):
        return type(tree)(tuple(resolve(term, attribute, kind, expand_values) for term in tree.terms))
    names = _last_path(tree.target).names
    moved = msgspec.structs.replace(tree, target=_expanded(tree.target, attribute, kind))
    if names != ("type",) and names[0] not in expand_values:
        return moved
    if isinstance(moved, Compare):
        return msgspec.structs.replace(moved, value=_word(moved.value, kind))
    if isinstance(moved, OneOf):
        return msgspec.structs.replace(moved, values=tuple(_word(value, kind) for value in moved.values))
    return moved


def attributes(tree: Query) -> frozenset[str]:
    """The attributes of the entity itself that a query speaks of, relationships among them."""
    if isinstance(tree, And | Or):
        return frozenset().union(*map(attributes, tree.terms))
    return frozenset({tree.target.relation if isinstance(tree.target, Linked) else tree.target.names[0]})


def _last_path(target: Target) -> Path:
    while isinstance(target, Linked):
        target = target.rest
    return target


def _word(value: Value, kind: Expand) -> Value:
    return Word(kind(value.value)) if isinstance(value, Word | Text) else value


def _expanded(target: Target, attribute: Expand, kind: Expand) -> Target:
    if isinstance(target, Linked):
        rest = _expanded(target.rest, attribute, kind)
        return Linked(attribute(target.relation), rest, tuple(kind(name) for name in target.types))
    return expanded_path(target, attribute)


def expanded_path(path: Path, attribute: Expand) -> Path:
    """The path with IRIs for names; members of the entity or, at the end, of an attribute keep theirs."""
    if len(path.names) == 1 and path.names[0] in ENTITY_MEMBERS:
        return path
    first, *others = path.names
    last = len(others) - 1
    below = (
        name if place == last and name in ATTRIBUTE_MEMBERS else attribute(name) for place, name in enumerate(others)
    )
    return Path((attribute(first), *below), path.members)
