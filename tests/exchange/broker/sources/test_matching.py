"""Which registrations concern a request, and what of each (CIM 009 §5.12, §4.3.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.query import geo, scopes, temporal
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.sources import reading
from hiroba.exchange.broker.sources.index import Index
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted, match
from hiroba.exchange.broker.sources.model import Information, Registration, Selector
from hiroba.exchange.broker.sources.operations import GROUPS

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


def iri(name: str) -> str:
    return DEFAULT + name


def any_of(*types: str) -> Types:
    return Types(tuple((iri(name),) for name in types))


def registered(*information: dict[str, Any], id_: str = "urn:x:1", tenant: str = "", **members: Any) -> Registration:
    document = {
        "type": "ContextSourceRegistration",
        "endpoint": "http://a.example",
        "information": list(information),
    } | members
    expanded = reading.given(document, CORE, whole=True)
    return reading.registration(expanded, tenant=tenant, id_=id_, owner="", created=NOW, modified=NOW)


def concerns(registration: Registration, **wanted: Any) -> bool:
    return match(registration, Wanted(**wanted), NOW) is not None


BUILDING = {"entities": [{"type": "Building"}]}


def test_a_type_a_request_names_must_be_registered() -> None:
    source = registered(BUILDING)
    assert concerns(source, entities=(Entities(types=any_of("Building")),))
    assert concerns(source, entities=(Entities(types=any_of("Bus", "Building")),))
    assert not concerns(source, entities=(Entities(types=any_of("Bus")),))
    assert concerns(source, entities=(Entities(ids=("urn:x:Building:1",)),))
    assert concerns(source)


def test_an_entity_of_several_types_concerns_the_sources_of_each() -> None:
    both = frozenset((iri("Building"), iri("Museum")))
    assert concerns(registered(BUILDING), entities=(Entities(of=both),))
    assert concerns(registered({"entities": [{"type": ["Building", "Museum"]}]}), entities=(Entities(of=both),))
    assert not concerns(registered({"entities": [{"type": ["Building", "Bus"]}]}), entities=(Entities(of=both),))


@pytest.mark.parametrize(
    ("registered_ids", "asked", "expected"),
    [
        ({}, Entities(ids=("urn:x:A",)), True),
        ({"id": "urn:x:A"}, Entities(), True),
        ({"id": "urn:x:A"}, Entities(ids=("urn:x:B", "urn:x:A")), True),
        ({"id": "urn:x:A"}, Entities(ids=("urn:x:B",)), False),
        ({"id": "urn:x:A"}, Entities(pattern="A$"), True),
        ({"id": "urn:x:A"}, Entities(pattern="B$"), False),
        ({"idPattern": "A$"}, Entities(ids=("urn:x:A",)), True),
        ({"idPattern": "A$"}, Entities(ids=("urn:x:B",)), False),
        ({"idPattern": "A$"}, Entities(pattern="B$"), True),
        ({"id": "urn:x:A", "idPattern": "B$"}, Entities(ids=("urn:x:B",)), False),
    ],
)
def test_ids_and_patterns_meet_as_the_clause_has_it(
    registered_ids: dict[str, str], asked: Entities, *, expected: bool
) -> None:
    source = registered({"entities": [{"type": "Building", **registered_ids}]})
    assert concerns(source, entities=(asked,)) is expected


def test_attributes_meet_where_one_side_names_none_or_both_name_the_same() -> None:
    named = registered({**BUILDING, "propertyNames": ["name"], "relationshipNames": ["ownedBy"]})
    assert concerns(named)
    assert concerns(named, attributes=frozenset((iri("ownedBy"), iri("height"))))
    assert not concerns(named, attributes=frozenset((iri("height"),)))
    assert concerns(registered(BUILDING), attributes=frozenset((iri("height"),)))


def test_only_the_parts_that_are_concerned_are_given() -> None:
    source = registered(
        {"entities": [{"type": "Bus"}], "propertyNames": ["speed"]},
        {"entities": [{"type": "Building"}, {"type": "Bus", "id": "urn:x:Bus:1"}], "propertyNames": ["name"]},
    )
    found = match(source, Wanted(entities=(Entities(types=any_of("Building")),)), NOW)
    assert found is not None
    assert found.information == (Information((Selector((iri("Building"),)),), (iri("name"),)),)
    assert found.attributes() == frozenset((iri("name"),))
    assert found.attributes(frozenset((iri("name"), iri("height")))) == frozenset((iri("name"),))
    assert found.types() == frozenset((iri("Building"),))


def test_a_source_of_all_attributes_may_be_asked_for_all_that_are_wanted() -> None:
    found = match(registered(BUILDING), Wanted(), NOW)
    assert found is not None
    assert found.attributes() is None
    assert found.attributes(frozenset((iri("name"),))) == frozenset((iri("name"),))


def test_a_source_is_asked_only_for_operations_it_offers() -> None:
    assert concerns(registered(BUILDING), operation="retrieveEntity")
    assert not concerns(registered(BUILDING), operation="createEntity")
    assert concerns(registered(BUILDING, operations=["updateOps"]), operation="replaceAttrs")
    assert registered(BUILDING, mode="auxiliary").operations == GROUPS["retrieveOps"]


def test_tenants_do_not_see_each_others_sources() -> None:
    assert not concerns(registered(BUILDING, tenant="one"), tenant="two")
    assert concerns(registered(BUILDING, tenant="one"), tenant="one")


def test_what_has_expired_concerns_nothing() -> None:
    source = registered(BUILDING, expiresAt="2026-11-21T00:00:00Z")
    assert not concerns(source)
    assert match(source, Wanted(), NOW - timedelta(seconds=1)) is not None


def test_a_source_the_request_came_through_is_left_out() -> None:
    source = registered(BUILDING, contextSourceAlias="here")
    assert concerns(source, seen=frozenset(("there",)))
    assert not concerns(source, seen=frozenset(("here",)))


def test_datasets_must_meet_where_both_sides_name_some() -> None:
    source = registered(BUILDING, datasetId=["urn:x:d", "@none"])
    assert concerns(source)
    assert concerns(source, datasets=frozenset(("",)))
    assert not concerns(source, datasets=frozenset(("urn:x:e",)))
    assert concerns(registered(BUILDING), datasets=frozenset(("urn:x:e",)))


def test_what_a_source_leaves_unsaid_may_be_anything_unless_it_must_be_stated() -> None:
    near = geo.parse("near;maxDistance==2000", "Point", "[8.68,49.41]").resolve(CORE.expand)
    wanted = {"scopes": scopes.parse("/Madrid/#"), "place": near}
    assert concerns(registered(BUILDING), **wanted)
    assert not concerns(registered(BUILDING), **wanted, stated=True)
    stated = registered(BUILDING, scope="/Madrid/Centro", location={"type": "Point", "coordinates": [8.68, 49.41]})
    assert concerns(stated, **wanted, stated=True)
    assert not concerns(registered(BUILDING, scope="/Berlin"), **wanted)


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}


@pytest.mark.parametrize(
    ("georel", "kind", "coordinates", "expected"),
    [
        ("near;maxDistance==1000", "Point", "[5,5]", True),
        ("near;maxDistance==1000", "Point", "[20,5]", False),
        ("near;minDistance==1000000", "Point", "[5,5]", False),
        ("near;minDistance==100000", "Point", "[5,5]", True),
        ("within", "Polygon", "[[[9,9],[20,9],[20,20],[9,20],[9,9]]]", True),
        ("within", "Polygon", "[[[11,11],[20,11],[20,20],[11,20],[11,11]]]", False),
        ("contains", "Point", "[5,5]", True),
        ("contains", "Polygon", "[[[9,9],[20,9],[20,20],[9,20],[9,9]]]", False),
        ("intersects", "LineString", "[[-5,5],[5,5]]", True),
        ("overlaps", "LineString", "[[-5,5],[-1,5]]", False),
        ("equals", "Point", "[20,5]", False),
        ("disjoint", "Polygon", "[[[-1,-1],[11,-1],[11,11],[-1,11],[-1,-1]]]", False),
        ("disjoint", "Point", "[5,5]", True),
    ],
)
def test_a_registered_area_is_asked_whether_it_may_hold_what_is_sought(
    georel: str, kind: str, coordinates: str, *, expected: bool
) -> None:
    place = geo.parse(georel, kind, coordinates).resolve(CORE.expand)
    assert concerns(registered(BUILDING, location=SQUARE), place=place) is expected


def test_an_area_that_crosses_itself_is_asked_in_its_valid_reading() -> None:
    eight = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    source = registered(BUILDING, location={"type": "GeoProperty", "value": eight})
    for point, expected in (("[0.2,1]", True), ("[1.8,1]", True), ("[1,0.2]", False)):
        for georel in ("contains", "intersects", "near;maxDistance==100"):
            place = geo.parse(georel, "Point", point).resolve(CORE.expand)
            assert concerns(source, place=place) is expected, (georel, point)


def test_time_tells_sources_of_history_from_sources_of_the_present() -> None:
    year = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2026-01-01T00:00:00Z"}
    observed, managed = registered(BUILDING, observationInterval=year), registered(BUILDING, managementInterval=year)
    before = temporal.parse("before", "2025-06-01T00:00:00Z")
    assert concerns(registered(BUILDING))
    assert not concerns(observed)
    assert concerns(observed, past=True)
    assert concerns(registered(BUILDING), past=True, time=before), "who says nothing of times may have any"
    assert not concerns(managed, past=True, time=before)
    assert concerns(observed, time=before)
    assert not concerns(managed, time=before)
    assert concerns(managed, time=temporal.parse("before", "2025-06-01T00:00:00Z", timeproperty="createdAt"))
    assert not concerns(registered(BUILDING), time=before)
    assert not concerns(observed, time=temporal.parse("after", "2026-06-01T00:00:00Z"))
    assert not concerns(observed, time=temporal.parse("before", "2024-06-01T00:00:00Z"))
    between = temporal.parse("between", "2024-06-01T00:00:00Z", "2025-01-01T00:00:00Z")
    assert concerns(observed, time=between)


TYPES = st.sampled_from(["A", "B", "C"]).map(iri)
IDS = st.sampled_from(["urn:x:1", "urn:x:2", "urn:y:1"])
PATTERNS = st.sampled_from(["^urn:x", "1$"])
NAMES = st.lists(st.sampled_from(["p", "q", "r"]).map(iri), max_size=2, unique=True).map(tuple)
SELECTORS = st.builds(
    Selector,
    types=st.lists(TYPES, min_size=1, max_size=2, unique=True).map(tuple),
    id=st.just("") | IDS,
    pattern=st.just(""),
) | st.builds(Selector, types=TYPES.map(lambda name: (name,)), pattern=PATTERNS)
INFORMATION = st.builds(
    Information, entities=st.lists(SELECTORS, max_size=2).map(tuple), properties=NAMES, relationships=NAMES
)
GROUPS_OF_TYPES = st.lists(st.lists(TYPES, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple).map(Types)
ENTITIES = st.builds(
    Entities, ids=st.lists(IDS, max_size=2).map(tuple), pattern=st.just("") | PATTERNS, types=GROUPS_OF_TYPES
) | st.builds(Entities, ids=IDS.map(lambda id_: (id_,)), of=st.frozensets(TYPES, min_size=1, max_size=2))
WANTED = st.builds(
    Wanted,
    entities=st.lists(ENTITIES, max_size=2).map(tuple),
    attributes=st.frozensets(st.sampled_from(["p", "q", "r"]).map(iri), max_size=2),
)


def by_the_clause(information: Information, wanted: Wanted) -> bool:
    """§5.12 word by word, for one RegistrationInfo."""
    known = {*information.properties, *information.relationships}
    if wanted.attributes and known and not known & wanted.attributes:
        return False
    if not wanted.entities or not information.entities:
        return True
    return any(_entity(one, asked) for one in information.entities for asked in wanted.entities)


def _entity(one: Selector, asked: Entities) -> bool:
    if asked.types.groups and not any(set(group) <= set(one.types) for group in asked.types.groups):
        return False
    if asked.of and not set(one.types) <= asked.of:
        return False
    if not asked.ids and not asked.pattern:
        return True
    return (
        not (one.id or one.pattern)
        or one.id in asked.ids
        or bool(one.pattern and any(compiled(one.pattern).search(id_) for id_ in asked.ids))
        or bool(one.id and asked.pattern and compiled(asked.pattern).search(one.id))
        or bool(one.pattern and asked.pattern)
    )


@given(st.lists(st.lists(INFORMATION, min_size=1, max_size=3), max_size=5), WANTED)
def test_the_index_finds_what_looking_at_each_finds(registrations: list[list[Information]], wanted: Wanted) -> None:
    index = Index()
    expected = []
    for number, information in enumerate(registrations):
        made = registered(BUILDING, id_=f"urn:x:{number}")
        index.put(msgspec.structs.replace(made, information=tuple(information)))
        if any(by_the_clause(part, wanted) for part in information):
            expected.append(made.id)
    assert [found.registration.id for found in index.find(wanted, NOW)] == expected


def test_a_dropped_or_replaced_registration_is_found_no_more() -> None:
    index = Index()
    index.put(registered(BUILDING))
    index.put(registered({"entities": [{"type": "Bus"}]}))
    assert index.find(Wanted(entities=(Entities(types=any_of("Building")),)), NOW) == []
    assert len(index.find(Wanted(entities=(Entities(types=any_of("Bus")),)), NOW)) == 1
    index.drop("", "urn:x:1")
    assert index.find(Wanted(), NOW) == []


def test_only_registrations_that_name_what_is_asked_for_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index()
    for number in range(500):
        entities = [{"type": f"T{number}", "id": f"urn:x:entity:{number}"}]
        index.put(registered({"entities": entities}, id_=f"urn:x:{number}"))
        index.put(registered({"propertyNames": [f"p{number}"]}, id_=f"urn:y:{number}"))
    looked_at = []

    def looking(registration: Registration, wanted: Wanted, at: datetime) -> Match | None:
        looked_at.append(registration.id)
        return match(registration, wanted, at)

    monkeypatch.setattr("hiroba.exchange.broker.sources.index.match", looking)
    for entities, attributes in (
        (Entities(types=any_of("T7")), {"p7"}),
        (Entities(ids=("urn:x:entity:7",)), {"p7"}),
        (Entities(ids=("urn:x:entity:7",), of=frozenset({iri("T7")})), {"p7"}),
    ):
        looked_at.clear()
        found = index.find(Wanted(entities=(entities,), attributes=frozenset(map(iri, attributes))), NOW)
        assert [one.registration.id for one in found] == ["urn:x:7", "urn:y:7"]
        assert looked_at == ["urn:x:7", "urn:y:7"]
