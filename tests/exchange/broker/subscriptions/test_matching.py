"""Whom a change concerns: what counts as a change, what triggers, and the index against asking everybody (CIM 009 §5.8.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.model import Doc, Entity, Key
from hiroba.exchange.broker.subscriptions.changes import changes, subject
from hiroba.exchange.broker.subscriptions.index import Entry, Index
from hiroba.exchange.broker.subscriptions.model import (
    Endpoint,
    EntitySelector,
    GeoQuery,
    NotificationParams,
    Stored,
    Subscription,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = NotificationParams(endpoint=Endpoint(uri="http://example.org/"))
LEVEL, NAME = "https://example.org/level", "https://example.org/name"


def prop(value: Any, at: str = "2026-01-01T00:00:00Z", **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "createdAt": at, "modifiedAt": at, **members}


def entity(doc: Doc, id_: str = "urn:x:1", types: tuple[str, ...] = ("urn:t:River",)) -> Entity:
    return Entity(key=Key("", "", id_), types=types, doc=doc, created=NOW, modified=NOW)


def event(before: Entity | None, after: Entity | None) -> Event:
    there = after or before
    assert there is not None
    return Event(key=there.key, before=before, after=after, at=NOW)


def stored(number: int = 0, **members: Any) -> Stored:
    document = Subscription(id=f"urn:s:{number}", notification=ENDPOINT, **members)
    return Stored(tenant="", document=document, created=NOW, modified=NOW)


def triggered(before: Doc | None, after: Doc | None, **members: Any) -> bool:
    happened = changes(event(before if before is None else entity(before), after if after is None else entity(after)))
    assert happened is not None
    return Entry(stored(**members)).plan.is_triggered(happened)


OLD, NEW, SAME = {LEVEL: [prop(1)]}, {LEVEL: [prop(2)]}, {LEVEL: [prop(1, "2027-01-01T00:00:00Z")]}
MORE = {LEVEL: [prop(1)], NAME: [prop("Rhine")]}


@pytest.mark.parametrize(
    ("before", "after", "triggers", "watched", "expected"),
    [
        (OLD, NEW, (), (), True),
        (OLD, SAME, (), (), False),
        (OLD, NEW, (), (NAME,), False),
        (OLD, MORE, (), (NAME,), True),
        (OLD, MORE, ("attributeUpdated",), (), False),
        (MORE, OLD, (), (), False),
        (MORE, OLD, ("attributeDeleted",), (), True),
        (MORE, OLD, ("entityUpdated",), (NAME,), True),
        (MORE, OLD, ("attributeDeleted",), (LEVEL,), False),
        (None, OLD, (), (), True),
        (None, OLD, ("attributeUpdated",), (), False),
        (None, OLD, ("entityCreated",), (), True),
        (None, {}, ("entityCreated",), (), True),
        (None, OLD, ("entityCreated",), (NAME,), False),
        (None, {}, (), (), False),
        (OLD, None, (), (), False),
        (OLD, None, ("entityDeleted",), (), True),
        (OLD, None, ("attributeDeleted",), (LEVEL,), True),
        (OLD, None, ("attributeDeleted",), (NAME,), False),
        (OLD, {LEVEL: [prop(1), prop(9, datasetId="urn:d:1")]}, ("attributeCreated",), (), True),
        (OLD, {LEVEL: [prop(1, unitCode="MTR")]}, (), (), True),
        (OLD, {LEVEL: [prop(1, **{"urn:a:accuracy": [prop(0.1)]})]}, (), (), True),
        (OLD, {LEVEL: [prop(value=True)]}, (), (), True),
    ],
)  # fmt: skip
def test_what_triggers_what(before: Doc | None, after: Doc | None, triggers: Any, watched: Any, expected: Any) -> None:
    assert triggered(before, after, notification_trigger=triggers, watched_attributes=watched) is expected


def test_ids_win_over_a_pattern() -> None:
    both = EntitySelector(type="urn:t:River", id=("urn:x:2",), id_pattern="^urn:x:")
    plan = Entry(stored(entities=(both,))).plan
    assert [plan.selects(entity(OLD, id_)) for id_ in ("urn:x:1", "urn:x:2")] == [False, True]


def test_conditions_are_asked_of_the_entity_as_it_is() -> None:
    near = GeoQuery(
        georel="near;maxDistance==1000", geometry="Point", coordinates=[135.5, 34.7], geoproperty="urn:a:here"
    )
    plan = Entry(msgspec.structs.replace(stored(geo_q=near, scope_q="/region/#"), question=f"<{LEVEL}>>3")).plan
    here = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [135.501, 34.701]}}
    fits = msgspec.structs.replace(entity({LEVEL: [prop(4)], "urn:a:here": [here]}), scopes=("/region/town",))
    assert plan.holds(subject(fits), lambda _: None)
    for other in (
        msgspec.structs.replace(fits, scopes=()),
        msgspec.structs.replace(fits, doc={**fits.doc, LEVEL: [prop(3)]}),
        msgspec.structs.replace(fits, doc={LEVEL: [prop(4)]}),
    ):
        assert not plan.holds(subject(other), lambda _: None)


def test_an_expired_one_and_a_paused_one_are_not_active() -> None:
    over = msgspec.structs.replace(stored(), expires=NOW)
    assert over.status(NOW) == "expired"
    assert over.status(NOW - timedelta(seconds=1)) == "active"
    assert stored(is_active=False).status(NOW) == "paused"


IDS = [f"urn:x:{number}" for number in range(3)]
TYPES = [f"urn:t:{name}" for name in "ABC"]
ATTRIBUTES = [f"urn:a:{name}" for name in "abc"]
names = st.lists(st.sampled_from(ATTRIBUTES), unique=True).map(tuple)


def selection(groups: list[list[str]]) -> str:
    return "|".join(f"({';'.join(group)})" if len(group) > 1 else group[0] for group in groups) or "*"


selections = st.lists(st.lists(st.sampled_from(TYPES), min_size=1, unique=True), max_size=2).map(selection)
selectors = st.builds(
    EntitySelector,
    type=selections,
    id=st.lists(st.sampled_from(IDS), max_size=2).map(tuple),
    id_pattern=st.sampled_from(["", "1$", "^urn:"]),
)
subscriptions = st.builds(
    dict,
    entities=st.lists(selectors, max_size=2).map(tuple),
    watched_attributes=names,
    notification_trigger=st.lists(
        st.sampled_from(["entityCreated", "entityDeleted", "entityUpdated", "attributeDeleted", "attributeCreated"]),
        max_size=2,
    ).map(tuple),
    is_active=st.sampled_from([True, False]),
)
documents = st.dictionaries(st.sampled_from(ATTRIBUTES), st.integers(0, 1).map(lambda value: [prop(value)]), max_size=3)
entities = st.none() | documents


@given(
    asked=st.lists(subscriptions, max_size=6),
    before=entities,
    after=entities,
    id_=st.sampled_from(IDS),
    types=st.lists(st.sampled_from(TYPES), min_size=1, unique=True).map(sorted).map(tuple),
)
def test_the_index_finds_whom_asking_everybody_finds(
    asked: list[dict[str, Any]], before: Doc | None, after: Doc | None, id_: str, types: tuple[str, ...]
) -> None:
    if before is None and after is None:
        return
    index = Index()
    everybody = [stored(number, **members) for number, members in enumerate(asked)]
    for one in everybody:
        index.put(one)
    was, is_ = (None if doc is None else entity(doc, id_, types) for doc in (before, after))
    happened = changes(event(was, is_))
    assert happened is not None

    def concerned(entry: Entry) -> bool:
        is_active = entry.stored.status(NOW) == "active"
        return is_active and entry.plan.selects(happened.entity) and entry.plan.is_triggered(happened)

    candidates = index.candidates("", id_, types, happened.attributes)
    found = [entry.stored.id for entry in candidates if concerned(entry)]
    assert sorted(found) == sorted(one.id for one in everybody if concerned(Entry(one)))
    for one in everybody:
        index.remove("", one.id)
    assert (len(index), index.knows("")) == (0, False)
    assert index.candidates("", id_, types, ATTRIBUTES) == []


def test_what_a_change_costs_follows_those_it_concerns() -> None:
    index = Index()
    for number in range(3_000):
        selector = EntitySelector(type=f"urn:t:{number % 1000}", id=f"urn:x:{number}" if number % 3 == 0 else "")
        index.put(stored(number, entities=(selector,), watched_attributes=(f"urn:a:{number % 7}",)))
    assert len(index.candidates("", "urn:x:3", ("urn:t:8",), ("urn:a:1",))) == 2
