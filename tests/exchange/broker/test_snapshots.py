"""Snapshots over HTTP: what queries found at one time stays as it was, and takes every operation (CIM 009 §5.16)."""

import asyncio
from typing import Any

import httpx
import pytest

from hiroba.base.db import Connection
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.ngsi_ld import snapshots
from hiroba.exchange.broker.snapshots import model, store

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
CARS = [
    {"id": f"urn:ngsi-ld:Car:{number}", "type": "Car", "speed": number * 10, "colour": "red"} for number in range(7)
]
FAST = {"type": "Query", "entities": [{"type": "Car"}], "q": "speed>=50"}


@pytest.fixture
async def cars(broker: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setattr(snapshots, "AT_ONCE", 3)
    assert (await broker.post(f"{BASE}/entityOperations/create", json=CARS)).status_code == 201
    return broker


async def ready(broker: httpx.AsyncClient, location: str) -> dict[str, Any]:
    for _ in range(200):
        found = (await broker.get(location)).json()
        if found["snapshotStatus"] != "preparing":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def made(broker: httpx.AsyncClient, *queries: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = await broker.post(
        f"{BASE}/snapshots", json={"type": "Snapshot", "snapshotQueries": list(queries), **members}
    )
    assert answer.status_code == 201, answer.text
    return await ready(broker, answer.headers["location"])


async def inside(broker: httpx.AsyncClient, snapshot: dict[str, Any], **params: str) -> list[dict[str, Any]]:
    headers = {"NGSILD-Snapshot": snapshot["id"]}
    answer = await broker.get(
        f"{BASE}/entities", params={"type": "Car", "format": "simplified", **params}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["ngsild-snapshot"] == snapshot["id"]
    return answer.json()


async def test_what_was_found_stays_as_it_was(cars: httpx.AsyncClient) -> None:
    before = (await cars.get(f"{BASE}/entities/{CARS[5]['id']}", params={"sysAttrs": "true"})).json()
    frozen = await made(cars, FAST)
    assert frozen["snapshotStatus"] == "success"
    assert frozen["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert frozen["snapshotPriority"] == 5
    await cars.patch(f"{BASE}/entities/{CARS[5]['id']}/attrs", json={"speed": 1})
    await cars.delete(f"{BASE}/entities/{CARS[6]['id']}")
    assert [car["speed"] for car in await inside(cars, frozen)] == [50, 60]
    kept = await cars.get(
        f"{BASE}/entities/{CARS[5]['id']}", params={"sysAttrs": "true"}, headers={"NGSILD-Snapshot": frozen["id"]}
    )
    assert kept.json() == before


async def test_what_is_done_in_a_snapshot_stays_in_it(cars: httpx.AsyncClient) -> None:
    frozen = await made(cars, FAST)
    headers = {"NGSILD-Snapshot": frozen["id"]}
    changed = await cars.patch(f"{BASE}/entities/{CARS[5]['id']}/attrs", json={"speed": 99}, headers=headers)
    assert changed.status_code == 204
    assert [car["speed"] for car in await inside(cars, frozen, q="speed>90")] == [99]
    assert (await cars.get(f"{BASE}/entities/{CARS[5]['id']}", params={"format": "simplified"})).json()["speed"] == 50


async def test_several_queries_each_with_its_own_end(cars: httpx.AsyncClient) -> None:
    slow = {"type": "Query", "entities": [{"type": "Car"}], "q": "speed<20", "pick": ["id", "speed"]}
    red = {"type": "Query", "entities": [{"type": "Car", "id": CARS[0]["id"]}], "pick": ["id", "colour"]}
    none = {"type": "Query", "entities": [{"type": "Bicycle"}]}
    frozen = await made(cars, slow, red, none)
    assert frozen["snapshotStatus"] == "partial"
    assert [one["resultStatus"] for one in frozen["snapshotQueriesDetails"]] == ["success", "success", "empty"]
    first, second = await inside(cars, frozen)
    assert first == {"id": CARS[0]["id"], "type": "Car", "speed": 0, "colour": "red"}
    assert "colour" not in second
    assert (await made(cars, none))["snapshotStatus"] == "empty"


async def test_a_clone_outlives_its_original(cars: httpx.AsyncClient) -> None:
    frozen = await made(cars, FAST)
    location = f"{BASE}/snapshots/{frozen['id']}"
    copied = await cars.post(f"{location}/clone", json={"type": "Snapshot", "snapshotPriority": 9})
    assert copied.status_code == 201
    clone = await ready(cars, copied.headers["location"])
    assert (clone["snapshotStatus"], clone["snapshotPriority"]) == ("success", 9)
    changed = await cars.patch(location, json={"snapshotPriority": 2, "snapshotLifetime": "P1Y"})
    assert changed.status_code == 200
    assert changed.json()["snapshotPriority"] == 2
    assert (await cars.delete(f"{BASE}/snapshots", params={"q": "snapshotPriority<5"})).status_code == 204
    assert (await cars.get(location)).status_code == 404
    assert len(await inside(cars, clone)) == 2
    lost = await cars.get(f"{BASE}/entities", params={"type": "Car"}, headers={"NGSILD-Snapshot": frozen["id"]})
    assert lost.status_code == 404


async def test_nothing_of_a_snapshot_is_left_when_it_is_gone(cars: httpx.AsyncClient, conn: Connection) -> None:
    one, other = await made(cars, FAST), await made(cars, FAST)
    assert (await cars.delete(f"{BASE}/snapshots/{one['id']}")).status_code == 204
    await conn.execute("update broker.snapshot set expires = now()")
    assert (await cars.get(f"{BASE}/snapshots/{other['id']}")).status_code == 404
    await store.forget_expired_snapshots(conn)
    assert await conn.fetchval("select count(*) from broker.snapshot") == 0
    assert await conn.fetchval("select count(*) from broker.entity where tenant <> ''") == 0
    assert await conn.fetchval("select count(*) from broker.entity") == 7


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"snapshotQueries": []},
        {"snapshotQueries": [{"type": "Query", "entities": [{"type": "Car"}], "temporalQ": {"timerel": "after"}}]},
        {"snapshotQueries": [{"type": "Query"}]},
        {"snapshotQueries": [FAST], "snapshotPriority": 11},
        {"snapshotQueries": [FAST], "snapshotLifetime": "long"},
        {"snapshotQueries": [FAST], "endpoint": "here"},
        {"snapshotQueries": [FAST], "receiverInfo": ["key"]},
        {"snapshotQueries": [FAST], "id": "nobody"},
        {"snapshotQueries": [FAST], "colour": "red"},
    ],
)
async def test_a_snapshot_that_is_wrong_is_refused(cars: httpx.AsyncClient, document: dict[str, Any]) -> None:
    answer = await cars.post(f"{BASE}/snapshots", json={"type": "Snapshot", **document})
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("BadRequestData")


async def test_what_else_is_wrong(cars: httpx.AsyncClient) -> None:
    frozen = await made(cars, FAST, id="urn:ngsi-ld:Snapshot:mine")
    again = await cars.post(
        f"{BASE}/snapshots", json={"type": "Snapshot", "id": frozen["id"], "snapshotQueries": [FAST]}
    )
    assert again.status_code == 409
    location = f"{BASE}/snapshots/{frozen['id']}"
    assert (await cars.patch(location, json={"snapshotQueries": [FAST]})).status_code == 400
    assert (await cars.patch(location, json={"id": "urn:other"})).status_code == 400
    for params in ({}, {"q": "speed>5"}, {"q": "(("}):
        assert (await cars.delete(f"{BASE}/snapshots", params=params)).status_code == 400
    assert (await cars.get(location)).status_code == 200
    assert (
        await cars.get(f"{BASE}/entities", params={"type": "Car"}, headers={"NGSILD-Tenant": "a@b"})
    ).status_code == 400


async def test_the_endpoint_is_told(cars: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, str], bytes]] = []

    async def post(self: Any, url: str, *, headers: dict[str, str], body: bytes, seconds: float = 10.0) -> int:
        del self, seconds
        told.append((url, headers, body))
        return 200

    monkeypatch.setattr("hiroba.base.egress.Egress.post", post)
    info = [{"key": "x-who", "value": "me"}]
    await made(cars, FAST, endpoint="https://example.org/told", receiverInfo=info)
    for _ in range(100):
        if told:
            break
        await asyncio.sleep(0.02)
    ((url, headers, body),) = told
    assert (url, headers["x-who"]) == ("https://example.org/told", "me")
    assert b'"SnapshotNotification"' in body
    assert b'"success"' in body


def test_how_it_stands_after_all_queries() -> None:
    good, bad, none = model.result(3), model.result(0, BadRequestData("no")), model.result(0)
    assert model.status([good, good]) == "success"
    assert model.status([good, bad]) == model.status([good, none]) == "partial"
    assert model.status([none, bad]) == model.status([none]) == "empty"
    assert model.status([bad]) == "failure"
    assert bad["problemDetails"]["status"] == 400


SINCE = {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}
PAST = f"{BASE}/temporal/entities/urn:ngsi-ld:Car:old"


def old(*speeds: int) -> dict[str, Any]:
    instances = [
        {"type": "Property", "value": speed, "observedAt": f"2026-01-{day:02}T00:00:00Z"}
        for day, speed in enumerate(speeds, 1)
    ]
    return {"id": "urn:ngsi-ld:Car:old", "type": "Car", "speed": instances}


async def test_the_past_is_kept_as_it_was_and_cloned_with_the_rest(cars: httpx.AsyncClient) -> None:
    await cars.post(f"{BASE}/temporal/entities", json=old(10, 20, 30))
    params = {"sysAttrs": "true"}
    before = (await cars.get(PAST, params=params)).json()
    slow = {"type": "Query", "entities": [{"type": "Car"}], "q": "speed<15", "temporalQ": SINCE}
    none = slow | {"temporalQ": SINCE | {"timeAt": "2026-02-01T00:00:00Z"}}
    frozen = await made(cars, FAST, snapshotTemporalQueries=[slow, none])
    assert frozen["snapshotStatus"] == "partial"
    assert frozen["snapshotTemporalQueriesDetails"] == [{"resultStatus": "success"}, {"resultStatus": "empty"}]
    await cars.delete(PAST)
    inside_of = {"NGSILD-Snapshot": frozen["id"]}
    assert (await cars.get(PAST, params=params)).status_code == 404
    kept = (await cars.get(PAST, params=params, headers=inside_of)).json()
    assert kept["speed"] == before["speed"]
    one = kept["speed"][0]["instanceId"]
    assert (await cars.delete(f"{PAST}/attrs/speed/{one}", headers=inside_of)).status_code == 204
    copied = await cars.post(f"{BASE}/snapshots/{frozen['id']}/clone", json={"type": "Snapshot"})
    clone = await ready(cars, copied.headers["location"])
    cloned = (await cars.get(PAST, params=params, headers={"NGSILD-Snapshot": clone["id"]})).json()
    assert cloned["speed"] == before["speed"][1:]
    assert len(await inside(cars, clone)) == 2


async def test_a_snapshot_of_the_past_alone(cars: httpx.AsyncClient) -> None:
    await cars.post(f"{BASE}/temporal/entities", json=old(10, 20, 30))
    last = {"type": "Query", "entities": [{"type": "Car"}], "attrs": ["speed"], "temporalQ": SINCE | {"lastN": 2}}
    answer = await cars.post(f"{BASE}/snapshots", json={"type": "Snapshot", "snapshotTemporalQueries": [last]})
    assert answer.status_code == 201, answer.text
    frozen = await ready(cars, answer.headers["location"])
    assert (frozen["snapshotStatus"], "snapshotQueriesDetails" in frozen) == ("success", False)
    kept = (await cars.get(PAST, headers={"NGSILD-Snapshot": frozen["id"]})).json()
    assert [one["value"] for one in kept["speed"]] == [20, 30]
