"""The entity type selection language: `(Home;Vehicle)|Motorhome` (CIM 009 §4.17)."""

import re
from collections.abc import Callable, Sequence

import msgspec

from hiroba.exchange.broker.query.cursor import Cursor, is_name

_TYPE = re.compile(r"""[^\s,;|()"<>{}\\^`\x00-\x1f\x7f]+""")


class Types(msgspec.Struct, frozen=True):
    """Any of the groups, all types of a group. No group at all is every entity."""

    groups: tuple[tuple[str, ...], ...] = ()

    def matches(self, types: Sequence[str]) -> bool:
        """Whether an entity of these types is selected."""
        return not self.groups or any(set(group) <= set(types) for group in self.groups)

    def resolve(self, kind: Callable[[str], str]) -> "Types":
        """The same selection with IRIs for names."""
        return Types(tuple(tuple(map(kind, group)) for group in self.groups))

    def __str__(self) -> str:
        """The selection as it is written."""
        if not self.groups:
            return "*"
        return "|".join(group[0] if len(group) == 1 else f"({';'.join(group)})" for group in self.groups)


def parse(text: str, what: str = "type") -> Types:
    """The selection a text makes; `*` selects every entity."""
    if text == "*":
        return Types()
    cursor = Cursor(text, what)
    groups = _groups(cursor)
    while cursor.take("|", ","):
        groups += _groups(cursor)
    cursor.must_end("“|”, “,” or the end")
    return Types(tuple(groups))


def _groups(cursor: Cursor) -> list[tuple[str, ...]]:
    """One type, a bracketed conjunction, or (beyond the grammar, in common use) a bracketed disjunction."""
    if not cursor.take("("):
        return [(_type(cursor),)]
    found = [_type(cursor)]
    sign = cursor.take(";") or cursor.take("|", ",")
    if sign:
        found.append(_type(cursor))
    while sign and cursor.take(*((";",) if sign == ";" else ("|", ","))):
        found.append(_type(cursor))
    cursor.must(")")
    return [tuple(found)] if sign in {"", ";"} else [(name,) for name in found]


def _type(cursor: Cursor) -> str:
    cursor.count_term()
    found = _TYPE.match(cursor.text, cursor.at)
    if found is None or not (is_name(found[0]) or ":" in found[0]):
        cursor.fail("an entity type")
    cursor.at = found.end()
    return found[0]
