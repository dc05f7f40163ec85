"""Queries become SQL conditions with bind parameters; no word of a caller's is ever part of the SQL itself.

A Compiler collects the values of one statement. Its conditions are about a row of `broker.entity` under an alias:

    compiler = Compiler(start=2)                      # $1 is the tenant
    where = compiler.query(resolve(parse("speed>50"), attribute, kind))
    rows = await conn.fetch(f"select id from broker.entity e where e.tenant = $1 and {where}", tenant, *compiler.values)
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.facts import TIMES
from hiroba.exchange.broker.query import instants, jsonpaths, reach
from hiroba.exchange.broker.query.geo import LOCATION, Geo
from hiroba.exchange.broker.query.match import plain
from hiroba.exchange.broker.query.posix import posix
from hiroba.exchange.broker.query.scopes import Scope, Scopes
from hiroba.exchange.broker.query.tree import (
    ENTITY_MEMBERS,
    And,
    Between,
    Compare,
    Condition,
    Exists,
    Like,
    Linked,
    OneOf,
    Or,
    Path,
    Query,
    Target,
    Value,
)
from hiroba.exchange.broker.query.types import Types

_TEXT_COLUMNS = {"id": "array[{alias}.id]", "type": "{alias}.types", "scope": "{alias}.scopes"}
TIME_COLUMNS = {"createdAt": "created", "modifiedAt": "modified"}


def nobodys(alias: str) -> str:
    """Rows that are somebody's are hidden."""
    return f"{alias}.subject is null"


def everyone(alias: str) -> str:
    """No row is hidden: the table itself shows only what may be seen."""
    del alias
    return "true"


class Compiler:
    """The conditions of one statement and the values they bind."""

    def __init__(
        self,
        *,
        start: int = 1,
        alias: str = "e",
        table: str = "broker.entity",
        links: int = 1,
        visible: Callable[[str], str] = nobodys,
    ) -> None:
        """`start` is the number of the first placeholder and `links` how many relationships a path may follow.

        `visible` is the condition on another alias under which the caller may see the row a relationship leads to.
        """
        self.values: list[Any] = []
        self.start, self.alias, self.table, self.links, self.visible = start, alias, table, links, visible
        self.linked_table: Callable[[], str] = lambda: self.table

    def look_through(self, table: str, linked: Callable[[], str]) -> None:
        """Read from a table that shows no more than may be seen; `linked` makes the one that relationships lead into."""
        self.table, self.linked_table, self.visible = table, linked, everyone

    def bind(self, value: Any, kind: str) -> str:
        """The placeholder of a value of a PostgreSQL type."""
        self.values.append(value)
        return f"${self.start + len(self.values) - 1}::{kind}"

    def query(self, tree: Query) -> str:
        """A tree whose names are IRIs as a condition."""
        if isinstance(tree, And | Or):
            return f"({(' and ' if isinstance(tree, And) else ' or ').join(map(self.query, tree.terms))})"
        if isinstance(tree, Exists) and tree.negated:
            return f"not {self._about(Exists(tree.target), tree.target, self.alias, 0)}"
        return self._about(tree, tree.target, self.alias, 0)

    def types(self, selection: Types) -> str:
        """A type selection whose names are IRIs as a condition."""
        if not selection.groups:
            return "true"
        single = [group[0] for group in selection.groups if len(group) == 1]
        conditions = [f"{self.alias}.types && {self.bind(single, 'text[]')}"] if single else []
        conditions += [
            f"{self.alias}.types @> {self.bind(list(group), 'text[]')}" for group in selection.groups if len(group) > 1
        ]
        return f"({' or '.join(conditions)})"

    def scopes(self, wanted: Scopes) -> str:
        """A scope query as a condition."""
        return f"({' or '.join(' and '.join(map(self._scope, group)) for group in wanted.groups)})"

    def geo(self, question: Geo) -> str:
        """A geoquery as a condition that every match fulfils; `question.matches` then gives the exact answer."""
        there = f"{self.alias}.doc ? {self.bind(question.geoproperty, 'text')}"
        boxes = question.boxes()
        if boxes is None or question.geoproperty != LOCATION:
            return there
        corners = [((east, north), (west, south)) for west, south, east, north in boxes]
        met = " or ".join(f"{self.alias}.geo && {self.bind(pair, 'box')}" for pair in corners)
        return f"({there} and ({met}))"

    def _scope(self, scope: Scope) -> str:
        column = f"{self.alias}.scopes"
        if not scope.levels:
            return f"cardinality({column}) > 0"
        if scope.exact:
            return f"{column} && {self.bind([str(scope), str(scope)[1:]], 'text[]')}"
        return f"exists (select from unnest({column}) item where item ~ {self.bind(scope.pattern(), 'text')})"

    def _about(self, tree: Condition, target: Target, alias: str, depth: int) -> str:
        if isinstance(target, Linked):
            return self._linked(tree, target, alias, depth + 1)
        if len(target.names) == 1 and target.names[0] in ENTITY_MEMBERS:
            if target.members:
                return "false"
            name = target.names[0]
            if name in TIME_COLUMNS:
                return self._time(tree, f"{alias}.{TIME_COLUMNS[name]}")
            return self._texts(tree, _TEXT_COLUMNS[name].format(alias=alias))
        return self._attribute(tree, target, alias)

    def _linked(self, tree: Condition, target: Linked, alias: str, depth: int) -> str:
        if depth > self.links:
            raise BadRequestData(
                f"q follows relationships {depth} deep (at “{target.relation}”); this request allows {self.links}."
            )
        other = f"linked{depth}"
        ids = " union all ".join(
            f"select item #>> '{{}}' from jsonb_path_query({alias}.doc, {self.bind(path, 'jsonpath')}) item"  # noqa: S608 - the same
            for path in jsonpaths.objects(target.relation)
        )
        kinds = f"{other}.types && {self.bind(list(target.types), 'text[]')} and " if target.types else ""
        inner = self._about(tree, target.rest, other, depth)
        reached = f"{other}.tenant = {alias}.tenant and {other}.id in ({ids})"
        where = f"{reached} and {kinds}{self.visible(other)} and {inner}"
        return f"exists (select from {self.linked_table()} {other} where {where})"

    def _attribute(self, tree: Condition, path: Path, alias: str) -> str:
        def found(expression: str) -> str:
            return f"coalesce({alias}.doc @? {self.bind(expression, 'jsonpath')}, false)"

        match tree:
            case Exists():
                if len(path.names) == 1 and not path.members:
                    return f"{alias}.doc ? {self.bind(path.names[0], 'text')}"
                return self._has(jsonpaths.exists(path), alias)
            case Compare(operator="==" | "!=") | OneOf():
                return self._equality(tree, path, alias)
            case Compare():
                return self._has(jsonpaths.ordered(path, tree), alias)
            case Between(negated=False):
                return self._has(jsonpaths.between(path, tree), alias)
            case Between():
                return f"({found(jsonpaths.exists(path))} and not {found(jsonpaths.between(path, tree))})"
            case Like(negated=False):
                return self._has(jsonpaths.like(path, tree), alias)
            case Like():
                return f"({found(jsonpaths.texts(path))} and not {found(jsonpaths.like(path, tree))})"

    def _has(self, expression: str, alias: str) -> str:
        return f"{alias}.doc @? {self.bind(expression, 'jsonpath')}"

    def _equality(self, tree: Compare | OneOf, path: Path, alias: str) -> str:
        scalars = jsonpaths.scalars(_wanted(tree))
        expression = jsonpaths.equal(path, scalars)
        if len(scalars) > jsonpaths.INLINE:
            wanted = self.bind(f'{{"wanted": [{",".join(map(jsonpaths.literal, scalars))}]}}', "jsonb")
            equal = f"jsonb_path_exists({alias}.doc, {self.bind(expression, 'jsonpath')}, {wanted}, true)"
        else:
            equal = self._indexed(expression, path, scalars, alias)
        if not _negated(tree):
            return equal
        return f"({self._has(jsonpaths.exists(path), alias)} and ({equal}) is not true)"

    def _indexed(self, expression: str, path: Path, scalars: Sequence[str | float], alias: str) -> str:
        """An equality by the index over facts, which lacks times and the numbers of what is measured."""
        if reach.own_member(path) and path.names[-1] in TIMES:
            return self._has(expression, alias)
        known = f"{alias}.facts @? {self.bind(expression, 'jsonpath')}"
        if all(isinstance(scalar, str | bool) for scalar in scalars):
            return known
        measured = f"{alias}.facts @? {self.bind(jsonpaths.measured(path), 'jsonpath')}"
        return f"(({known} or {measured}) and {self._has(expression, alias)})"

    def _texts(self, tree: Condition, array: str) -> str:
        """Conditions on id, type and scope; texts are ordered by code point."""

        def some(condition: str) -> str:
            return f"exists (select from unnest({array}) item where {condition})"

        match tree:
            case Exists():
                return f"cardinality({array}) > 0"
            case Compare(operator="==" | "!=") | OneOf():
                wanted = [text for value in _wanted(tree) if (text := plain(value)) is not None]
                bound = self.bind(wanted, "text[]")
                equal = f"{array[6:-1]} = any({bound})" if array.startswith("array[") else f"{array} && {bound}"
                return f"(cardinality({array}) > 0 and not {equal})" if _negated(tree) else equal
            case Compare():
                limit = plain(tree.value)
                if limit is None:
                    return "false"
                return some(f'item collate "C" {tree.operator} {self.bind(limit, "text")}')
            case Between():
                low, high = plain(tree.low), plain(tree.high)
                inside = "false"
                if low is not None and high is not None:
                    inside = some(f'item collate "C" between {self.bind(low, "text")} and {self.bind(high, "text")}')
                return f"(cardinality({array}) > 0 and not {inside})" if tree.negated else inside
            case Like():
                inside = some(f"item ~ {self.bind(posix(tree.pattern), 'text')}")
                return f"(cardinality({array}) > 0 and not {inside})" if tree.negated else inside

    def _time(self, tree: Condition, column: str) -> str:
        """Conditions on the time the entity was created or modified."""
        match tree:
            case Exists():
                return "true"
            case Compare(operator="==" | "!=") | OneOf():
                moments = [moment for value in _wanted(tree) if (moment := instants.moment(value)) is not None]
                equal = f"{column} = any({self.bind(moments, 'timestamptz[]')})"
                return f"not {equal}" if _negated(tree) else equal
            case Compare():
                limit = instants.moment(tree.value)
                return "false" if limit is None else f"{column} {tree.operator} {self.bind(limit, 'timestamptz')}"
            case Between():
                inside = self._between(column, instants.moment(tree.low), instants.moment(tree.high))
                return f"not {inside}" if tree.negated else inside
            case Like():
                return "false"

    def _between(self, column: str, low: datetime | None, high: datetime | None) -> str:
        if low is None or high is None:
            return "false"
        return f"({column} between {self.bind(low, 'timestamptz')} and {self.bind(high, 'timestamptz')})"


def _wanted(tree: Compare | OneOf) -> tuple[Value, ...]:
    return tree.values if isinstance(tree, OneOf) else (tree.value,)


def _negated(tree: Compare | OneOf) -> bool:
    return tree.negated if isinstance(tree, OneOf) else tree.operator == "!="
