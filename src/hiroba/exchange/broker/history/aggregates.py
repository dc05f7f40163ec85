"""Aggregates of instances over periods, reckoned in SQL: from the index alone where all values are numbers (CIM 009 §4.5.19)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.documents.evolution_writing import Aggregate, Series
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.history.periods import Duration, Periods
from hiroba.exchange.broker.history.questions import Period, Wanted, slice_of
from hiroba.exchange.broker.history.store import reckoning
from hiroba.exchange.broker.history.store.reading import Head, Slice
from hiroba.exchange.broker.history.store.reckoning import Extent, Group
from hiroba.exchange.broker.model import Key

METHODS: Final = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")
_COUNTS: Final = frozenset({"distinctCount", "totalCount"})
FIT: Final[dict[str, frozenset[str]]] = {
    "number": frozenset(METHODS),
    "array": _COUNTS | {"avg", "max", "min", "sum"},
    "text": _COUNTS | {"max", "min"},
    "time": _COUNTS | {"avg", "max", "min"},
    "other": _COUNTS,
}
"""Which methods a kind of value can have (tables 4.5.19.1-1 to -3): numbers and booleans, sizes of arrays, texts and dates,
times of day, all else."""


class Aggregation(msgspec.Struct, frozen=True, kw_only=True):
    """Which methods, over periods of what length."""

    methods: tuple[str, ...]
    length: Duration = Duration()


def methods(names: Sequence[str]) -> tuple[str, ...]:
    """The methods that are named, each once."""
    if not names:
        raise BadRequestData(f"aggrMethods: aggregated values need at least one of {', '.join(METHODS)}.")
    for name in names:
        if name not in METHODS:
            raise BadRequestData(f"aggrMethods: {name!r} is none of {', '.join(METHODS)}.")
    return tuple(dict.fromkeys(names))


async def aggregate(
    conn: Connection, heads: Sequence[Head], wanted: Wanted, aggregation: Aggregation
) -> dict[Key, list[Series]]:
    """The aggregates of these entities, by entity."""
    chosen = slice_of(wanted)
    extents = await reckoning.extents(conn, heads, chosen)
    made: dict[Key, list[Series]] = {head.key: [] for head in heads}
    if not extents:
        return made
    for key, periods in _periods(extents, wanted.period, aggregation.length).items():
        mine = [extent for extent in extents if extent.key == key]
        head = next(head for head in heads if head.key == key)
        groups = await _groups(conn, head, chosen, periods)
        made[key] = list(_series(mine, groups, periods, aggregation, wanted.names))
    return made


async def _groups(conn: Connection, head: Head, chosen: Slice, periods: Periods) -> list[Group]:
    """Everything of an entity by period: from the index, and where that shows values that are no numbers, from the rows."""
    try:
        groups = await reckoning.numbers(conn, head, chosen, periods)
        uneven = {group.name for group in groups if group.count != group.numbers}
        if uneven:
            groups = [group for group in groups if group.name not in uneven]
            groups += await reckoning.anything(conn, head, chosen, periods, sorted(uneven))
    except asyncpg.NumericValueOutOfRangeError:
        raise InvalidRequest(f"The values of {head.key.id} are too large to be added or squared.") from None
    return groups


def _periods(extents: Iterable[Extent], asked: Period, length: Duration) -> dict[Key, Periods]:
    """The periods of each entity: from the beginning of what was asked for, or where it is open, of what there is."""
    found: dict[Key, Periods] = {}
    by_key: dict[Key, list[Extent]] = {}
    for extent in extents:
        by_key.setdefault(extent.key, []).append(extent)
    for key, mine in by_key.items():
        first, last = min(extent.first for extent in mine), max(extent.last for extent in mine)
        start = asked.start if asked.start is not None and length.whole else _aligned(asked.start, first, length)
        found[key] = Periods(length, start, asked.end or last, last)
    return found


def _aligned(start: datetime | None, first: datetime, length: Duration) -> datetime:
    """The start of the first period that holds something: a whole number of periods after the beginning that was asked for."""
    if start is None or length.months:
        return start or first
    return start + (first - start) // length.rest * length.rest


def _series(
    extents: Sequence[Extent],
    groups: Sequence[Group],
    periods: Periods,
    aggregation: Aggregation,
    named: frozenset[str] | None,
) -> Iterable[Series]:
    for extent in sorted(extents, key=lambda one: (one.name, one.dataset)):
        mine = [group for group in groups if group.name == extent.name and group.dataset == extent.dataset]
        kinds = {group.kind for group in mine}
        fit = frozenset.intersection(*(FIT[kind] for kind in kinds)) if kinds else frozenset(METHODS)
        unfit = [method for method in aggregation.methods if method not in fit]
        if unfit and (named is not None or len(unfit) == len(aggregation.methods)):
            raise InvalidRequest(f"{', '.join(unfit)} cannot be reckoned from the values of {extent.name}.")
        yield Series(
            name=extent.name,
            type=extent.type,
            dataset=extent.dataset,
            aggregates=[
                Aggregate(
                    method=method,
                    value=group.values[method],
                    start=group.start,
                    end=periods.end_of(group.start, group.number),
                )
                for method in aggregation.methods
                if method in fit
                for group in mine
            ],
        )
