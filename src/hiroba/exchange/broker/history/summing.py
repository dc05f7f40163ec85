"""Instances at hand put together by period, as `store/reckoning.py` does with those in the database (CIM 009 §4.5.19). Pure."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from re import compile as pattern
from statistics import fmean, pstdev
from typing import Any, Final

import orjson

from hiroba.exchange.broker.errors import InvalidRequest
from hiroba.exchange.broker.history.model import number_of
from hiroba.exchange.broker.history.periods import Periods
from hiroba.exchange.broker.history.store.reckoning import Group
from hiroba.exchange.broker.model import VALUE_OF, Instance

Timed = tuple[datetime, Instance]
_CLOCK: Final = pattern(r"([0-2]\d):([0-5]\d):([0-5]\d)")
_EXACT: Final = 1 << 53
"""Whole numbers below this are the same as numbers with a fraction."""
_TINY: Final = 1e-150
"""What is too small to be squared is nothing."""


def groups(
    name: str, dataset: str, instances: Iterable[Timed], periods: Periods, methods: Sequence[str]
) -> list[Group]:
    """One series by period, the earliest first; instances that tell a deletion are none."""
    start_of = _starts(periods)
    found: dict[tuple[int, datetime], list[Instance]] = {}
    for time, instance in instances:
        if "deletedAt" not in instance:
            found.setdefault(start_of(time), []).append(instance)
    return [
        Group(name=name, dataset=dataset, number=number, start=start, **_together(mine, methods))
        for (number, start), mine in sorted(found.items(), key=lambda item: item[0][1])
    ]


def _starts(periods: Periods) -> Callable[[datetime], tuple[int, datetime]]:
    """The number and the start of the period that a moment lies in."""
    length = periods.length
    if length.whole:
        return lambda _: (0, periods.start)
    if not length.months:
        return lambda time: (0, periods.start + (time - periods.start) // length.rest * length.rest)
    bounds = periods.bounds()

    def uneven(time: datetime) -> tuple[int, datetime]:
        number = bisect_right(bounds, time) - 1
        return number, bounds[number]

    return uneven


def _together(instances: Sequence[Instance], methods: Sequence[str]) -> dict[str, Any]:
    values = [instance.get(VALUE_OF[instance["type"]]) for instance in instances]
    kinds = [_kind(instance, value) for instance, value in zip(instances, values, strict=True)]
    kind = kinds[0] if len(set(kinds)) == 1 else "other"
    reckoned = _reckoned(kind, instances, values)
    return {
        "count": len(instances),
        "numbers": kinds.count("number"),
        "kind": kind,
        "values": {method: reckoned.get(method) for method in methods},
    }


def _kind(instance: Instance, value: Any) -> str:
    """What a value is reckoned as (tables 4.5.19.1-1 to -3)."""
    if number_of(instance) is not None:
        return "number"
    if instance["type"] not in {"Property", "ListProperty"}:
        return "other"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "text"
    typed = value.get("@type") if isinstance(value, dict) else None
    return "text" if typed in {"DateTime", "Date"} else "time" if typed == "Time" else "other"


def _reckoned(kind: str, instances: Sequence[Instance], values: Sequence[Any]) -> Mapping[str, Any]:
    counts = {
        "totalCount": len(values),
        "distinctCount": len({orjson.dumps(_alike(value), option=orjson.OPT_SORT_KEYS) for value in values}),
    }
    if kind == "number":
        numbers = [number_of(instance) or 0.0 for instance in instances]
        return counts | {"distinctCount": len(set(numbers))} | _numbers(numbers)
    if kind == "array":
        return counts | _numbers([float(len(value)) for value in values])
    if kind in {"text", "time"}:
        words = [value if isinstance(value, str) else str(value.get("@value")) for value in values]
        return counts | {"min": min(words), "max": max(words), "avg": _clock(words) if kind == "time" else None}
    return counts


def _alike(value: Any) -> Any:
    """The same for values that are the same: 1 and 1.0 are one number."""
    if isinstance(value, list):
        return list(map(_alike, value))
    if isinstance(value, dict):
        return {name: _alike(part) for name, part in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT else value


def _numbers(numbers: Sequence[float]) -> dict[str, float]:
    try:
        found = {
            "avg": fmean(numbers),
            "max": max(numbers),
            "min": min(numbers),
            "stddev": pstdev(numbers),
            "sum": math.fsum(numbers),
            "sumsq": math.fsum(0.0 if abs(one) < _TINY else one * one for one in numbers),
        }
    except OverflowError:
        found = {"sum": math.inf}
    if not all(map(math.isfinite, found.values())):
        raise InvalidRequest("The values are too large to be added or squared.")
    return found


def _clock(words: Iterable[str]) -> str | None:
    """The time of day in the middle of several."""
    seconds = [
        int(hours) * 3600 + int(minutes) * 60 + int(rest)
        for word in words
        if (found := _CLOCK.match(word)) is not None
        for hours, minutes, rest in (found.groups(),)
    ]
    if not seconds:
        return None
    minutes, rest = divmod(round(fmean(seconds)), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}Z"
