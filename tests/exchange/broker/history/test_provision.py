"""The past as it is written through /temporal (CIM 009 §5.6.11 to §5.6.16)."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

PAST = "/ngsi-ld/v1/temporal/entities"
ID = "urn:ngsi-ld:Car:1"


def at(minute: int) -> str:
    return f"2026-03-01T12:{minute:02}:00Z"


def speeds(*pairs: tuple[int, int]) -> list[dict]:
    return [{"type": "Property", "value": value, "observedAt": at(minute)} for minute, value in pairs]


async def made(broker: httpx.AsyncClient, **members: object) -> None:
    answer = await broker.post(PAST, json={"id": ID, "type": "Car", "speed": speeds((1, 10), (2, 20)), **members})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PAST}/{ID}"


async def test_a_second_upsert_adds_instances_types_and_attributes(broker: httpx.AsyncClient, past) -> None:
    await made(broker)
    more = {"id": ID, "type": ["Car", "Taxi"], "speed": speeds((3, 30)), "fuel": speeds((1, 5))}
    assert (await broker.post(PAST, json=more)).status_code == 204
    found = await past(ID)
    assert found["type"] == ["Car", "Taxi"]
    assert [one["value"] for one in found["speed"]] == [10, 20, 30]
    assert [one["value"] for one in found["fuel"]] == [5]


async def test_what_an_upsert_says_again_is_a_correction(broker: httpx.AsyncClient, past) -> None:
    await made(broker)
    created = (await past(ID, sysAttrs="true"))["speed"][0]["createdAt"]
    assert (await broker.post(PAST, json={"id": ID, "type": "Car", "speed": speeds((1, 11))})).status_code == 204
    found = (await past(ID, sysAttrs="true"))["speed"]
    assert [one["value"] for one in found] == [11, 20]
    assert found[0]["createdAt"] == created


async def test_the_simplified_form_goes_in_too(broker: httpx.AsyncClient, past) -> None:
    simple = {
        "id": ID, "type": "Car", "speed": {"type": "Property", "values": [[10, at(1)], [20, at(2)]]},
        "owner": {"type": "Relationship", "objects": [["urn:ngsi-ld:P:1", at(1)]]},
        "colour": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"en": "red"}}, at(1)]]},
    }  # fmt: skip
    assert (await broker.post(PAST, json=simple)).status_code == 201
    found = await past(ID, format="temporalValues")
    assert {name: found[name] for name in ("speed", "owner", "colour")} == {
        name: simple[name] for name in ("speed", "owner", "colour")
    }


async def test_attributes_are_added_to_what_is_there_only(broker: httpx.AsyncClient, past) -> None:
    assert (await broker.post(f"{PAST}/{ID}/attrs", json={"fuel": speeds((1, 5))})).status_code == 404
    await made(broker)
    assert (await broker.post(f"{PAST}/{ID}/attrs", json={"fuel": speeds((1, 5))})).status_code == 204
    assert set(await past(ID)) == {"id", "type", "speed", "fuel"}


async def test_an_attribute_goes_by_dataset_or_wholly(broker: httpx.AsyncClient, past) -> None:
    other = [{**one, "datasetId": "urn:ngsi-ld:D:1"} for one in speeds((1, 1))]
    await made(broker, speed=[*speeds((1, 10)), *other])
    assert (await broker.delete(f"{PAST}/{ID}/attrs/speed")).status_code == 204
    assert [one.get("datasetId") for one in (await past(ID))["speed"]] == ["urn:ngsi-ld:D:1"]
    assert (await broker.delete(f"{PAST}/{ID}/attrs/speed", params={"deleteAll": "true"})).status_code == 204
    assert (await broker.delete(f"{PAST}/{ID}/attrs/speed")).status_code == 404


async def test_one_instance_is_corrected_and_removed_by_its_id(broker: httpx.AsyncClient, past) -> None:
    await made(broker)
    first, second = (await past(ID, sysAttrs="true"))["speed"]
    address = f"{PAST}/{ID}/attrs/speed/{first['instanceId']}"
    assert (await broker.patch(address, json={"speed": speeds((5, 50))})).status_code == 204
    changed = (await past(ID, sysAttrs="true"))["speed"][1]
    assert (changed["value"], changed["observedAt"], changed["instanceId"]) == (50, at(5), first["instanceId"])
    assert changed["createdAt"] == first["createdAt"]
    assert changed["modifiedAt"] > first["modifiedAt"]
    assert (await broker.delete(address)).status_code == 204
    assert (await broker.delete(address)).status_code == 404
    assert [one["instanceId"] for one in (await past(ID))["speed"]] == [second["instanceId"]]


@pytest.mark.parametrize(
    "instance", ["urn:ngsi-ld:Instance:1", "urn:ngsi-ld:Instance:7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "urn:x:y"]
)
async def test_an_instance_that_is_none_is_not_found(broker: httpx.AsyncClient, instance: str) -> None:
    await made(broker)
    address = f"{PAST}/{ID}/attrs/speed/{instance}"
    assert (await broker.patch(address, json=speeds((1, 1)))).status_code == 404
    assert (await broker.delete(address)).status_code == 404


async def test_the_past_goes_as_a_whole_and_begins_anew_with_the_next_write(broker: httpx.AsyncClient, past) -> None:
    await broker.post("/ngsi-ld/v1/entities", json={"id": ID, "type": "Car", "speed": {"value": 1}})
    assert (await broker.delete(f"{PAST}/{ID}")).status_code == 204
    await past(ID, 404)
    assert (await broker.delete(f"{PAST}/{ID}")).status_code == 404
    await broker.patch(f"/ngsi-ld/v1/entities/{ID}/attrs/speed", json={"value": 2})
    assert [one["value"] for one in (await past(ID))["speed"]] == [2]


async def test_a_deletion_is_recorded_of_what_is_known_by_its_past_alone(broker: httpx.AsyncClient, past) -> None:
    await made(broker, scope="/a")
    for name in ("speed", "scope"):
        assert (await broker.delete(f"/ngsi-ld/v1/entities/{ID}/attrs/{name}")).status_code == 204
        assert (await broker.delete(f"/ngsi-ld/v1/entities/{ID}/attrs/{name}")).status_code == 404
    found = await past(ID, timeproperty="deletedAt")
    assert (found["speed"][0]["value"], found["scope"][0]["value"]) == ("urn:ngsi-ld:null", [])


@pytest.mark.parametrize(
    "members",
    [
        {"speed": speeds((1, 1)), "scope": [{"type": "Relationship", "object": "urn:x:y"}]},
        {"speed": {"type": "Property", "values": [1]}},
        {"speed": {"type": "Property", "values": [[1, "yesterday"]]}},
        {"speed": "urn:ngsi-ld:null"},
        {"speed": [{"type": "Property", "value": 1, "observedAt": "2026-03-01T02:00:00+03:00"}]},
        {"expiresAt": "urn:ngsi-ld:null"},
    ],
)
async def test_a_document_that_is_wrong_is_refused_and_leaves_nothing(
    broker: httpx.AsyncClient, past, members: dict
) -> None:
    answer = await broker.post(PAST, json={"id": ID, "type": "Car", **members})
    assert answer.status_code == 400, answer.text
    await past(ID, 404)
