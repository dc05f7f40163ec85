"""Instances put together by period, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.history.periods import Periods
from hiroba.exchange.broker.history.store.reading import Head, Slice, keys
from hiroba.exchange.broker.model import Key


async def spans(conn: Connection, heads_: Sequence[Head], wanted: Slice) -> dict[Key, tuple[datetime, datetime]]:
    """The first and the last moment of each of these entities that has instances, by the ends of its series."""
    series, _ = wanted.series()
    ends = [
        f"lateral (select time from ({wanted.select('{time} as time', f'order by {{time}} {order} limit 1')}) b "  # noqa: S608 - as below
        f"order by time {order} limit 1) as {name}"
        for order, name in (("asc", "a"), ("desc", "z"))
    ]
    rows = await conn.fetch(f"""
        select s.tenant, s.path, s.id, min(a.time) as first, max(z.time) as last
          from ({series}) s, {", ".join(ends)} group by s.tenant, s.path, s.id
    """, *wanted.bound(heads_))  # noqa: S608 - the compiler binds every value  # fmt: skip
    known = keys(heads_)
    return {known[row["path"], row["id"]]: (row["first"], row["last"]) for row in rows}


async def types(conn: Connection, head: Head, series: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The type of an attribute in a dataset, by both."""
    rows = await conn.fetch("""
        select s.name, s.dataset, (select h.value ->> 'type' from broker.instance h
                                    where h.tenant = $1 and h.path = $2 and h.id = $3
                                      and h.name = s.name and h.dataset = s.dataset
                                    limit 1) as type
          from unnest($4::text[], $5::text[]) as s (name, dataset)
    """, head.key.tenant, head.key.path, head.inside, [name for name, _ in series],
        [dataset for _, dataset in series])  # fmt: skip
    return {(row["name"], row["dataset"]): row["type"] for row in rows}


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
_RECKONED: Final = {
    "avg": "avg({0})",
    "distinctCount": "count(distinct {1})",
    "max": "max({0})",
    "min": "min({0})",
    "stddev": "stddev_pop({0})",
    "sum": "sum({0})",
    "sumsq": f"sum({_SQUARE})",
    "totalCount": "count(*)",
}
"""Each method of a number {0}, and of a value {1} of any kind."""


def _reckoned(methods: Sequence[str], number: str, value: str) -> str:
    chosen = dict.fromkeys((*methods, "totalCount"))
    return ", ".join(f'{_RECKONED[method].format(number, value)} as "{method}"' for method in chosen)


async def numbers(conn: Connection, head: Head, wanted: Slice, periods: Periods, methods: Sequence[str]) -> list[Group]:
    """One entity's series by period, reckoned from the index alone; right for series whose values are all numbers."""
    instances, values = wanted.of(head, "h.name, h.dataset, {time} as time, h.number")
    number, start, bound = _bucket(periods, len(values))
    rows = await conn.fetch(f"""
        select name, dataset, {number} as bucket, {start} as start, count(number) as numbers,
               {_reckoned(methods, "number", "number")}
          from ({instances}) b group by 1, 2, 3, 4 order by 1, 2, 4
    """, *values, *bound)  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [_group(row, "number", methods) for row in rows]


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


async def anything(
    conn: Connection, head: Head, wanted: Slice, periods: Periods, methods: Sequence[str]
) -> list[Group]:
    """The same for values of any kind: sizes of arrays, texts, dates and times of day (tables 4.5.19.1-1 and -2)."""
    columns = (
        f"h.name, h.dataset, {{time}} as time, h.number, h.deleted, {wanted.value} as value, h.value ->> 'type' as kind"
    )
    instances, values = wanted.of(head, columns)
    number, start, bound = _bucket(periods, len(values))
    rows = await conn.fetch(f"""
        with typed as (
            select b.name, b.dataset, b.time, b.number, v.value,
                   case when b.number is not null then 'number'
                        when b.kind not in ('Property', 'ListProperty') then 'other'
                        when jsonb_typeof(v.value) = 'array' then 'array'
                        when jsonb_typeof(v.value) = 'string' then 'text'
                        when v.value ->> '@type' in ('DateTime', 'Date') then 'text'
                        when v.value ->> '@type' = 'Time' then 'time'
                        else 'other' end as kind
              from ({instances}) b,
                   lateral (select coalesce(b.value -> 'value', b.value -> 'object', b.value -> 'vocab', b.value -> 'json',
                                            b.value -> 'valueList', b.value -> 'objectList', b.value -> 'languageMap') as value) v
             where b.deleted is null
        ), reckoned as (
            select *, case when kind = 'number' then number when kind = 'array' then jsonb_array_length(value) end as one,
                   case when kind in ('text', 'time') then coalesce(value ->> '@value', value #>> '{{}}') end collate "C" as words
              from typed
        )
        select name, dataset, {number} as bucket, {start} as start, count(number) as numbers,
               {_reckoned(methods, "one", "value")}, min(words) as least, max(words) as most,
               case when count(distinct kind) = 1 then min(kind) else 'other' end as kind,
               avg(case when kind = 'time' and words ~ '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
                        then extract(epoch from left(words, 8)::time) end) as clock
          from reckoned group by 1, 2, 3, 4 order by 1, 2, 4
    """, *values, *bound)  # noqa: S608 - the compiler binds every value  # fmt: skip
    return [_any_group(row, methods) for row in rows]


def _any_group(row: asyncpg.Record, methods: Sequence[str]) -> Group:
    group = _group(row, row["kind"], methods)
    if group.kind not in {"text", "time"}:
        return group
    changed: dict[str, Any] = {"min": row["least"], "max": row["most"]}
    if group.kind == "time" and row["clock"] is not None:
        minutes, seconds = divmod(round(float(row["clock"])), 60)
        changed["avg"] = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"
    return msgspec.structs.replace(group, values=group.values | changed)
