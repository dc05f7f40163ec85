"""Instances put together by period, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.history.periods import Periods
from hiroba.exchange.broker.history.store.reading import Head, Slice
from hiroba.exchange.broker.model import Key


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """A series that has instances: its first and last moment, and its type."""

    key: Key
    name: str
    dataset: str
    type: str
    first: datetime
    last: datetime


async def extents(conn: Connection, heads_: Sequence[Head], wanted: Slice) -> list[Extent]:
    """First and last moment of every series of these entities."""
    series, _ = wanted.series()
    rows = await conn.fetch(f"""
        select s.tenant, s.path, s.id, s.name, b.dataset, b.first, b.last,
               (select t.value ->> 'type' from broker.instance t
                 where t.tenant = s.tenant and t.path = s.path and t.id = s.id and t.name = s.name and t.dataset = b.dataset
                 limit 1) as type
          from ({series}) s,
               lateral (select dataset, min(time) as first, max(time) as last
                          from ({wanted.select("h.dataset, {time} as time")}) b group by dataset) b
    """, *wanted.bound(heads_))  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [
        Extent(
            key=Key(row["tenant"], row["path"], row["id"]),
            name=row["name"],
            dataset=row["dataset"],
            type=row["type"],
            first=row["first"],
            last=row["last"],
        )
        for row in rows
    ]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The instances of one series in one period, put together."""

    name: str
    dataset: str
    number: int
    """Of the period, from 0 on; meaningful where the calendar makes periods uneven."""
    start: datetime
    count: int
    numbers: int
    """How many of them are numbers."""
    kind: str
    """number, array, text, time or other: what the values are, `other` where they differ."""
    values: dict[str, Any]
    """By method; those that do not fit the kind are None."""


def _bucket(periods: Periods, end: int) -> tuple[str, str, tuple[Any, ...]]:
    """The number and the start of the period that `time` lies in, and what they bind after `end` values."""
    if periods.length.whole:
        return "0", f"${end + 1}::timestamptz", (periods.start,)
    if not periods.length.months:
        return (
            "0",
            f"date_bin(${end + 1}::interval, time, ${end + 2}::timestamptz)",
            (periods.length.rest, periods.start),
        )
    number = f"width_bucket(time, ${end + 1}::timestamptz[]) - 1"
    return (
        number,
        f"(${end + 1}::timestamptz[])[width_bucket(time, ${end + 1}::timestamptz[])]",
        (periods.bounds(),),
    )


_SQUARE: Final = "case when abs({0}) < 1e-150 then 0 else {0} * {0} end"
"""What is too small to be squared is nothing."""
_NUMBERS: Final = f"""
    count(*) as "totalCount", count(number) as numbers,
    avg(number) as avg, min(number) as min, max(number) as max,
    sum(number) as sum, sum({_SQUARE.format("number")}) as sumsq, stddev_pop(number) as stddev,
    count(distinct number) as "distinctCount"
"""


async def numbers(conn: Connection, head: Head, wanted: Slice, periods: Periods) -> list[Group]:
    """One entity's series by period, reckoned from the index alone; right for series whose values are all numbers."""
    series, _ = wanted.series()
    number, start, bound = _bucket(periods, len(wanted.values) + 6)
    rows = await conn.fetch(f"""
        select name, dataset, {number} as bucket, {start} as start, {_NUMBERS}
          from ({series}) s, lateral ({wanted.select("h.dataset, {time} as time, h.number")}) b
         group by 1, 2, 3, 4 order by 1, 2, 4
    """, *wanted.bound([head]), *bound)  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [_group(row, "number", _METHODS) for row in rows]


_METHODS: Final = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")


def _group(row: asyncpg.Record, kind: str, methods: Sequence[str]) -> Group:
    return Group(
        name=row["name"],
        dataset=row["dataset"],
        number=row["bucket"],
        start=row["start"],
        count=row["totalCount"],
        numbers=row["numbers"],
        kind=kind,
        values={method: row[method] for method in methods},
    )


async def anything(conn: Connection, head: Head, wanted: Slice, periods: Periods, names: Sequence[str]) -> list[Group]:
    """The same for values of any kind: sizes of arrays, texts, dates and times of day (tables 4.5.19.1-1 and -2)."""
    wanted = msgspec.structs.replace(wanted, names=tuple(names))
    columns = "h.dataset, {time} as time, h.number, h.deleted, h.value, h.value ->> 'type' as kind"
    series, _ = wanted.series()
    number, start, bound = _bucket(periods, len(wanted.values) + 6)
    rows = await conn.fetch(f"""
        with typed as (
            select s.name, b.dataset, b.time, b.number, v.value,
                   case when b.number is not null then 'number'
                        when b.kind not in ('Property', 'ListProperty') then 'other'
                        when jsonb_typeof(v.value) = 'array' then 'array'
                        when jsonb_typeof(v.value) = 'string' then 'text'
                        when v.value ->> '@type' in ('DateTime', 'Date') then 'text'
                        when v.value ->> '@type' = 'Time' then 'time'
                        else 'other' end as kind
              from ({series}) s,
                   lateral ({wanted.select(columns)}) b,
                   lateral (select coalesce(b.value -> 'value', b.value -> 'object', b.value -> 'vocab', b.value -> 'json',
                                            b.value -> 'valueList', b.value -> 'objectList', b.value -> 'languageMap') as value) v
             where b.deleted is null
        ), reckoned as (
            select *, case when kind = 'number' then number when kind = 'array' then jsonb_array_length(value) end as one,
                   case when kind in ('text', 'time') then coalesce(value ->> '@value', value #>> '{{}}') end collate "C" as words
              from typed
        )
        select name, dataset, {number} as bucket, {start} as start,
               count(*) as "totalCount", count(number) as numbers, count(distinct value) as "distinctCount",
               avg(one) as avg, min(one) as min, max(one) as max, sum(one) as sum,
               sum({_SQUARE.format("one")}) as sumsq, stddev_pop(one) as stddev, min(words) as least, max(words) as most,
               case when count(distinct kind) = 1 then min(kind) else 'other' end as kind,
               avg(case when kind = 'time' and words ~ '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
                        then extract(epoch from left(words, 8)::time) end) as clock
          from reckoned group by 1, 2, 3, 4 order by 1, 2, 4
    """, *wanted.bound([head]), *bound)  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [_any_group(row) for row in rows]


def _any_group(row: asyncpg.Record) -> Group:
    group = _group(row, row["kind"], _METHODS)
    if group.kind not in {"text", "time"}:
        return group
    changed: dict[str, Any] = {"min": row["least"], "max": row["most"]}
    if group.kind == "time" and row["clock"] is not None:
        minutes, seconds = divmod(round(float(row["clock"])), 60)
        changed["avg"] = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"
    return msgspec.structs.replace(group, values=group.values | changed)
