"""Entities over time and their instances, a page of them in a statement."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.access import Bind, Sight
from hiroba.exchange.broker.history.store.writing import has_instances
from hiroba.exchange.broker.model import Instance, Key
from hiroba.exchange.broker.store import array


class Row(msgspec.Struct, frozen=True):
    """A record as it is read: whose, when by the time that was asked for, and the instance."""

    key: Key
    name: str
    time: datetime
    instance: str
    at: datetime
    created: datetime
    modified: datetime | None
    deleted: datetime | None
    value: Instance


def keys(heads_: "Sequence[Head]") -> dict[tuple[str, str], Key]:
    """The keys of entities by the path and the id under which their instances lie."""
    return {(head.key.path, head.inside): head.key for head in heads_}


def _row(row: asyncpg.Record, known: Mapping[tuple[str, str], Key]) -> Row:
    return Row(
        key=known[row["path"], row["id"]],
        name=row["name"],
        time=row["time"],
        instance=row["instance"],
        at=row["at"],
        created=row["created"],
        modified=row["modified"],
        deleted=row["deleted"],
        value=orjson.loads(row["value"]),
    )


class Through(msgspec.Struct, frozen=True, kw_only=True):
    """Through what the past is read: the tables themselves, of which what is somebody's is hidden, or what a call may see."""

    rows: str = "broker.evolution v left join broker.entity e using (tenant, path, id)"
    """Rows `v` of entities over time."""
    columns: str = "v.id as inside, e.modified, null as names, v.subject"
    """Under which id the instances lie, when the entity was modified, which names may be read (null: all), whose it is."""
    where: str = "v.subject is null"
    mine: str = "h.tenant = v.tenant and h.path = v.path and h.id = v.id"
    """Whether an instance `h` is of an entity `v`, and may be read."""
    value: Callable[[], str] = lambda: "h.value"
    """Makes the expression of an instance's value, where a statement has one."""


TABLES: Final = Through()


def through(sight: Sight, bind: Bind, whose: Collection[str] | None = None) -> Through:
    """What a call may see."""
    return Through(
        rows=f"{sight.table(sight.pasts, bind, whose)} v",
        columns="v.inside, v.modified, v.names, v.subject",
        where="true",
        mine="h.tenant = v.tenant and h.path = v.path and h.id = v.inside and h.name = any(v.names)",
        value=lambda: sight.table(sight.value, bind),
    )


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """An entity whose past is asked for: what it is, and in which times it was in the scopes that were asked for."""

    key: Key
    inside: str = ""
    """The id under which its instances lie."""
    names: tuple[str, ...] | None = None
    """The attributes that may be read; None: all."""
    subject: str | None = None
    """Whose it is, as the caller's sector knows them."""
    types: tuple[str, ...]
    created: datetime
    modified: datetime | None = None
    deleted: datetime | None = None
    ranges: str | None = None
    """A tstzmultirange as text; None where no scope was asked for."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Which instances of the entities that were chosen: conditions on a row `h`, and by what time they are ordered."""

    branches: tuple[tuple[str, str], ...]
    """Expressions of the time, each with the condition under which it is the time."""
    where: str
    """A condition in which `{time}` stands for the expression."""
    values: tuple[Any, ...]
    """What the condition binds, from $1 on."""
    names: tuple[str, ...] | None = None
    """Only these attributes."""
    omitted: tuple[str, ...] = ()
    last: int | None = None
    """Only so many of each attribute, from the latest on."""
    value: str = "h.value"
    """An instance's value as the caller may read it."""

    def select(self, columns: str, tail: str = "") -> str:
        """The instances of one series `s`, a part per expression of the time."""
        parts = [  # the compiler binds every value
            f"""(select {columns.format(time=time)} from broker.instance h
                  where h.tenant = s.tenant and h.path = s.path and h.id = s.id and h.name = s.name
                    and {present} and {self.where.format(time=time)}
                    and (s.ranges is null or {time} <@ s.ranges) {tail.format(time=time)})"""  # noqa: S608 - as said
            for time, present in self.branches
        ]
        return " union all ".join(parts)

    def series(self) -> tuple[str, tuple[Any, ...]]:
        """The series of entities that are bound after the condition's values, and all values."""
        end = len(self.values)
        sql = f"""
            select v.tenant, v.path, v.id, n.name, k.ranges::tstzmultirange as ranges
              from unnest(${end + 1}::text[], ${end + 2}::text[], ${end + 3}::text[], ${end + 4}::text[], ${end + 7}::text[])
                       as k (tenant, path, id, ranges, names)
              join broker.evolution v using (tenant, path, id), unnest(v.names) as n (name)
             where (${end + 5}::text[] is null or n.name = any(${end + 5}))
               and not n.name = any(${end + 6}::text[]) and (k.names is null or n.name = any(k.names::text[]))
        """  # noqa: S608 - numbers
        return sql, self.values

    def of(self, head: "Head", columns: str) -> tuple[str, tuple[Any, ...]]:
        """All chosen instances of one entity in one piece, which the planner may share among its workers, and what is bound."""
        end = len(self.values)
        where = f"h.tenant = ${end + 1} and h.path = ${end + 2} and h.id = ${end + 3}"
        values: list[Any] = [*self.values, head.key.tenant, head.key.path, head.inside]
        names = (
            self.names if head.names is None else head.names if self.names is None else {*self.names} & {*head.names}
        )
        if names is not None:
            values.append(sorted(names))
            where += f" and h.name = any(${len(values)}::text[])"
        if self.omitted:
            values.append(list(self.omitted))
            where += f" and not h.name = any(${len(values)}::text[])"
        if head.ranges is not None:
            values.append(head.ranges)
            where += f" and {{time}} <@ ${len(values)}::text::tstzmultirange"
        parts = [  # the compiler binds every value
            f"(select {columns.format(time=time)} from broker.instance h "  # noqa: S608 - as said
            f"where {where.format(time=time)} and {present} and {self.where.format(time=time)})"
            for time, present in self.branches
        ]
        return " union all ".join(parts), tuple(values)

    def bound(self, heads: Sequence[Head]) -> tuple[Any, ...]:
        """The values of a statement about these entities."""
        return (
            *self.values,
            [head.key.tenant for head in heads],
            [head.key.path for head in heads],
            [head.inside for head in heads],
            [head.ranges for head in heads],
            None if self.names is None else list(self.names),
            list(self.omitted),
            [None if head.names is None else array(head.names) for head in heads],
        )


async def head_of(conn: Connection, key: Key) -> Head | None:
    """One entity over time, or None where nothing is recorded of it."""
    found = await heads(conn, "v.tenant = $1 and v.path = $2 and v.id = $3", (key.tenant, key.path, key.id), limit=1)
    return found[0] if found and await has_instances(conn, key) else None


async def heads(
    conn: Connection,
    where: str,
    values: Sequence[Any],
    *,
    through: Through = TABLES,
    ranges: str = "null",
    limit: int,
    offset: int = 0,
    down: bool = False,
) -> list[Head]:
    """The entities over time for which the compiled condition holds."""
    end, order = len(values), "desc" if down else "asc"
    rows = await conn.fetch(f"""
        select v.tenant, v.path, v.id, v.types, v.created, v.deleted, {through.columns}, ({ranges})::text as ranges
          from {through.rows}
         where {where} and {through.where} order by v.id {order}, v.path limit ${end + 1} offset ${end + 2}
    """, *values, limit, offset)  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [
        Head(
            key=Key(row["tenant"], row["path"], row["id"]),
            inside=row["inside"],
            names=None if row["names"] is None else tuple(row["names"]),
            subject=row["subject"],
            types=tuple(row["types"]),
            created=row["created"],
            modified=row["modified"],
            deleted=row["deleted"],
            ranges=row["ranges"],
        )
        for row in rows
    ]


async def count(conn: Connection, where: str, values: Sequence[Any], through: Through = TABLES) -> int:
    """How many entities over time there are for which the compiled condition holds."""
    counted = f"select count(*) from {through.rows} where {where} and {through.where}"  # noqa: S608 - as above
    found: int = await conn.fetchval(counted, *values)
    return found


async def scopes_at(conn: Connection, heads_: Sequence[Head], moment: datetime, name: str) -> list[Row]:
    """The last record of the scopes of each of these entities before a moment, where it has its ranges."""
    rows = await conn.fetch("""
        select s.*, b.*, b.since as time
          from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as s (tenant, path, id, ranges),
               lateral (select h.name, h.instance, coalesce(h.observed, h.created) as since, h.at, h.created, h.modified,
                               h.deleted, h.value
                          from broker.instance h
                         where h.tenant = s.tenant and h.path = s.path and h.id = s.id and h.name = $6
                           and coalesce(h.observed, h.deleted, '-infinity') < $5
                         order by coalesce(h.observed, h.deleted, '-infinity') desc, h.instance desc limit 1) b
         where b.deleted is null and $5 <@ s.ranges::tstzmultirange
    """, [head.key.tenant for head in heads_], [head.key.path for head in heads_], [head.inside for head in heads_],
        [head.ranges for head in heads_], moment, name,
    )  # fmt: skip
    return [_row(row, keys(heads_)) for row in rows]


class Rows(msgspec.Struct, frozen=True):
    """Instances of one page in the order of time, and whether there are more beyond it."""

    rows: list[Row]
    named: set[tuple[Key, str]]
    """Every series that has an instance, on this page or beyond."""
    partial: bool


async def instances(conn: Connection, heads_: Sequence[Head], wanted: Slice, most: int) -> Rows:
    """The instances of these entities, at most about `most`, the earliest first, or with `last` the latest first.

    A page ends between two moments, never within one, so that who asks for what follows misses nothing.
    """
    backward = wanted.last is not None
    order = "desc" if backward else "asc"
    each = most + 1 if wanted.last is None else min(most + 1, wanted.last)
    columns = (
        "h.dataset, h.instance, {time} as time, h.at, h.created, h.modified, h.deleted, " + wanted.value + " as value"
    )
    tail = f"order by {{time}} {order}, h.at {order}, h.instance {order} limit {each}"
    series, _ = wanted.series()
    end = len(wanted.values) + 7
    rows = await conn.fetch(f"""
        with found as materialized (
            select s.tenant, s.path, s.id, s.name, b.*,
                   row_number() over (partition by s.tenant, s.path, s.id, s.name order by b.time {order}) as rank
              from ({series}) s,
                   lateral (select * from ({wanted.select(columns, tail)}) b
                             order by time {order}, instance {order} limit {each}) b
        ), edge as (
            select time from found order by time {order} offset ${end + 1} limit 1
        )
        select f.*, edge.time as edge from found f left join edge on true
         where edge.time is null or f.time {">" if backward else "<"} edge.time or f.rank = 1
            or (f.time = edge.time and edge.time = (select {"max" if backward else "min"}(time) from found))
         order by f.time, f.instance
    """, *wanted.bound(heads_), most)  # noqa: S608 - the compiler binds every value  # fmt: skip
    known = keys(heads_)
    made = [_row(row, known) for row in rows]
    named = {(row.key, row.name) for row in made}
    edge: datetime | None = rows[0]["edge"] if rows else None
    if edge is None:
        return Rows(made, named, partial=False)
    inside = [row for row in made if (row.time > edge if backward else row.time < edge)]
    return Rows(inside or [row for row in made if row.time == edge], named, partial=True)


async def values(conn: Connection, heads_: Sequence[Head], wanted: Slice, most: int) -> list[tuple[Key, Any]]:
    """The values of these series, at most `most` of each, without anything around them."""
    series, _ = wanted.series()
    rows = await conn.fetch(f"""
        select s.tenant, s.path, s.id, b.value from ({series}) s,
               lateral (select * from ({wanted.select("h.value -> 'value' as value")}) b limit {most}) b
    """, *wanted.bound(heads_))  # noqa: S608 - the compiler binds every value  # fmt: skip
    known = keys(heads_)
    return [(known[row["path"], row["id"]], orjson.loads(row["value"])) for row in rows if row["value"]]


def exists(condition: str, through: Through = TABLES) -> str:
    """An entity `v` has an instance `h` for which the condition holds: looked for in each of its series, by the index."""
    return f"""exists (
        select from unnest(v.names) as n (name),
               lateral (select from broker.instance h where {through.mine} and h.name = n.name and {condition}
                         order by h.observed, h.at limit 1) one)"""  # noqa: S608 - the compiler binds every value


def fulfils(chosen: str, condition: str, through: Through = TABLES) -> str:
    """The chosen instances `h` of an entity `v`, put together as a document `d`, fulfil the condition."""
    return f"""exists (
        select from (
            select v.tenant, v.path, v.id, v.types, '{{}}'::text[] as scopes, v.created,
                   coalesce(v.deleted, v.created) as modified, g.doc, g.doc as facts
              from (select coalesce(jsonb_object_agg(name, instances), '{{}}') as doc
                      from (select h.name, jsonb_agg({through.value()}) as instances from broker.instance h
                             where {through.mine} and h.deleted is null and {chosen} group by h.name) n) g
        ) d where {condition})"""  # noqa: S608 - as above


def in_scopes(condition: str, name: str, through: Through = TABLES) -> str:
    """When an entity `v` was in scopes `x` for which the condition holds: from one record of its scopes to the next (§4.18)."""
    return f"""
        select range_agg(tstzrange(x.since, x.until)) from (
            select coalesce(h.observed, h.deleted, '-infinity') as since,
                   lead(coalesce(h.observed, h.deleted, '-infinity'))
                       over (order by coalesce(h.observed, h.deleted, '-infinity'), h.instance) as until,
                   array(select jsonb_array_elements_text(h.value -> 'value')) as scopes
              from broker.instance h where {through.mine} and h.name = '{name}'
        ) x where {condition}"""  # noqa: S608 - as above
