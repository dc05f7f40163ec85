"""Aggregates of instances over periods, reckoned in SQL: from the index alone where all values are numbers (CIM 009 §4.5.19)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.access import Sight
from hiroba.exchange.broker.documents.evolution_writing import Aggregate, Series
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.history import merging, summing
from hiroba.exchange.broker.history.periods import Duration, Periods
from hiroba.exchange.broker.history.questions import Period, Wanted, slice_of
from hiroba.exchange.broker.history.store import reckoning
from hiroba.exchange.broker.history.store.reading import Head, Slice
from hiroba.exchange.broker.history.store.reckoning import Group
from hiroba.exchange.broker.model import Entity, Key, dataset

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
    conn: Connection, heads: Sequence[Head], wanted: Wanted, aggregation: Aggregation, sight: Sight | None = None
) -> dict[Key, list[Series]]:
    """The aggregates of these entities, by entity."""
    chosen = slice_of(wanted, sight)
    made: dict[Key, list[Series]] = {head.key: [] for head in heads}
    spans = await reckoning.spans(conn, heads, chosen)
    for head in heads:
        if head.key in spans:
            periods = _periods(*spans[head.key], wanted.period, aggregation.length)
            groups = await _groups(conn, head, chosen, periods, aggregation.methods)
            types = await reckoning.types(conn, head, list({(group.name, group.dataset): None for group in groups}))
            named = wanted.names is not None
            made[head.key] = _series(groups, types, periods, aggregation, named=named)
    return made


def of_entity(entity: Entity, wanted: Wanted, aggregation: Aggregation) -> list[Series]:
    """The aggregates of instances that are at hand."""
    asked = wanted.period
    moments = sorted(merging.times(entity, asked))
    if not moments:
        return []
    periods = _periods(moments[0], moments[-1], asked, aggregation.length)
    found: dict[tuple[str, str], list[summing.Timed]] = {}
    for name, instances in entity.doc.items():
        for instance in instances:
            if (time := merging.time_of(instance, asked.timeproperty)) is not None:
                found.setdefault((name, dataset(instance)), []).append((time, instance))
    groups = [
        group
        for (name, set_), mine in found.items()
        for group in summing.groups(name, set_, mine, periods, aggregation.methods)
    ]
    types = {key: mine[0][1]["type"] for key, mine in found.items()}
    return _series(groups, types, periods, aggregation, named=wanted.names is not None)


def _periods(first: datetime, last: datetime, asked: Period, length: Duration) -> Periods:
    """The periods of an entity: from the beginning that was asked for, or where that is open, from its first instance."""
    return Periods(length, asked.start or first, asked.end or last, last)


async def _groups(
    conn: Connection, head: Head, chosen: Slice, periods: Periods, methods_: Sequence[str]
) -> list[Group]:
    """Everything of an entity by period: from the index, and where that shows values that are no numbers, from the rows."""
    try:
        groups = await reckoning.numbers(conn, head, chosen, periods, methods_)
        uneven = {group.name for group in groups if group.count != group.numbers}
        if uneven:
            narrower = msgspec.structs.replace(chosen, names=tuple(sorted(uneven)))
            groups = [group for group in groups if group.name not in uneven]
            groups += await reckoning.anything(conn, head, narrower, periods, methods_)
    except asyncpg.NumericValueOutOfRangeError:
        raise InvalidRequest(f"The values of {head.key.id} are too large to be added or squared.") from None
    return groups


def _series(
    groups: Sequence[Group],
    types: Mapping[tuple[str, str], str],
    periods: Periods,
    aggregation: Aggregation,
    *,
    named: bool,
) -> list[Series]:
    """Groups as series; a method that fits none of an attribute's values is left out, or refused where it was named."""
    by_series: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        by_series.setdefault((group.name, group.dataset), []).append(group)
    made = []
    for (name, set_), mine in sorted(by_series.items()):
        fit = frozenset.intersection(*(FIT[group.kind] for group in mine))
        unfit = [method for method in aggregation.methods if method not in fit]
        if unfit and (named or len(unfit) == len(aggregation.methods)):
            raise InvalidRequest(f"{', '.join(unfit)} cannot be reckoned from the values of {name}.")
        aggregates = [
            Aggregate(
                method=method,
                value=group.values[method],
                start=group.start,
                end=periods.end_of(group.start, group.number),
            )
            for method in aggregation.methods
            if method in fit
            for group in mine
        ]
        made.append(Series(name=name, type=types[name, set_], dataset=set_, aggregates=aggregates))
    return made
