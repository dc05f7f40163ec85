"""Entity maps over HTTP: what a query found stays the set of its pages (CIM 009 §5.14, §5.5.9.3)."""

import httpx
import pytest

from hiroba.base.db import Connection
from hiroba.exchange.broker.maps import store
from hiroba.exchange.broker.ngsi_ld import maps

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
IDS = [f"urn:ngsi-ld:Bus:{number}" for number in range(6)]


@pytest.fixture
async def buses(broker: httpx.AsyncClient) -> httpx.AsyncClient:
    made = [
        {
            "id": id_,
            "type": "Bus",
            "speed": number * 10,
            "location": {"type": "Point", "coordinates": [135 + number / 100, 34]},
        }
        for number, id_ in enumerate(IDS)
    ]
    assert (await broker.post(f"{BASE}/entityOperations/create", json=made)).status_code == 201
    return broker


async def page(broker: httpx.AsyncClient, location: str, **params: str) -> tuple[list[str], httpx.Response]:
    answer = await broker.get(
        f"{BASE}/entities", params={"type": "Bus", **params}, headers={"NGSILD-EntityMap": location}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["ngsild-entitymap"] == location
    return [entity["id"] for entity in answer.json()], answer


async def test_pages_walk_what_was_found_first(buses: httpx.AsyncClient) -> None:
    first = await buses.get(f"{BASE}/entities", params={"type": "Bus", "limit": "2", "entityMap": "true"})
    assert first.status_code == 201
    location = first.headers["ngsild-entitymap"]
    late = {"id": "urn:ngsi-ld:Bus:00", "type": "Bus"}
    assert (await buses.post(f"{BASE}/entities", json=late)).status_code == 201
    second, answer = await page(buses, location, limit="2", offset="2", count="true")
    assert second == IDS[2:4]
    assert answer.headers["ngsild-results-count"] == "6"
    last, answer = await page(buses, location, limit="2", offset="4")
    assert last == IDS[4:]
    assert not any('rel="next"' in link for link in answer.headers.get_list("link"))


async def test_what_no_longer_matches_leaves_the_map(buses: httpx.AsyncClient) -> None:
    made = await buses.get(f"{BASE}/entityMaps", params={"type": "Bus", "q": "speed>0"})
    assert made.status_code == 201
    assert made.json()["entityMap"] == {id_: ["@none"] for id_ in IDS[1:]}
    location = made.headers["ngsild-entitymap"]
    await buses.delete(f"{BASE}/entities/{IDS[1]}")
    await buses.patch(f"{BASE}/entities/{IDS[2]}/attrs", json={"speed": 0})
    near = {"georel": "near;maxDistance==100000", "geometry": "Point", "coordinates": "[135,34]"}
    found, _ = await page(buses, location, q="speed>0", orderBy="speed;desc", **near)
    assert found == IDS[:2:-1]
    left = (await buses.get(location)).json()
    assert left["type"] == "EntityMap"
    assert set(left["entityMap"]) == set(IDS[3:])


async def test_a_map_is_made_by_post_too_and_for_one_entity(buses: httpx.AsyncClient) -> None:
    query = {"type": "Query", "entities": [{"type": "Bus", "id": IDS[0]}], "entityMapLifetime": "PT1M"}
    made = await buses.post(f"{BASE}/entityMaps", json=query)
    assert made.status_code == 201, made.text
    assert list(made.json()["entityMap"]) == IDS[:1]
    one = await buses.get(f"{BASE}/entities/{IDS[3]}", params={"entityMap": "true"})
    assert one.status_code == 200
    assert list((await buses.get(one.headers["ngsild-entitymap"])).json()["entityMap"]) == [IDS[3]]


async def test_a_map_that_is_gone_is_made_anew(buses: httpx.AsyncClient) -> None:
    answer = await buses.get(
        f"{BASE}/entities", params={"type": "Bus"}, headers={"NGSILD-EntityMap": f"{BASE}/entityMaps/urn:gone"}
    )
    assert answer.status_code == 201
    assert not answer.headers["ngsild-entitymap"].endswith("urn:gone")


async def test_a_map_is_prolonged_within_bounds_expires_and_is_deleted(
    buses: httpx.AsyncClient, conn: Connection
) -> None:
    location = (await buses.get(f"{BASE}/entityMaps", params={"type": "Bus", "entityMapLifetime": "P10Y"})).headers[
        "ngsild-entitymap"
    ]
    assert (await buses.get(location)).json()["expiresAt"] < "2090"
    assert (await buses.patch(location, json={"expiresAt": "2099-01-01T00:00:00Z", "entityMap": {}})).status_code == 204
    kept = (await buses.get(location)).json()
    assert kept["expiresAt"] < "2090"
    assert len(kept["entityMap"]) == 6
    assert (await buses.patch(location, json={"expiresAt": "soon"})).status_code == 400
    assert (await buses.get(location, headers={"NGSILD-Tenant": "other"})).status_code == 404
    assert (await buses.patch(location, json={"expiresAt": "2020-01-01T00:00:00Z"})).status_code == 204
    assert (await buses.get(location)).status_code == 404
    await store.forget_expired_maps(conn)
    assert await conn.fetchval("select count(*) from broker.entity_map") == 0
    another = (await buses.get(f"{BASE}/entityMaps", params={"type": "Bus"})).headers["ngsild-entitymap"]
    assert (await buses.delete(another)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await buses.request(method, another)).status_code == 404
        assert (await buses.request(method, f"{BASE}/entityMaps/nobody")).status_code == 400


async def test_what_is_wrong_makes_no_map(buses: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for params in ({}, {"type": "Bus", "entityMapLifetime": "soon"}, {"type": "Bus", "entityMapLifetime": "PT0S"}):
        assert (await buses.get(f"{BASE}/entityMaps", params=params)).status_code == 400
    monkeypatch.setattr(maps, "MOST_MAPS", 1)
    assert (await buses.get(f"{BASE}/entityMaps", params={"type": "Bus"})).status_code == 201
    assert (await buses.get(f"{BASE}/entityMaps", params={"type": "Bus"})).status_code == 403


async def test_a_map_over_time_names_what_has_instances_in_the_period(buses: httpx.AsyncClient) -> None:
    ask = {"type": "Bus", "timerel": "before", "timeproperty": "createdAt"}
    assert (await buses.get(f"{BASE}/temporal/entityMaps", params={"type": "Bus"})).status_code == 400
    now = await buses.get(f"{BASE}/temporal/entityMaps", params={**ask, "timeAt": "2999-01-01T00:00:00Z"})
    assert now.status_code == 201, now.text
    assert list(now.json()["entityMap"]) == IDS
    then = await buses.get(f"{BASE}/temporal/entityMaps", params={**ask, "timeAt": "2000-01-01T00:00:00Z"})
    assert then.json()["entityMap"] == {}
    period = {"timerel": "before", "timeAt": "2999-01-01T00:00:00Z", "timeproperty": "createdAt"}
    query = {"type": "Query", "entities": [{"type": "Bus"}], "temporalQ": period}
    posted = await buses.post(f"{BASE}/temporal/entityMaps", json=query)
    assert list(posted.json()["entityMap"]) == IDS
