"""Aggregates in SQL give what plain Python gives, whatever the values and the periods (CIM 009 §4.5.19)."""

import itertools
import math
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hiroba.base import clock
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.history import questions
from hiroba.exchange.broker.history.aggregates import FIT, METHODS, Aggregation, aggregate, of_entity
from hiroba.exchange.broker.history.merging import version
from hiroba.exchange.broker.history.model import Evolution, Record
from hiroba.exchange.broker.history.periods import Duration, duration
from hiroba.exchange.broker.history.questions import Period, Wanted
from hiroba.exchange.broker.history.store import reading, writing
from hiroba.exchange.broker.model import Key

pytestmark = pytest.mark.anyio

KEY = Key("", "", "urn:ngsi-ld:Car:1")
NAME = "https://example.org/speed"
BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)
LENGTHS = ("PT0S", "PT7M", "PT1H", "P1D", "P1W", "P1M", "P1Y", "P1M2DT3H")

numbers = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.booleans())
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
values = st.one_of(numbers, texts, st.lists(numbers, max_size=3), st.fixed_dictionaries({"a": numbers}))
times = st.integers(0, 90 * 86400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


def kind_of(value: Any) -> str:
    return {bool: "number", int: "number", float: "number", str: "text", list: "array"}.get(type(value), "other")


def periods(length: Duration, start: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every period from the start on, one by one."""
    number = 0
    while (begin := length.after(start, number)) <= last:
        yield begin, length.after(start, number + 1)
        number += 1


def oracle(instances: list[tuple[datetime, Any]], length: Duration, start: datetime) -> dict[str, list[tuple]]:
    """What §4.5.19 says, word by word."""
    last = max(moment for moment, _ in instances)
    spans = [(start, last)] if length.whole else list(periods(length, start, last))
    found: dict[str, list[tuple]] = {}
    for begin, end in spans:
        inside = [value for moment, value in instances if length.whole or begin <= moment < end]
        if inside:
            for method in METHODS:
                found.setdefault(method, []).append((reckon(method, inside), begin, end))
    return found


def reckon(method: str, inside: list[Any]) -> Any:
    kinds = {kind_of(value) for value in inside}
    kind = kinds.pop() if len(kinds) == 1 else "other"
    if method == "totalCount":
        return len(inside)
    if method == "distinctCount":
        return len({json_of(value, alone=kind == "number") for value in inside})
    if method not in FIT[kind]:
        return None
    plain = [len(value) if kind == "array" else value for value in inside]
    if method in {"min", "max"}:
        return (min if method == "min" else max)(plain)
    squares = math.fsum(value * value for value in plain)
    return {
        "sum": math.fsum(plain),
        "avg": math.fsum(plain) / len(plain), "sumsq": squares,
        "stddev": statistics.pstdev(map(float, plain)),
    }[method]  # fmt: skip


def json_of(value: Any, *, alone: bool) -> Any:
    """What makes a value distinct: 1 and 1.0 are one number, and where there are only numbers true is 1."""
    if isinstance(value, bool):
        return float(value) if alone else ("flag", value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        return tuple(json_of(part, alone=False) for part in value)
    return ("object", json_of(value["a"], alone=False)) if isinstance(value, dict) else ("text", value)


@given(
    instances=st.lists(st.tuples(times, numbers), min_size=1, max_size=20, unique_by=lambda pair: pair[0])
    | st.lists(st.tuples(times, texts), min_size=1, max_size=20, unique_by=lambda pair: pair[0])
    | st.lists(st.tuples(times, st.lists(numbers, max_size=3)), min_size=1, max_size=20, unique_by=lambda pair: pair[0])
    | st.lists(st.tuples(times, values), min_size=1, max_size=20, unique_by=lambda pair: pair[0]),
    length=st.sampled_from(LENGTHS),
    asked=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sql_and_what_is_at_hand_reckon_as_python_does(conn, instances: list, length: str, asked: bool) -> None:  # noqa: FBT001 - drawn
    transaction = conn.transaction()
    await transaction.start()
    try:
        records = [
            Record(
                key=KEY, name=NAME, instance=f"{number:026}", at=BEGIN, observed=moment, created=BEGIN,
                value={"type": "Property", "value": value, "observedAt": clock.iso(moment)},
            )
            for number, (moment, value) in enumerate(instances)
        ]  # fmt: skip
        await writing.record(conn, [Evolution(key=KEY, types=("T",), names=(NAME,), created=BEGIN)], records)
        head = await reading.head_of(conn, KEY)
        assert head is not None
        long = duration(length)
        wanted = Wanted(period=Period(timeproperty="observedAt", start=BEGIN if asked else None))
        expected = oracle(instances, long, BEGIN if asked else min(moment for moment, _ in instances))
        kinds = {kind_of(value) for _, value in instances}
        fit = [method for method in METHODS if all(method in FIT[kind] for kind in kinds)]
        (series,) = (await aggregate(conn, [head], wanted, Aggregation(methods=METHODS, length=long)))[KEY]
        rows = await questions.instances(conn, [head], wanted, 1000)
        (at_hand,) = of_entity(version(head, rows.rows), wanted, Aggregation(methods=METHODS, length=long))
        for method, one_series in itertools.product(METHODS, (series, at_hand)):
            got = [(one.value, one.start, one.end) for one in one_series.aggregates if one.method == method]
            if not got:
                assert method not in fit or None in [value for value, _, _ in expected[method]]
                continue
            assert [(begin, end) for _, begin, end in got] == [(begin, end) for _, begin, end in expected[method]]
            for (value, _, _), (wish, _, _) in zip(got, expected[method], strict=True):
                assert value == (pytest.approx(wish, rel=1e-6, abs=1e-3) if isinstance(wish, float) else wish), method
    finally:
        await transaction.rollback()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("PT1H", "2026-01-31T13:00:00"), ("P1D", "2026-02-01T12:00:00"), ("P1W", "2026-02-07T12:00:00"),
        ("P1M", "2026-02-28T12:00:00"),
        ("P1Y", "2027-01-31T12:00:00"), ("PT0.5S", "2026-01-31T12:00:00.500000"), ("P1Y1M1DT1H1M1S", "2027-03-01T13:01:01"),
    ],
)  # fmt: skip
def test_a_period_ends_where_the_calendar_says(text: str, end: str) -> None:
    assert duration(text).after(BEGIN, 1).isoformat() == f"{end}+00:00"


def test_the_last_day_of_a_month_comes_back() -> None:
    assert duration("P1M").after(BEGIN, 2).day == 31


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "PT1D", "P1H", "P-1D", "P1DT", "2026-01-01", "P1W1D", "PT１H"])
def test_what_is_no_duration_is_told_so(text: str) -> None:
    with pytest.raises(BadRequestData):
        duration(text)


@pytest.mark.parametrize("text", ["PT0S", "P0D", "P0Y", "PT0H0M"])
def test_nothing_is_the_whole_time(text: str) -> None:
    assert duration(text).whole


async def past_of(broker: Any, past: Any, value: Any, **params: str) -> dict:
    document = {"id": KEY.id, "type": "Car", "speed": [{"value": value, "observedAt": "2026-01-01T00:00:00Z"}]}
    assert (await broker.post("/ngsi-ld/v1/temporal/entities", json=document)).status_code == 201
    status = int(params.pop("status", "200"))
    return await past(KEY.id, status, format="aggregatedValues", **params)


async def test_times_of_day_have_an_average_and_dates_a_greatest(broker, past) -> None:
    document = {
        "id": KEY.id, "type": "Car",
        "enters": [{"value": {"@type": "Time", "@value": clock}, "observedAt": f"2026-01-0{day}T00:00:00Z"}
                   for day, clock in ((1, "08:00:00Z"), (2, "10:00:00Z"))],
        "due": [{"value": {"@type": "Date", "@value": date}, "observedAt": f"{date}T00:00:00Z"}
                for date in ("2026-01-01", "2026-02-01")],
    }  # fmt: skip
    assert (await broker.post("/ngsi-ld/v1/temporal/entities", json=document)).status_code == 201
    found = await past(KEY.id, format="aggregatedValues", aggrMethods="avg,max")
    assert found["enters"]["avg"][0][0] == "09:00:00Z"
    assert found["due"]["max"][0][0] == "2026-02-01"
    assert "avg" not in found["due"]


async def test_a_method_that_does_not_fit_a_named_attribute_is_an_error(broker, past) -> None:
    problem = await past_of(broker, past, "fast", aggrMethods="avg", attrs="speed", status="400")
    assert problem["type"].endswith("InvalidRequest")
    assert "avg" in problem["detail"]


async def test_numbers_too_large_to_be_squared_are_an_error_and_no_accident(broker, past) -> None:
    await past_of(broker, past, 1e300, aggrMethods="sumsq", status="400")


async def test_what_was_deleted_is_not_reckoned(broker, past) -> None:
    await past_of(broker, past, 5, aggrMethods="avg")
    await broker.delete(f"/ngsi-ld/v1/entities/{KEY.id}/attrs/speed")
    found = await past(KEY.id, format="aggregatedValues", aggrMethods="totalCount,avg")
    assert [found["speed"][method][0][0] for method in ("totalCount", "avg")] == [1, 5]


def test_every_method_has_a_place_in_the_tables() -> None:
    assert set().union(*FIT.values()) == set(METHODS)
    assert InvalidRequest.status == 400
