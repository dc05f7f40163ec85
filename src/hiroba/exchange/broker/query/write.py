"""A query's tree written as text again: what is parsed from it is the same tree."""

import orjson

from hiroba.exchange.broker.query.cursor import is_name
from hiroba.exchange.broker.query.tree import (
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
    Query,
    Target,
    Text,
    Value,
    Word,
)

_PLAIN_MEMBER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


def write(tree: Query) -> str:
    """The query as text (CIM 009 §4.9), not percent-encoded."""
    if isinstance(tree, And):
        return ";".join(_inside(term) for term in tree.terms)
    if isinstance(tree, Or):
        return "|".join(f"({write(term)})" if isinstance(term, Or) else write(term) for term in tree.terms)
    return _condition(tree)


def _inside(tree: Query) -> str:
    return f"({write(tree)})" if isinstance(tree, And | Or) else write(tree)


def _condition(tree: Condition) -> str:
    target = _target(tree.target)
    match tree:
        case Exists():
            return f"!{target}" if tree.negated else target
        case Compare():
            return f"{target}{tree.operator}{value(tree.value)}"
        case OneOf():
            return f"{target}{'!=' if tree.negated else '=='}{','.join(map(value, tree.values))}"
        case Between():
            return f"{target}{'!=' if tree.negated else '=='}{value(tree.low)}..{value(tree.high)}"
        case Like():
            return f"{target}{'!~=' if tree.negated else '~='}{_pattern(tree.pattern)}"


def value(literal: Value) -> str:
    """One value as the query language writes it."""
    match literal:
        case Number():
            return repr(literal.value)
        case Text():
            return orjson.dumps(literal.value).decode()
        case Flag():
            return "true" if literal.value else "false"
        case Instant() | Day() | Clock() | Word():
            return literal.value


def _pattern(pattern: str) -> str:
    pieces, at = [], 0
    while at < len(pattern):
        step = 2 if pattern[at] == "\\" else 1
        piece = pattern[at : at + step]
        pieces.append('\\"' if piece == '"' else piece)
        at += step
    return f'"{"".join(pieces)}"'


def _target(target: Target) -> str:
    if isinstance(target, Linked):
        types = ",".join(map(_name, target.types))
        return f"{_name(target.relation)}{{{types + ':' if types else ''}{_target(target.rest)}}}"
    members = ".".join(map(_member, target.members)) if target.members != ("*",) else "*"
    return ".".join(map(_name, target.names)) + (f"[{members}]" if members else "")


def _name(name: str) -> str:
    return name if is_name(name) else f"<{name}>"


def _member(member: str) -> str:
    return member if member and set(member) <= set(_PLAIN_MEMBER) else orjson.dumps(member).decode()
