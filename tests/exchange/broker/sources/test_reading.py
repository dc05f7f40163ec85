"""A registration's document, read and refused (CIM 009 §5.2.9 to §5.2.11, §5.2.34)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.context import CORE, Context, flatten
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.sources import members, reading, writing
from hiroba.exchange.broker.sources.model import Interval, Management, Registration
from hiroba.exchange.broker.sources.operations import GROUPS, OPERATIONS

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OURS = Context(
    flatten([{"Building": "urn:ours:Building", "name": "urn:ours:name", "quality": "urn:ours:quality"}]),
    "http://c.example/c",
)
WHOLE = {
    "id": "urn:ngsi-ld:ContextSourceRegistration:1",
    "type": "ContextSourceRegistration",
    "endpoint": "https://source.example/base",
    "information": [{"entities": [{"type": "Building", "idPattern": "^urn:"}], "propertyNames": ["name"]}],
    "mode": "redirect",
    "operations": ["retrieveOps", "createEntity"],
    "tenant": "elsewhere",
    "contextSourceAlias": "source-1",
    "contextSourceInfo": [{"key": "Authorization", "value": "Bearer x"}],
    "datasetId": ["urn:x:d", "@none"],
    "location": {"type": "Point", "coordinates": [135.5, 34.7]},
    "management": {"localOnly": True, "timeout": 1500, "cooldown": 30000, "cacheDuration": "PT1M30.5S"},
    "observationInterval": {"startAt": "2025-01-01T00:00:00Z"},
    "refreshRate": "P1DT1H",
    "scope": ["/a/b", "/c"],
    "expiresAt": "2030-01-01T00:00:00Z",
    "description": "All there is.",
    "quality": {"type": "Property", "value": 3},
}


def read(document: dict[str, Any], context: Context = OURS) -> Registration:
    members_given = reading.given(document, context, whole=True)
    return reading.registration(
        members_given, tenant="", id_=reading.id_of(document), owner="", created=NOW, modified=NOW
    )


def test_local_only_beside_management_means_the_same_and_is_given_back_as_it_came() -> None:
    plain = {name: value for name, value in WHOLE.items() if name != "management"}
    made = read(plain | {"localOnly": True})
    assert made.management.local_only
    assert not read(plain | {"localOnly": False}).management.local_only
    assert writing.write(made, OURS)["localOnly"] is True


def test_every_member_is_understood() -> None:
    made = read(WHOLE)
    assert made.mode == "redirect"
    assert made.operations == GROUPS["retrieveOps"] | {"createEntity"}
    assert made.information[0].entities[0].types == ("urn:ours:Building",)
    assert made.information[0].attributes == {"urn:ours:name"}
    assert made.datasets == {"urn:x:d", ""}
    assert made.management == Management(local_only=True, timeout=1.5, cooldown=30.0, cache=90.5)
    assert made.observation == Interval(datetime(2025, 1, 1, tzinfo=UTC))
    assert made.refresh == 90_000
    assert made.source_info == (("Authorization", "Bearer x"),)
    assert (made.remote_tenant, made.alias, made.scopes) == ("elsewhere", "source-1", ("/a/b", "/c"))
    assert made.places["https://uri.etsi.org/ngsi-ld/location"].x == 135.5


def test_what_was_given_is_given_back_in_the_callers_words() -> None:
    made = read(WHOLE)
    assert writing.write(made, OURS) == WHOLE
    plain = writing.write(made, CORE)
    assert plain["information"][0]["entities"][0]["type"] == "urn:ours:Building"
    assert plain["urn:ours:quality"] == {"type": "Property", "value": 3}
    assert "contextSourceInfo" not in writing.write(made, OURS, secrets=False)


def test_what_the_system_makes_is_passed_over() -> None:
    made = read(WHOLE | {"status": "failed", "timesSent": 7, "createdAt": "2020-01-01T00:00:00Z"})
    assert writing.write(made, OURS) == WHOLE


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Building"},
        {"id": "no uri"},
        {"endpoint": None},
        {"endpoint": "ftp://source.example"},
        {"endpoint": "http://"},
        {"endpoint": "http://a:notaport/"},
        {"endpoint": 7},
        {"information": []},
        {"information": None},
        {"information": {"entities": [{"type": "Building"}]}},
        {"information": [{}]},
        {"information": [{"entities": []}]},
        {"information": [{"entities": [{"id": "urn:x:1"}]}]},
        {"information": [{"entities": [{"type": []}]}]},
        {"information": [{"entities": [{"type": "Building", "id": "no uri"}]}]},
        {"information": [{"entities": [{"type": "Building", "idPattern": "("}]}]},
        {"information": [{"entities": [{"type": "Building", "idpattern": "a"}]}]},
        {"information": [{"propertyNames": []}]},
        {"information": [{"propertyNames": [7]}]},
        {"information": [{"propertyName": ["name"]}]},
        {"mode": "sometimes"},
        {"mode": ["redirect"]},
        {"operations": []},
        {"operations": ["flyOps"]},
        {"operations": "retrieveOps"},
        {"mode": "auxiliary", "operations": ["updateOps"]},
        {"mode": "exclusive"},
        {"mode": "exclusive", "information": [{"entities": [{"type": "Building", "id": "urn:x:1"}]}]},
        {"mode": "exclusive", "information": [{"propertyNames": ["name"]}]},
        {"tenant": ""},
        {"contextSourceAlias": ""},
        {"contextSourceInfo": [{"key": "X"}]},
        {"contextSourceInfo": [{"key": "X", "value": 7}]},
        {"contextSourceInfo": [{"key": "X", "value": "a\r\nY: b"}]},
        {"contextSourceInfo": [{"key": "X Y", "value": "a"}]},
        {"contextSourceInfo": [{"key": "accept", "value": "text/html"}]},
        {"contextSourceInfo": [{"key": "ngsildConformance", "value": "new"}]},
        {"contextSourceInfo": [{"key": "jsonldContext", "value": "here"}]},
        {"datasetId": ["no uri"]},
        {"location": {"type": "Point", "coordinates": [400, 0]}},
        {"location": "here"},
        {"management": "yes"},
        {"management": {"timeout": 0}},
        {"management": {"cooldown": True}},
        {"management": {"localOnly": "yes"}},
        {"management": {"cacheDuration": "5 minutes"}},
        {"observationInterval": {"endAt": "2025-01-01T00:00:00Z"}},
        {"observationInterval": {"startAt": "2025-01-02T00:00:00Z", "endAt": "2025-01-01T00:00:00Z"}},
        {"refreshRate": "P"},
        {"refreshRate": "PT"},
        {"scope": "1/2"},
        {"expiresAt": "tomorrow"},
        {"description": ""},
        {"registrationName": 7},
    ],
)
def test_what_is_wrong_is_bad_request_data(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestData):
        read(WHOLE | wrong)


def test_a_fragment_may_delete_what_a_whole_registration_may_not() -> None:
    assert reading.given({"expiresAt": None, "scope": "urn:ngsi-ld:null"}, OURS, whole=False) == {
        "expiresAt": None,
        "scope": None,
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5M", 300),
        ("P1W", 604_800),
        ("PT0.5S", 0.5),
        ("P1DT2H", 93_600),
        ("PT1,5S", 1.5),
        ("P1Y", 31_536_000),
        ("P1M", 2_592_000),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert members.duration(text, "refreshRate") == seconds


def test_every_operation_of_a_group_is_an_operation() -> None:
    assert all(group <= OPERATIONS for group in GROUPS.values())
    assert len(OPERATIONS) == 43


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(WHOLE)), JSON)
def test_whatever_a_member_holds_it_is_read_or_refused(name: str, value: Any) -> None:
    try:
        made = read(WHOLE | {name: value})
    except Problem:
        return
    assert read(writing.write(made, CORE), CORE).information == made.information


@given(st.sampled_from(["entities", "propertyNames", "relationshipNames"]), JSON)
def test_whatever_information_holds_it_is_read_or_refused(name: str, value: Any) -> None:
    try:
        read(WHOLE | {"information": [{"propertyNames": ["name"], name: value}]})
    except Problem:
        return
