"""The order of a query as SQL: rows are ranked by the database, by kind of data first (CIM 009 §4.23.2).

Texts need a Unicode collation and places a distance. What the database cannot rank itself is told by `unranked`, ranked by
the caller and handed over as a JSON object {text: place in the order, geometry: metres}.
"""

from collections.abc import Sequence
from typing import Final

from hiroba.exchange.broker.query import instants, jsonpaths, reach
from hiroba.exchange.broker.query.compile import TIME_COLUMNS, Compiler
from hiroba.exchange.broker.query.order import (
    ABSENT,
    ARRAY,
    BOOLEAN,
    CARRIERS,
    DATE,
    DATETIME,
    DISTANCE,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    TIME,
    By,
)
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS, Clock, Day, Instant, Path

_ARRAYS: Final = {"id": "array[{alias}.id]", "type": "{alias}.types", "scope": "{alias}.scopes"}
_KIND: Final = f"""
    case jsonb_typeof(x)
        when 'number' then {NUMBER} when 'object' then {OBJECT} when 'array' then {ARRAY} when 'boolean' then {BOOLEAN}
        when 'string' then case when x #>> '{{}}' ~ '{instants.pattern(Clock)}' then {TIME}
            when x #>> '{{}}' ~ '{instants.pattern(Day)}' then {DATE}
            when x #>> '{{}}' ~ '{instants.pattern(Instant)}' then {DATETIME} else {STRING} end
        else {NULL} end
"""


def _moment(prefix: int) -> str:
    """A time with six digits of its second's fraction, so that text order is time's order."""
    fraction = f"substr(s, {prefix + 2}, greatest(length(s) - {prefix + 2}, 0))"
    return f"left(s, {prefix}) || '.' || rpad({fraction}, 6, '0')"


_MOMENT: Final = f"""
    case kind when {TIME} then {_moment(8)} when {DATE} then s when {DATETIME} then {_moment(19)} end collate "C"
"""


_IS_PLACE: Final = f"kind = {OBJECT} and x ? 'coordinates'"


def is_plain(term: By) -> bool:
    """Whether a term is a column that needs no ranking."""
    return len(term.path.names) == 1 and term.path.names[0] in TIME_COLUMNS


def unranked(compiler: Compiler, terms: Sequence[By]) -> str:
    """A lateral table `u (s, is_place)` of a row's texts and, where a term is a distance, of its geometries."""
    tables = []
    for term in terms:
        if is_plain(term):
            continue
        tables.append(f"select s, false as is_place from {_scalars(compiler, term.path)} where kind = {STRING}")
        if term.distance:
            tables.append(f"select x::text, true from {_scalars(compiler, term.path)} where {_IS_PLACE}")
    return f"lateral ({' union all '.join(tables)}) u"


def ranked(compiler: Compiler, terms: Sequence[By], ranks: str | None, collation: str | None = None) -> tuple[str, str]:
    """What is joined beside a row and what it is ordered by.

    `ranks` is a JSON object in SQL: geometries' metres, and texts' places where the database has no `collation` for them.
    """
    joins, keys = [], []
    word = f"({ranks} -> x.s)::int" if collation is None else f'x.s collate "{collation}"'
    for number, term in enumerate(terms):
        way = "desc" if term.descending else "asc"
        if is_plain(term):
            keys.append(f"{compiler.alias}.{TIME_COLUMNS[term.path.names[0]]} {way}")
            continue
        metres = f"({ranks} -> x.x::text)::numeric" if term.distance and ranks is not None else "null::numeric"
        table = f"""
            select case when {metres} is not null then {DISTANCE} else kind end as kind,
                   case kind when {NUMBER} then x.x::numeric when {BOOLEAN} then x.x::boolean::int
                             when {OBJECT} then {metres} end as number,
                   {_MOMENT} as moment, case kind when {STRING} then {word} end as word
              from {_scalars(compiler, term.path)}
        """
        first = f"kind = {DISTANCE} desc, case kind when {DISTANCE} then number end, "
        name = f"o{number}"
        joins.append(f"""
            left join lateral (
                select kind, number, moment, word from ({table}) keyed
                 order by {first}kind {way}, number {way}, moment {way}, word {way} limit 1
            ) {name} on true
        """)
        last = f"coalesce({name}.kind, {ABSENT})"
        keys += [
            f"case when {last} >= {NULL} then {last} else 0 end",
            *(f"{name}.{column} {way}" for column in ("kind", "number", "moment", "word")),
        ]
    return "".join(joins), ", ".join(keys)


def _scalars(compiler: Compiler, path: Path) -> str:
    """A table `x (x, kind, s)` of the values of a path in one row: as JSON, of which kind, as text."""
    typed = f"""
        select case when jsonb_typeof(v) = 'object' and v ? '{reach.TYPED}' then v -> '{reach.TYPED}' else v end as x
          from ({_values(compiler, path)}) found (v)
    """
    return f"(select x, {_KIND} as kind, x #>> '{{}}' as s from ({typed}) typed) x"


def _values(compiler: Compiler, path: Path) -> str:
    alias = compiler.alias
    if len(path.names) == 1 and path.names[0] in ENTITY_MEMBERS:
        return f"select to_jsonb(item) from unnest({_ARRAYS[path.names[0]].format(alias=alias)}) item"
    ways = reach.members(path)
    if ways:
        queries = (
            f"select jsonb_path_query({alias}.doc, {compiler.bind(jsonpaths.at(path, way), 'jsonpath')})"
            for way in ways
        )
        return " union all ".join(queries)
    carried = ", ".join(f"i -> '{carrier}'" for carrier in CARRIERS)
    return f"""
        select v from jsonb_path_query({alias}.doc, {compiler.bind(jsonpaths.at(path), "jsonpath")}) i,
               lateral (select coalesce({carried}) v union all select value from jsonb_each(i -> 'languageMap')) carried
         where v is not null
    """
