"""Notifications' data: forms, projections, what changed and what went (CIM 009 §5.8.6)."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.model import NULL, Doc, Entity, Key
from hiroba.exchange.broker.subscriptions.changes import changes
from hiroba.exchange.broker.subscriptions.model import Endpoint, NotificationParams, Subscription
from hiroba.exchange.broker.subscriptions.notifier import item
from hiroba.exchange.broker.subscriptions.rendering import entity_of, form

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AT = "2026-01-01T00:00:00Z"
V = "https://uri.etsi.org/ngsi-ld/default-context/"
LOCATION = "https://uri.etsi.org/ngsi-ld/location"
TIMES = {"createdAt": AT, "modifiedAt": AT}
DOC: Doc = {
    f"{V}level": [{"type": "Property", "value": 3, "unitCode": "MTR", **TIMES}],
    f"{V}name": [{"type": "LanguageProperty", "languageMap": {"de": "Rhein", "en": "Rhine"}, **TIMES}],
    f"{V}flowsTo": [{"type": "Relationship", "object": "urn:x:sea", **TIMES}],
    f"{V}kind": [{"type": "VocabProperty", "vocab": f"{V}big", **TIMES}],
    f"{V}stops": [{"type": "ListRelationship", "objectList": ["urn:x:1", "urn:x:2"], **TIMES}],
    LOCATION: [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.6, 47.6]}, **TIMES}],
}


def river(doc: Doc) -> Entity:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Entity(
        key=Key("", "", "urn:x:rhine"), types=(f"{V}River",), scopes=("/eu",), doc=doc, created=start, modified=start
    )


def but(**changed: Any) -> Doc:
    doc = {**DOC, **{f"{V}{name}": value for name, value in changed.items()}}
    return {name: instances for name, instances in doc.items() if instances}


async def told(
    before: Doc | None, after: Doc | None, accept: Any = "", members: dict[str, Any] | None = None, **params: Any
) -> Any:
    notification = NotificationParams(endpoint=Endpoint(uri="http://example.org/", accept=accept), **params)
    document = Subscription(
        id="urn:s:1", notification=notification, jsonld_context="https://example.org/c", **(members or {})
    )
    happened = changes(
        Event(
            key=Key("", "", "urn:x:rhine"),
            before=None if before is None else river(before),
            after=None if after is None else river(after),
            at=NOW,
        )
    )
    assert happened is not None
    wanted = form(document, CORE)

    async def nowhere(ids: Any) -> dict[str, Entity]:
        return {}

    return orjson.loads(await item(entity_of(happened, wanted), NOW if after is None else None, wanted, nowhere))


HIGHER = but(level=[{"type": "Property", "value": 4, "unitCode": "MTR", **TIMES}])


async def test_an_entity_comes_whole_in_the_form_that_is_wanted() -> None:
    normalized = await told(DOC, HIGHER)
    assert normalized["level"] == {"type": "Property", "value": 4, "unitCode": "MTR"}
    assert (normalized["id"], normalized["type"], normalized["scope"]) == ("urn:x:rhine", "River", "/eu")
    assert (await told(DOC, HIGHER, format="concise"))["level"] == {"value": 4, "unitCode": "MTR"}
    assert (await told(DOC, HIGHER, format="keyValues"))["level"] == 4
    assert (await told(DOC, HIGHER, sys_attrs=True))["level"]["modifiedAt"] == AT
    assert (await told(DOC, HIGHER, members={"lang": "de"}))["name"]["value"] == "Rhein"


async def test_attributes_pick_and_omit_choose() -> None:
    assert (await told(DOC, HIGHER, attributes=(f"{V}level",))).keys() == {"id", "type", "scope", "level"}
    assert (await told(DOC, HIGHER, pick=("id", f"{V}level"))).keys() == {"id", "level"}
    left = await told(DOC, HIGHER, omit=("type", f"<{V}level>"))
    assert "level" not in left
    assert "type" not in left
    assert "name" in left


async def test_json_ld_names_its_context_and_geojson_is_a_feature() -> None:
    assert (await told(DOC, HIGHER, "application/ld+json"))["@context"] == "https://example.org/c"
    feature = await told(DOC, HIGHER, "application/geo+json")
    assert feature["geometry"] == {"type": "Point", "coordinates": [7.6, 47.6]}
    assert feature["properties"]["level"]["value"] == 4
    assert "@context" not in feature


async def test_an_earlier_version_is_spoken_to_who_knows_no_later_one() -> None:
    older = await told(DOC, HIGHER, members={"ngsild_conformance": "1.3"})
    assert older["name"] == {"type": "Property", "value": {"de": "Rhein", "en": "Rhine"}}
    assert "scope" not in older


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("level", {"type": "Property", "value": NULL}),
        ("name", {"type": "LanguageProperty", "languageMap": {"@none": NULL}}),
        ("flowsTo", {"type": "Relationship", "object": NULL}),
        ("kind", {"type": "VocabProperty", "vocab": NULL}),
        ("stops", {"type": "ListRelationship", "objectList": NULL}),
    ],
)
async def test_an_attribute_that_went_is_null(name: str, expected: dict[str, Any]) -> None:
    gone = but(**{name: []})
    assert (await told(DOC, gone))[name] == expected
    assert (await told(DOC, gone, format="concise"))[name] == NULL
    assert (await told(DOC, gone, format="simplified"))[name] == NULL
    system = (await told(DOC, gone, sys_attrs=True))[name]
    assert system == expected | TIMES | {"deletedAt": "2026-01-02T00:00:00Z"}


async def test_a_place_that_went_leaves_a_feature_without_geometry() -> None:
    gone = {name: instances for name, instances in DOC.items() if name != LOCATION}
    assert (await told(DOC, gone, "application/geo+json"))["geometry"] is None


async def test_changes_are_shown_beside_what_is() -> None:
    assert (await told(DOC, HIGHER, show_changes=True))["level"]["previousValue"] == 3
    other = but(kind=[{"type": "VocabProperty", "vocab": f"{V}small", **TIMES}])
    assert (await told(DOC, other, show_changes=True))["kind"] == {
        "type": "VocabProperty",
        "vocab": "small",
        "previousVocab": "big",
    }
    gone = await told(DOC, but(stops=[]), show_changes=True)
    assert gone["stops"]["previousObjectList"] == [{"object": "urn:x:1"}, {"object": "urn:x:2"}]
    assert "previousValue" not in (await told(None, DOC, show_changes=True))["level"]
    assert "previousLanguageMap" not in (await told(DOC, HIGHER, show_changes=True))["name"]


async def test_of_several_instances_those_that_went_are_named() -> None:
    two = but(level=[*DOC[f"{V}level"], {"type": "Property", "value": 9, "datasetId": "urn:d:1", **TIMES}])
    null = {"type": "Property", "value": NULL, "datasetId": "urn:d:1"}
    assert (await told(two, DOC))["level"] == [{"type": "Property", "value": 3, "unitCode": "MTR"}, null]
    assert (await told(two, DOC, format="simplified"))["level"] == {"dataset": {"@none": 3, "urn:d:1": NULL}}
    assert (await told(two, but(level=[])))["level"] == {"type": "Property", "value": NULL}
    only = await told(DOC, two, members={"dataset_id": ("urn:d:1",)})
    assert only["level"] == {"type": "Property", "value": 9, "datasetId": "urn:d:1"}
    assert "name" not in only


async def test_of_an_entity_that_was_deleted_little_is_told() -> None:
    deleted = {"id": "urn:x:rhine", "type": "River", "deletedAt": "2026-01-02T00:00:00Z"}
    triggers = {"notification_trigger": ("entityDeleted",)}
    assert await told(DOC, None, members=triggers) == deleted
    assert await told(DOC, None, members=triggers, sys_attrs=True) == deleted | TIMES
    watched = {"notification_trigger": ("attributeDeleted",), "watched_attributes": (f"{V}level",)}
    assert await told(DOC, None, members=watched) == deleted | {"level": {"type": "Property", "value": NULL}}
    shown = await told(DOC, None, members=triggers, show_changes=True)
    assert shown["flowsTo"] == {"type": "Relationship", "object": NULL, "previousObject": "urn:x:sea"}
    assert shown["level"]["previousValue"] == 3
