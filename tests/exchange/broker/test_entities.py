"""Entities one by one over HTTP (CIM 009 §6.4 to §6.7)."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1/entities"
ROOM = {
    "id": "urn:ngsi-ld:Room:1",
    "type": "Room",
    "temperature": {"type": "Property", "value": 21.5, "unitCode": "CEL", "observedAt": "2026-01-01T00:00:00Z"},
    "inside": {"type": "Relationship", "object": "urn:ngsi-ld:House:1"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [135.5, 34.7]}},
    "name": {"type": "LanguageProperty", "languageMap": {"ja": "部屋", "en": "room"}},
    "tags": {"type": "ListProperty", "valueList": [1, 2]},
    "colour": {"type": "VocabProperty", "vocab": "red"},
    "raw": {"type": "JsonProperty", "json": {"id": 1, "nothing": None}},
}


async def stored(broker: httpx.AsyncClient, **params: str) -> dict:
    answer = await broker.get(f"{BASE}/{ROOM['id']}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_went_in_comes_back(broker: httpx.AsyncClient) -> None:
    made = await broker.post(BASE, json=ROOM)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{BASE}/{ROOM['id']}"
    assert await stored(broker) == ROOM


async def test_a_second_create_is_a_conflict_that_names_its_kind(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    again = await broker.post(BASE, json=ROOM)
    assert again.status_code == 409
    assert again.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
    assert again.headers["content-type"] == "application/json"


async def test_concise_and_simplified_leave_out_what_can_be_inferred(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    concise = await stored(broker, options="concise")
    assert concise["temperature"] == {"value": 21.5, "unitCode": "CEL", "observedAt": "2026-01-01T00:00:00Z"}
    assert concise["inside"] == {"object": "urn:ngsi-ld:House:1"}
    assert concise["location"] == {"type": "Point", "coordinates": [135.5, 34.7]}
    simplified = await stored(broker, format="simplified")
    assert simplified["temperature"] == 21.5
    assert simplified["name"] == {"languageMap": {"ja": "部屋", "en": "room"}}
    assert simplified["inside"] == "urn:ngsi-ld:House:1"
    assert (await stored(broker, options="keyValues", lang="ja"))["name"] == "部屋"


async def test_a_concise_document_goes_in_as_the_normalized_one(broker: httpx.AsyncClient) -> None:
    concise = {
        "id": ROOM["id"], "type": "Room", "temperature": {"value": 21.5, "unitCode": "CEL", "observedAt": "2026-01-01T00:00:00Z"},
        "inside": {"object": "urn:ngsi-ld:House:1"}, "location": {"type": "Point", "coordinates": [135.5, 34.7]},
        "name": {"languageMap": {"ja": "部屋", "en": "room"}}, "tags": {"valueList": [1, 2]}, "colour": {"vocab": "red"},
        "raw": {"json": {"id": 1, "nothing": None}},
    }  # fmt: skip
    assert (await broker.post(BASE, json=concise)).status_code == 201
    assert await stored(broker) == ROOM


async def test_geojson_is_a_feature(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    answer = await broker.get(f"{BASE}/{ROOM['id']}", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    assert feature["type"] == "Feature"
    assert feature["geometry"] == {"type": "Point", "coordinates": [135.5, 34.7]}
    assert feature["properties"]["type"] == "Room"


async def test_a_patch_of_an_attribute_leaves_its_other_members(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    url = f"{BASE}/{ROOM['id']}/attrs/temperature"
    assert (await broker.patch(url, json={"type": "Property", "value": 30})).status_code == 204
    assert (await stored(broker))["temperature"] == {**ROOM["temperature"], "value": 30}
    assert (await broker.patch(url, json={"type": "Relationship", "object": "urn:x:y"})).status_code == 400
    assert (await broker.patch(f"{BASE}/{ROOM['id']}/attrs/nothing", json={"value": 1})).status_code == 404


async def test_a_merge_goes_into_values_and_null_deletes(broker: httpx.AsyncClient) -> None:
    await broker.post(
        BASE, json={"id": ROOM["id"], "type": "Room", "address": {"value": {"town": "堺", "street": "1"}}, "gone": 1}
    )
    patch = {"address": {"value": {"street": "2"}}, "gone": "urn:ngsi-ld:null", "new": 5}
    assert (await broker.patch(f"{BASE}/{ROOM['id']}", json=patch)).status_code == 204
    simplified = await stored(broker, format="simplified")
    assert simplified == {"id": ROOM["id"], "type": "Room", "address": {"town": "堺", "street": "2"}, "new": 5}


async def test_append_with_no_overwrite_names_what_it_left(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    answer = await broker.post(
        f"{BASE}/{ROOM['id']}/attrs", params={"options": "noOverwrite"}, json={"temperature": 1, "humidity": 40}
    )
    assert answer.status_code == 207
    assert answer.json()["updated"] == ["https://uri.etsi.org/ngsi-ld/default-context/humidity"]
    assert [part["attributeName"] for part in answer.json()["notUpdated"]] == [
        "https://uri.etsi.org/ngsi-ld/default-context/temperature"
    ]
    assert (await stored(broker, format="simplified"))["temperature"] == 21.5


async def test_deleting_an_attribute_then_the_entity(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=ROOM)
    assert (await broker.delete(f"{BASE}/{ROOM['id']}/attrs/temperature")).status_code == 204
    assert "temperature" not in await stored(broker)
    assert (await broker.delete(f"{BASE}/{ROOM['id']}/attrs/temperature")).status_code == 404
    assert (await broker.delete(f"{BASE}/{ROOM['id']}")).status_code == 204
    assert (await broker.get(f"{BASE}/{ROOM['id']}")).status_code == 404


async def test_each_dataset_is_an_instance_of_its_own(broker: httpx.AsyncClient) -> None:
    speeds = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:ds:gps"}]
    await broker.post(BASE, json={"id": ROOM["id"], "type": "Car", "speed": speeds})
    assert (await stored(broker))["speed"] == speeds
    assert (await stored(broker, format="simplified"))["speed"] == {"dataset": {"@none": 1, "urn:ds:gps": 2}}
    await broker.delete(f"{BASE}/{ROOM['id']}/attrs/speed", params={"datasetId": "urn:ds:gps"})
    assert (await stored(broker))["speed"] == speeds[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "no uri"}, "id is a URI"),
        ({"type": None}, "has no type"),
        ({"a": None}, "a is null"),
        (
            {"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 0]}}},
            "longitude",
        ),
        ({"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0]]]}}, "ring"),
        ({"t": {"type": "Property", "value": 1, "observedAt": "yesterday"}}, "observedAt is a moment"),
        ({"t": {"type": "Relationship", "value": 1}}, "Relationship without object"),
        ({"t": "urn:ngsi-ld:null"}, "nothing to delete"),
        ({"a b": 1}, "is no name"),
        ({"t": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2}]}, "same datasetId"),
        ({"scope": "9/1"}, "scope is like"),
        ({"t": "\u0000"}, "U+0000"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_stored(broker: httpx.AsyncClient, change: dict, words: str) -> None:
    answer = await broker.post(BASE, json={"id": ROOM["id"], "type": "Room"} | change)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["detail"]
    assert (await broker.get(f"{BASE}/{ROOM['id']}")).status_code == 404


async def test_the_language_that_is_asked_for_wins_over_one_like_it(broker: httpx.AsyncClient) -> None:
    name = {"languageMap": {"ja-Kana": "ヘヤ", "ja": "部屋", "en": "room"}}
    await broker.post(BASE, json={"id": ROOM["id"], "type": "Room", "name": name})
    for wish, text in (("ja", "部屋"), ("ja-Kana", "ヘヤ"), ("en-GB", "room"), ("fr,en;q=0.5", "room"), ("fr", "room")):
        assert (await stored(broker, format="simplified", lang=wish))["name"] == text
