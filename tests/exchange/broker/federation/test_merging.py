"""Several versions of an entity as one (CIM 009 §4.5.5.2, §4.5.5.3, §4.3.6.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.federation.merging import by_id, merged
from hiroba.exchange.broker.model import Doc, Entity, Key, dataset

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPEED, BRAND = "https://example.org/speed", "https://example.org/brand"


def entity(doc: Doc, *, id_: str = "urn:a:1", **members: Any) -> Entity:
    return Entity(
        key=Key("", "", id_),
        **{"types": ("https://example.org/Car",), "created": NOW, "modified": NOW, **members},
        doc=doc,
    )


def speed(value: int, **members: str) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


def test_attributes_of_all_versions_stand_together() -> None:
    made = merged([entity({SPEED: [speed(1)]}), entity({BRAND: [speed(2)]})], [], NOW)
    assert made is not None
    assert made.doc == {SPEED: [speed(1)], BRAND: [speed(2)]}


def test_of_two_instances_the_one_observed_last_is_taken() -> None:
    older = speed(1, observedAt="2026-01-01T00:00:00Z", modifiedAt="2026-11-01T00:00:00Z")
    newer = speed(2, observedAt="2026-01-01T00:00:00.5Z", modifiedAt="2026-01-01T00:00:00Z")
    for versions in ([older, newer], [newer, older]):
        made = merged([entity({SPEED: [one]}) for one in versions], [], NOW)
        assert made is not None
        assert made.doc[SPEED] == [newer]


def test_without_an_observation_the_one_modified_last_is_taken() -> None:
    older, newer = speed(1, modifiedAt="2026-01-01T00:00:00Z"), speed(2, modifiedAt="2026-01-02T00:00:00Z")
    made = merged([entity({SPEED: [newer]}), entity({SPEED: [older]})], [], NOW)
    assert made is not None
    assert made.doc[SPEED] == [newer]


def test_instances_of_different_datasets_stand_beside_each_other() -> None:
    gps = speed(2, datasetId="urn:d:gps")
    made = merged([entity({SPEED: [speed(1)]}), entity({SPEED: [gps]})], [], NOW)
    assert made is not None
    assert made.doc[SPEED] == [speed(1), gps]


def test_an_instance_that_has_expired_gives_way_to_an_older_one() -> None:
    gone = speed(1, observedAt="2026-11-20T00:00:00Z", expiresAt="2026-11-21T00:00:00Z")
    old = speed(2, observedAt="2026-01-01T00:00:00Z")
    made = merged([entity({SPEED: [gone]}), entity({SPEED: [old]})], [], NOW)
    assert made is not None
    assert made.doc[SPEED] == [old]


def test_an_entity_that_has_expired_says_nothing() -> None:
    gone = entity({SPEED: [speed(1)]}, expires=NOW - timedelta(seconds=1))
    assert merged([gone], [], NOW) is None
    made = merged([gone, entity({BRAND: [speed(2)]})], [], NOW)
    assert made is not None
    assert made.doc == {BRAND: [speed(2)]}


def test_an_entity_that_ends_ends_its_attributes_and_not_those_of_others() -> None:
    soon = NOW + timedelta(hours=1)
    made = merged([entity({SPEED: [speed(1)]}, expires=soon), entity({BRAND: [speed(2)]})], [], NOW)
    assert made is not None
    assert made.expires is None
    assert made.doc == {SPEED: [speed(1, expiresAt="2026-11-21T13:00:00Z")], BRAND: [speed(2)]}


def test_when_all_versions_end_the_entity_ends_with_the_last() -> None:
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    made = merged([entity({}, expires=soon), entity({}, expires=later)], [], NOW)
    assert made is not None
    assert made.expires == later


def test_what_is_auxiliary_adds_and_never_overrides() -> None:
    auxiliary = entity({SPEED: [speed(9, observedAt="2026-11-21T00:00:00Z")], BRAND: [speed(2)]})
    made = merged([entity({SPEED: [speed(1)]})], [auxiliary], NOW)
    assert made is not None
    assert made.doc == {SPEED: [speed(1)], BRAND: [speed(2)]}


INSTANCES = st.builds(
    lambda value, at, name: speed(value, modifiedAt=f"2026-01-{at:02}T00:00:00Z") | ({"datasetId": name} if name else {}),
    st.integers(), st.integers(1, 28), st.sampled_from(["", "urn:d:1", "urn:d:2"]),
)  # fmt: skip
DOCS = st.dictionaries(st.sampled_from([SPEED, BRAND]), st.lists(INSTANCES, max_size=3, unique_by=dataset))


@given(st.lists(DOCS, min_size=1, max_size=4))
def test_every_dataset_is_there_once_and_with_its_latest_moment(docs: list[Doc]) -> None:
    made = merged([entity(doc) for doc in docs], [], NOW)
    assert made is not None
    for name in {name for doc in docs for name in doc}:
        instances = [one for doc in docs for one in doc.get(name, [])]
        latest = {
            kind: max(one["modifiedAt"] for one in instances if dataset(one) == kind)
            for kind in set(map(dataset, instances))
        }
        assert {dataset(one): one["modifiedAt"] for one in made.doc.get(name, [])} == latest


@given(st.lists(st.sampled_from("abcdef"), max_size=10), st.lists(st.sampled_from("abcdef"), max_size=4))
def test_each_id_comes_once_and_in_order(ids: list[str], extra: list[str]) -> None:
    found = by_id([entity({}, id_=one) for one in ids], [entity({}, id_=one) for one in extra], NOW)
    assert list(found) == sorted({*ids, *extra})
