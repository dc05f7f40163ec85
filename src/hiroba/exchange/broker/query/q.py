"""The query language: `speed>50;brandName!="Mercedes"` becomes a tree (CIM 009 §4.9).

Beyond the grammar of the clause, three things of common usage are read: `!name` for an absent attribute, parentheses
at any depth, and full IRIs as attribute names. An IRI stands bare or, where attributes of it follow, in angle
brackets: `<https://example.org/speed>.accuracy>1`.
"""

import re
from typing import cast

from hiroba.exchange.broker.query import literals, patterns
from hiroba.exchange.broker.query.cursor import MAX_ITEMS, MAX_STEPS, Cursor
from hiroba.exchange.broker.query.tree import (
    ATTRIBUTE_MEMBERS,
    And,
    Between,
    Clock,
    Compare,
    Condition,
    Day,
    Exists,
    Instant,
    Like,
    Linked,
    Number,
    OneOf,
    Operator,
    Or,
    Path,
    Query,
    Target,
    Text,
    Value,
)

_BARE_IRI = re.compile(r"""(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)[^\s;|()<>{}\[\]"=!~,\\^`]+""")
_BRACKETED_IRI = re.compile(r"""<([A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+)>""")
_MEMBER = re.compile(r"""[^\s.\[\]"\\{}\x00-\x1f\x7f]+""")
_NAME = "an attribute name"


def parse(text: str, what: str = "q") -> Query:
    """The tree of a query, its names as they were written; BadRequestData says what is wrong where."""
    cursor = Cursor(text, what)
    tree = _any(cursor)
    cursor.must_end("“;”, “|” or the end")
    return tree


def _any(cursor: Cursor) -> Query:
    """Terms joined by `|`, which binds less than `;`."""
    terms = [_all(cursor)]
    while cursor.take("|"):
        terms.append(_all(cursor))
    return Or(tuple(terms)) if len(terms) > 1 else terms[0]


def _all(cursor: Cursor) -> Query:
    """Terms joined by `;`."""
    terms = [_term(cursor)]
    while cursor.take(";"):
        terms.append(_term(cursor))
    return And(tuple(terms)) if len(terms) > 1 else terms[0]


def _term(cursor: Cursor) -> Query:
    if not cursor.take("("):
        cursor.count_term()
        return _condition(cursor)
    cursor.deeper()
    inner = _any(cursor)
    cursor.must(")")
    cursor.shallower()
    return inner


def _condition(cursor: Cursor) -> Condition:
    if cursor.take("!"):
        return Exists(_target(cursor), negated=True)
    target = _target(cursor)
    match cursor.take("==", "!=", "!~=", "~=", ">=", "<=", ">", "<"):
        case "":
            return Exists(target)
        case "~=":
            return Like(target, patterns.pattern(cursor))
        case "!~=":
            return Like(target, patterns.pattern(cursor), negated=True)
        case "==":
            return _equality(cursor, target, negated=False)
        case "!=":
            return _equality(cursor, target, negated=True)
        case operator:
            return Compare(target, cast("Operator", operator), _comparable(cursor))


def _comparable(cursor: Cursor) -> Number | Text | Instant | Day | Clock:
    start = cursor.at
    value = literals.value(cursor)
    if not isinstance(value, Number | Text | Instant | Day | Clock):
        cursor.fail('a value that has an order (a number, a "text", a date or a time)', start)
    return value


def _equality(cursor: Cursor, target: Target, *, negated: bool) -> Condition:
    """What may follow `==` and `!=`: one value, a range or a list."""
    start = cursor.at
    values: list[Value] = [literals.value(cursor)]
    if cursor.take(".."):
        cursor.at = start
        low = _comparable(cursor)
        cursor.must("..")
        end = cursor.at
        high = _comparable(cursor)
        if type(high) is not type(low):
            cursor.fail("the same kind of value as before the dots", end)
        return Between(target, low, high, negated)
    while cursor.take(","):
        if len(values) == MAX_ITEMS:
            cursor.fail(f"a list of at most {MAX_ITEMS} values")
        values.append(literals.value(cursor))
    if len(values) == 1:
        return Compare(target, "!=" if negated else "==", values[0])
    return OneOf(target, tuple(values), negated)


def _attribute(cursor: Cursor, *, prefixes: bool) -> list[str]:
    """Go past one attribute name; a bare IRI may end in `.observedAt` and the like, which is then a name of its own."""
    found = _BRACKETED_IRI.match(cursor.text, cursor.at)
    if found:
        cursor.at = found.end()
        return [found[1]]
    found = _BARE_IRI.match(cursor.text, cursor.at)
    if found:
        cursor.at = found.end()
        iri, _, last = found[0].rpartition(".")
        return [iri, last] if last in ATTRIBUTE_MEMBERS else [found[0]]
    name = cursor.name(_NAME)
    if prefixes and cursor.take(":"):
        name += ":" + cursor.name(_NAME)
    return [name]


def attribute_name(cursor: Cursor) -> str:
    """Go past one attribute name: a short name, a name with a prefix or an IRI."""
    start = cursor.at
    name, *member = _attribute(cursor, prefixes=True)
    if member:
        cursor.fail("the name of an attribute alone", start)
    return name


def attribute_path(cursor: Cursor) -> Path:
    """Go past a path without linked entities: `name.observedAt`, `address[city]`."""
    start = cursor.at
    target = _target(cursor)
    if isinstance(target, Linked):
        cursor.fail("a path that follows no relationship", start)
    return target


def _target(cursor: Cursor, *, linked: bool = False) -> Target:
    names = _attribute(cursor, prefixes=not linked)
    while cursor.take("."):
        names += _attribute(cursor, prefixes=not linked)
        if len(names) > MAX_STEPS:
            cursor.fail(f"a path of at most {MAX_STEPS} names")
    if cursor.next == "{" and len(names) == 1:
        return _linked(cursor, names[0])
    return Path(tuple(names), _members(cursor))


def _linked(cursor: Cursor, relation: str) -> Linked:
    """`{Device,Sensor:humidity}` after the name of a relationship."""
    cursor.must("{")
    cursor.deeper()
    start = cursor.at
    types = _attribute(cursor, prefixes=False)
    while cursor.take(","):
        types += _attribute(cursor, prefixes=False)
    if not cursor.take(":"):
        if len(types) > 1 and "," in cursor.text[start : cursor.at]:
            cursor.fail("“:” and an attribute name after the entity types")
        types, cursor.at = [], start
    rest = _target(cursor, linked=True)
    cursor.must("}")
    cursor.shallower()
    return Linked(relation, rest, tuple(types))


def _members(cursor: Cursor) -> tuple[str, ...]:
    """The path in square brackets: `[airquality.particulate]`, `[en]`, `[*]`."""
    if not cursor.take("["):
        return ()
    if cursor.take("*]"):
        return ("*",)
    members = [_member(cursor)]
    while cursor.take("."):
        members.append(_member(cursor))
        if len(members) > MAX_STEPS:
            cursor.fail(f"a path of at most {MAX_STEPS} members")
    cursor.must("]")
    return tuple(members)


def _member(cursor: Cursor) -> str:
    if cursor.next == '"':
        return literals.quoted(cursor)
    found = _MEMBER.match(cursor.text, cursor.at)
    if found is None or "*" in found[0]:
        cursor.fail("a member name, a language or “*”")
    cursor.at = found.end()
    return found[0]
