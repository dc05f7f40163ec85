"""Purge over HTTP: what a query finds is deleted, wholly or in part (CIM 009 §5.6.21)."""

import httpx
import pytest

from hiroba.exchange.broker.ngsi_ld import purge

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
LAMPS = [
    {"id": f"urn:ngsi-ld:Lamp:{number:02}", "type": "Lamp", "scope": "/park", "power": number, "colour": "red",
     "location": {"type": "Point", "coordinates": [135.5 + number / 100, 34.7]}}
    for number in range(12)
]  # fmt: skip


@pytest.fixture
async def lit(broker: httpx.AsyncClient) -> httpx.AsyncClient:
    made = await broker.post(
        f"{BASE}/entityOperations/create", json=[*LAMPS, {"id": "urn:ngsi-ld:Tree:1", "type": "Tree"}]
    )
    assert made.status_code == 201, made.text
    return broker


async def left(broker: httpx.AsyncClient, **params: str) -> list[str]:
    answer = await broker.get(f"{BASE}/entities", params={"local": "true", "pick": "id", **params})
    return [entity["id"].removeprefix("urn:ngsi-ld:") for entity in answer.json()]


async def gone(broker: httpx.AsyncClient, **params: str) -> None:
    answer = await broker.delete(f"{BASE}/entities", params=params)
    assert answer.status_code == 204, answer.text


async def test_what_is_found_goes_and_the_rest_stays(lit: httpx.AsyncClient) -> None:
    await gone(lit, type="Lamp", q="power>=10")
    await gone(lit, type="Lamp", id="urn:ngsi-ld:Lamp:00")
    near = {"georel": "near;maxDistance==500", "geometry": "Point", "coordinates": "[135.51,34.7]"}
    await gone(lit, **near)
    assert await left(lit) == [*(f"Lamp:{number:02}" for number in range(2, 10)), "Tree:1"]
    await gone(lit, local="true")
    assert await left(lit) == []


async def test_attributes_are_dropped_or_all_others_are(lit: httpx.AsyncClient) -> None:
    await gone(lit, type="Lamp", q="power<3", drop="colour,scope")
    await gone(lit, type="Lamp", q="power==5", keep="power")
    lamps = (await lit.get(f"{BASE}/entities", params={"type": "Lamp", "format": "simplified"})).json()
    assert sorted(lamps[0]) == ["id", "location", "power", "type"]
    assert sorted(lamps[5]) == ["id", "power", "scope", "type"]
    assert sorted(lamps[6]) == ["colour", "id", "location", "power", "scope", "type"]


async def test_many_go_in_several_rounds(lit: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "AT_ONCE", 5)
    await gone(lit, type="Lamp", drop="colour")
    assert await left(lit, q="colour") == []
    near = {"georel": "near;maxDistance==5000", "geometry": "Point", "coordinates": "[135.5,34.7]"}
    await gone(lit, **near)
    assert len(await left(lit, type="Lamp")) == 6
    await gone(lit, type="Lamp")
    assert await left(lit) == ["Tree:1"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"id": "urn:ngsi-ld:Lamp:01"},
        {"idPattern": ".*"},
        {"drop": "colour"},
        {"type": "Lamp", "drop": "colour", "keep": "power"},
        {"type": "Lamp", "drop": "id"},
        {"type": "Lamp", "drop": "inside{name}"},
        {"type": "Lamp", "q": 'inside{name}=="x"'},
        {"q": 'modifiedAt>"2020-01-01T00:00:00Z"'},
        {"attrs": "createdAt"},
    ],
)
async def test_what_is_too_wide_or_wrong_deletes_nothing(lit: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await lit.delete(f"{BASE}/entities", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("BadRequestData")
    assert len(await left(lit)) == 13
