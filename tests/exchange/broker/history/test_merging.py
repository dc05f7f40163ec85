"""Several versions of a past as one (CIM 009 §5.7.3.4, §4.5.5.3)."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.history.merging import edge, in_scopes, last, merged, series
from hiroba.exchange.broker.history.questions import Period, Wanted
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.query import scopes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "https://example.org/speed"


def moment(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


def instance(second: int, value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": moment(second), "modifiedAt": moment(0), **members}


def version(*instances: dict[str, Any], **doc: Any) -> Entity:
    return Entity(
        key=Key("", "", "urn:a:1"), types=("T",), doc=({NAME: list(instances)} if instances else {}) | doc,
        created=NOW, modified=NOW,
    )  # fmt: skip


def seen(entity: Entity | None) -> list[tuple[str, Any]]:
    return [(one["observedAt"][-3:-1], one["value"]) for one in (entity.doc[NAME] if entity else [])]


def test_of_one_dataset_there_is_one_instance_at_one_time_the_newest() -> None:
    one = version(instance(1, "a"), instance(2, "b", modifiedAt=moment(9)), instance(2, "set", datasetId="urn:d:1"))
    two = version(instance(3, "c"), instance(2, "B", modifiedAt=moment(8)))
    assert seen(merged([one, two], [], Wanted())) == [("01", "a"), ("02", "b"), ("02", "set"), ("03", "c")]


def test_a_supplement_fills_times_that_the_others_have_none_of() -> None:
    whole, extra = version(instance(1, "a")), version(instance(1, "x", modifiedAt=moment(9)), instance(2, "y"))
    assert seen(merged([whole], [extra], Wanted())) == [("01", "a"), ("02", "y")]
    assert seen(merged([], [extra], Wanted())) == [("01", "x"), ("02", "y")]


def test_what_was_not_asked_for_is_left_out() -> None:
    period = Period(timeproperty="observedAt", start=NOW.replace(second=2), end=NOW.replace(second=3))
    given_ = version(instance(1, "a"), instance(2, "b"), instance(3, "c"), other=[instance(2, "z")])
    made = merged([given_], [], Wanted(period=period, names=frozenset({NAME})))
    assert made is not None
    assert (seen(made), set(made.doc)) == ([("02", "b")], {NAME})
    assert merged([version(instance(2, "b"))], [], Wanted(datasets=frozenset({"urn:d:1"}))).doc == {}


def test_scopes_hold_until_the_next_are_set() -> None:
    where = [
        {"type": "Property", "value": ["/a"], "observedAt": moment(1)},
        {"type": "Property", "value": ["/b"], "observedAt": moment(3)},
    ]
    made = in_scopes(
        version(*(instance(second, second) for second in range(5)), scope=where), scopes.parse("/a"), Period()
    )
    assert seen(made) == [("01", 1), ("02", 2)]
    assert in_scopes(version(instance(1, 1)), scopes.parse("/a"), Period()) is None


def test_a_partial_answer_says_how_far_it_reaches() -> None:
    assert edge("date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00.5Z/*") == datetime(
        2026, 1, 2, 0, 0, 0, 500_000, UTC
    )
    assert edge("DateTime 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/10") == datetime(2026, 1, 2, tzinfo=UTC)
    assert edge("bytes 0-9/10") is None


versions = st.lists(
    st.lists(st.builds(instance, st.integers(0, 9), st.integers(0, 5)), max_size=6).map(lambda found: version(*found)),
    max_size=3,
)


@given(versions, versions, st.integers(1, 4))
def test_merging_in_parts_is_merging_at_once(one: list[Entity], two: list[Entity], number: int) -> None:
    at_once = merged([*one, *two], [], Wanted())
    if at_once is None:
        return
    parts = [part for several in (one, two) if (part := merged(several, [], Wanted())) is not None]
    in_parts = merged(parts, [], Wanted())
    assert in_parts is not None
    moments = [at for at, _ in seen(at_once)] if NAME in at_once.doc else []
    assert ([at for at, _ in seen(in_parts)] if NAME in in_parts.doc else []) == moments
    assert moments == sorted(set(moments))
    latest = last(at_once, number)
    assert [at for at, _ in seen(latest)] == moments[-number:] if moments else not latest.doc
    assert sum(len(one_.moments) for one_ in series(at_once, Period())) == len(moments)
