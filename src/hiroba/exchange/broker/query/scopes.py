"""The scope query language: `(/Madrid/Districts;/CompanyA)|/CompanyB/#` (CIM 009 §4.18 and §4.19)."""

from collections.abc import Sequence

import msgspec

from hiroba.exchange.broker.query.cursor import Cursor

_ONE_LEVEL = "+"


class Scope(msgspec.Struct, frozen=True):
    """`/Madrid/+/ParqueNorte`; with `below` also every scope under it. No level and `below` is any scope at all."""

    levels: tuple[str, ...]
    below: bool = False

    @property
    def exact(self) -> bool:
        """Whether it means one scope only."""
        return not self.below and _ONE_LEVEL not in self.levels

    def covers(self, scope: str) -> bool:
        """Whether a stored scope, with or without its first slash, is meant."""
        levels = scope.removeprefix("/").split("/")
        if len(levels) < len(self.levels) or (len(levels) > len(self.levels) and not self.below):
            return False
        return all(mine in (_ONE_LEVEL, theirs) for mine, theirs in zip(self.levels, levels, strict=False))

    def pattern(self) -> str:
        """A regular expression for the same scopes; levels hold letters, digits and underscores only."""
        levels = "/".join("[^/]+" if level == _ONE_LEVEL else level for level in self.levels)
        return f"^/?{levels}{'(/|$)' if self.below else '$'}"

    def __str__(self) -> str:
        """The scope as it is written."""
        return "".join(f"/{level}" for level in self.levels) + ("/#" if self.below else "")


class Scopes(msgspec.Struct, frozen=True):
    """Any of the groups, all scopes of a group."""

    groups: tuple[tuple[Scope, ...], ...]

    def matches(self, scopes: Sequence[str]) -> bool:
        """Whether an entity with these scopes is selected."""
        return any(all(any(map(wanted.covers, scopes)) for wanted in group) for group in self.groups)

    def __str__(self) -> str:
        """The query as it is written."""
        return "|".join(str(group[0]) if len(group) == 1 else f"({';'.join(map(str, group))})" for group in self.groups)


def parse(text: str, what: str = "scopeQ") -> Scopes:
    """The scopes a text asks for."""
    cursor = Cursor(text, what)
    groups = [_group(cursor)]
    while cursor.take("|", ","):
        groups.append(_group(cursor))
    cursor.must_end("“|”, “,” or the end")
    return Scopes(tuple(groups))


def _group(cursor: Cursor) -> tuple[Scope, ...]:
    is_bracketed = cursor.take("(")
    group = [_scope(cursor)]
    while cursor.take(";"):
        group.append(_scope(cursor))
    if is_bracketed:
        cursor.must(")")
    return tuple(group)


def _scope(cursor: Cursor) -> Scope:
    cursor.count_term()
    if cursor.take("/#", "#"):
        return Scope((), below=True)
    cursor.take("/")
    levels = [_level(cursor)]
    while cursor.take("/"):
        if cursor.take("#"):
            return Scope(tuple(levels), below=True)
        levels.append(_level(cursor))
    return Scope(tuple(levels))


def _level(cursor: Cursor) -> str:
    return cursor.take(_ONE_LEVEL) or cursor.name("a scope level (a letter first) or “+”")
