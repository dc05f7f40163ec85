"""Documents of subscriptions as they arrive (CIM 009 §5.2.12 to §5.2.15)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.contexts.context import CORE, Context, flatten
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import q
from hiroba.exchange.broker.subscriptions.model import Subscription
from hiroba.exchange.broker.subscriptions.reading import created, patched

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
FLOODS = {
    "id": "urn:ngsi-ld:Subscription:floods",
    "type": "Subscription",
    "entities": [{"type": "River", "idPattern": "^urn:ngsi-ld:River:"}],
    "watchedAttributes": ["level"],
    "q": "level>3",
    "notification": {
        "attributes": ["level", "name"],
        "format": "concise",
        "endpoint": {"uri": "http://127.0.0.1:9/floods", "receiverInfo": [{"key": "X-Key", "value": "secret"}]},
    },
}


def but(**members: Any) -> dict[str, Any]:
    return {**FLOODS, **members}


def notifying(**members: Any) -> dict[str, Any]:
    return but(notification={**FLOODS["notification"], **members})


def at(**members: Any) -> dict[str, Any]:
    return notifying(endpoint={**FLOODS["notification"]["endpoint"], **members})


def without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({}, "JSON object"),
        (without(FLOODS, "type"), "type"),
        (but(type="Entity"), "type"),
        (but(id="nothing"), "id is a URI"),
        (without(FLOODS, "notification"), "notification"),
        (without(FLOODS, "entities", "watchedAttributes"), "entities or watchedAttributes"),
        (but(entities=[]), "entities"),
        (but(entities=[{"id": "urn:a:b"}]), "type"),
        (but(entities=[{"type": "River", "id": "no uri"}]), "entities.id"),
        (but(entities=[{"type": "River", "idPattern": "("}]), "idPattern"),
        (but(entities=[{"type": "(River"}]), "entities.type"),
        (but(watchedAttributes=[]), "watchedAttributes"),
        (but(watchedAttributes=["a b"]), "watchedAttributes"),
        (but(q="level>"), "q"),
        (but(q=""), "q"),
        (but(scopeQ="//"), "scopeQ"),
        (but(csf="(("), "csf"),
        (but(geoQ={"georel": "near", "geometry": "Point", "coordinates": [1, 2]}), "georel"),
        (but(throttling=-1), "throttling"),
        (but(throttling="5"), "throttling"),
        (but(timeInterval=5), "timeInterval"),
        (without(but(timeInterval=5, throttling=5), "watchedAttributes"), "timeInterval"),
        (without(but(timeInterval=5, entities=[{"type": "A", "idPattern": "(?i)x"}]), "watchedAttributes"), "regular"),
        (but(expiresAt="2020-01-01T00:00:00Z"), "is over"),
        (but(expiresAt="tomorrow"), "expiresAt"),
        (but(isActive="yes"), "isActive"),
        (but(notificationTrigger=["entityChanged"]), "notificationTrigger"),
        (but(datasetId=["here"]), "datasetId"),
        (but(jsonldContext="nowhere"), "jsonldContext"),
        (but(ngsildConformance="new"), "ngsildConformance"),
        (but(description=None), "description"),
        (notifying(format="xml"), "format"),
        (notifying(format="keyValues", showChanges=True), "showChanges"),
        (notifying(pick=["level"]), "pick"),
        (without(notifying(pick=["level"], omit=["level"], attributes=None), ""), "attributes"),
        (notifying(attributes=["id"]), "attributes"),
        (notifying(attributes=[]), "attributes"),
        (notifying(join="sideways"), "join"),
        (notifying(joinLevel=0), "joinLevel"),
        (at(uri="ftp://example.org/"), "endpoint.uri"),
        (at(uri="http:///nowhere"), "endpoint.uri"),
        (at(uri="http://me:secret@example.org/"), "user name"),
        (at(uri="mqtt://example.org"), "topic"),
        (at(uri="mqtt://example.org/t", notifierInfo=[{"key": "MQTT-QoS", "value": "3"}]), "MQTT-QoS"),
        (at(accept="text/html"), "accept"),
        (at(timeout=0), "timeout"),
        (at(receiverInfo=[{"key": "X", "value": 1}]), "receiverInfo"),
        (at(receiverInfo=[{"key": "X: y", "value": "1"}]), "receiverInfo"),
        (at(receiverInfo=[{"key": "X", "value": "1\r\nY: 2"}]), "receiverInfo"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(document: dict[str, Any], what: str) -> None:
    with pytest.raises(BadRequestData, match=re.escape(what)):
        created(document, CORE, NOW)


def test_names_are_expanded_wherever_they_stand() -> None:
    document = notifying(attributes=None) | {
        "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "area"}
    }
    document["notification"] = {
        **without(FLOODS["notification"], "attributes"),
        "pick": ["id", "level", "flowsTo{name}"],
        "join": "inline",
    }
    read = created(document, CORE, NOW)
    assert read.document.entities[0].type == f"{DEFAULT}River"
    assert read.document.watched_attributes == (f"{DEFAULT}level",)
    assert read.document.geo_q is not None
    assert read.document.geo_q.geoproperty == f"{DEFAULT}area"
    assert read.document.notification.pick == ("id", f"<{DEFAULT}level>", f"<{DEFAULT}flowsTo>{{<{DEFAULT}name>}}")
    assert read.document.q == "level>3"
    assert str(q.parse(read.question)) == str(q.parse(f"<{DEFAULT}level>>3"))


@pytest.mark.parametrize(
    "member",
    [
        {"entities": [{"type": "Odd"}]},
        {"notification": {**FLOODS["notification"], "attributes": ["odd"]}},
        {"q": "odd>1"},
    ],
)
def test_a_context_that_bends_the_languages_is_refused(member: dict[str, Any]) -> None:
    context = Context(flatten([{"Odd": "https://example.org/(A;B)", "odd": "https://example.org/a>b"}]), "x")
    with pytest.raises(BadRequestData):
        created(but(**member), context, NOW)


def test_projections_reach_as_far_as_the_join() -> None:
    deep = {**without(FLOODS["notification"], "attributes"), "pick": ["flowsTo{flowsTo{name}}"]}
    for join in ({}, {"join": "flat"}, {"join": "@none", "joinLevel": 2}, {"join": "inline", "joinLevel": 1}):
        with pytest.raises(BadRequestData, match="joinLevel=2"):
            created(but(notification=deep | join), CORE, NOW)
    assert created(but(notification=deep | {"join": "inline", "joinLevel": 2}), CORE, NOW)


def test_a_query_may_come_percent_encoded_as_in_an_address() -> None:
    assert (
        created(but(q="name%3D%3D%22Rhine%20at%20Basel%22"), CORE, NOW).question == f'<{DEFAULT}name>=="Rhine at Basel"'
    )


def test_a_patch_keeps_what_it_does_not_name() -> None:
    before = created(but(q="level>3;name"), CORE, NOW)
    after = patched(before.document, before.question, {"description": "new"}, CORE, NOW)
    assert after.question == before.question
    assert msgspec.structs.replace(after.document, description="") == before.document


def test_an_expired_subscription_takes_a_patch_that_says_nothing_of_its_end() -> None:
    before = created(but(expiresAt="2026-01-02T00:00:00Z"), CORE, NOW)
    later = datetime(2026, 1, 3, tzinfo=UTC)
    assert patched(before.document, "", {"isActive": True}, CORE, later).expires == before.expires


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = [field.encode_name for field in msgspec.structs.fields(Subscription)]


@given(member=st.sampled_from(MEMBERS), value=JSON)
def test_whatever_stands_in_a_member_it_is_read_or_refused(member: str, value: Any) -> None:
    try:
        read = created(but(**{member: value}), CORE, NOW)
    except BadRequestData:
        return
    assert patched(read.document, read.question, {"description": "again"}, CORE, NOW).document.description == "again"
