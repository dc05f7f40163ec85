"""Whatever is written of an entity is in its history (CIM 009 §4.5.6 to §4.5.8)."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

ENTITIES = "/ngsi-ld/v1/entities"
PAST = "/ngsi-ld/v1/temporal/entities"
ID = "urn:ngsi-ld:Room:1"
ROOM = {
    "id": ID,
    "type": "Room",
    "temperature": {"type": "Property", "value": 20, "observedAt": "2026-01-01T00:00:00Z"},
}


async def past(broker: httpx.AsyncClient, **params: str) -> dict:
    answer = await broker.get(f"{PAST}/{ID}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(attribute: list[dict]) -> list:
    return [one.get("value") for one in attribute]


async def test_every_instance_that_was_written_is_there_with_an_id_of_its_own(broker: httpx.AsyncClient) -> None:
    await broker.post(ENTITIES, json=ROOM)
    for value in (21, 22):
        body = {"value": value, "observedAt": f"2026-01-01T00:00:{value}Z"}
        assert (await broker.patch(f"{ENTITIES}/{ID}/attrs/temperature", json=body)).status_code == 204
    found = (await past(broker))["temperature"]
    assert values(found) == [20, 21, 22]
    assert len({one["instanceId"] for one in found}) == 3
    assert all(one["instanceId"].startswith("urn:ngsi-ld:Instance:") for one in found)
