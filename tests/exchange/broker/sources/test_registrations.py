"""Context source registrations over HTTP (CIM 009 §5.9, §5.10, §6.8, §6.9)."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.conftest import client_of

from hiroba.base import clock
from hiroba.base.db import Connection, Pool
from hiroba.base.versions import Follower
from hiroba.exchange.broker.sources import store
from hiroba.exchange.broker.sources.matching import Wanted
from hiroba.exchange.broker.sources.model import Change
from hiroba.exchange.broker.sources.registry import Sources
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.store import add_key
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1/csourceRegistrations"
ID = "urn:ngsi-ld:ContextSourceRegistration:1"
SOURCE: dict[str, Any] = {
    "id": ID,
    "type": "ContextSourceRegistration",
    "information": [{"entities": [{"type": "Building"}]}],
    "endpoint": "http://source.example",
}
VEHICLE = {"entities": [{"type": "Vehicle", "id": "urn:ngsi-ld:Vehicle:1"}], "propertyNames": ["speed"]}


async def register(broker: httpx.AsyncClient, number: int = 1, **members: Any) -> httpx.Response:
    document = SOURCE | {"id": f"urn:ngsi-ld:ContextSourceRegistration:{number}"} | members
    return await broker.post(BASE, json={name: value for name, value in document.items() if value is not None})


async def found(broker: httpx.AsyncClient, **params: str) -> list[str]:
    answer = await broker.get(BASE, params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"].rpartition(":")[2] for one in answer.json()]


async def test_a_registration_comes_back_as_it_was_given(broker: httpx.AsyncClient) -> None:
    made = await register(broker)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{BASE}/{ID}"
    assert (await broker.get(f"{BASE}/{ID}")).json() == SOURCE
    with_times = (await broker.get(f"{BASE}/{ID}", params={"sysAttrs": "true"})).json()
    assert with_times["createdAt"] == with_times["modifiedAt"]


async def test_one_without_an_id_gets_one(broker: httpx.AsyncClient) -> None:
    location = (await register(broker, id=None)).headers["location"]
    assert (await broker.get(location)).json()["id"] == location.rpartition("/")[2]


async def test_an_id_is_taken_once(broker: httpx.AsyncClient) -> None:
    await register(broker)
    again = await register(broker)
    assert again.status_code == 409
    assert again.json()["type"].endswith("/AlreadyExists")


async def test_a_patch_replaces_members_and_null_deletes_them(broker: httpx.AsyncClient) -> None:
    await register(broker, description="old", expiresAt="2035-01-01T00:00:00Z")
    answer = await broker.patch(
        f"{BASE}/{ID}", json={"description": "new", "expiresAt": None, "information": [{"entities": [{"type": "Bus"}]}]}
    )
    assert answer.status_code == 204, answer.text
    changed = (await broker.get(f"{BASE}/{ID}")).json()
    assert changed == SOURCE | {"description": "new", "information": [{"entities": [{"type": "Bus"}]}]}
    assert await found(broker, type="Bus") == ["1"]
    assert await found(broker, type="Building") == []


@pytest.mark.parametrize(
    ("id_", "fragment", "status", "kind"),
    [
        ("no-uri", {"description": "x"}, 400, "BadRequestData"),
        ("urn:x:unknown", {"description": "x"}, 404, "ResourceNotFound"),
        (ID, {"information": None}, 400, "BadRequestData"),
        (ID, {"id": "urn:x:other"}, 400, "BadRequestData"),
        (ID, {"type": "Building"}, 400, "BadRequestData"),
        (ID, {"expiresAt": "2020-01-01T00:00:00Z"}, 400, "BadRequestData"),
        (ID, [], 400, "InvalidRequest"),
    ],
)
async def test_a_patch_that_cannot_be_is_refused(
    broker: httpx.AsyncClient, id_: str, fragment: Any, status: int, kind: str
) -> None:
    await register(broker)
    answer = await broker.patch(f"{BASE}/{id_}", json=fragment)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind)
    assert (await broker.get(f"{BASE}/{ID}")).json() == SOURCE


async def test_what_is_deleted_is_gone(broker: httpx.AsyncClient) -> None:
    await register(broker)
    assert (await broker.delete(f"{BASE}/{ID}")).status_code == 204
    assert (await broker.get(f"{BASE}/{ID}")).status_code == 404
    assert (await broker.delete(f"{BASE}/{ID}")).status_code == 404
    assert (await broker.delete(f"{BASE}/no-uri")).status_code == 400
    assert (await broker.delete(f"{BASE}/")).status_code == 405


async def test_discovery_needs_a_type_an_attribute_a_query_or_a_place(broker: httpx.AsyncClient) -> None:
    for params in ({}, {"id": "urn:x:1"}, {"scopeQ": "/a"}, {"csf": "endpoint"}):
        answer = await broker.get(BASE, params=params)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "BadRequestData"), params


async def test_discovery_by_what_sources_may_hold(broker: httpx.AsyncClient) -> None:
    await register(broker, 1)
    await register(broker, 2, information=[VEHICLE])
    await register(broker, 3, information=[{"propertyNames": ["height"]}])
    assert await found(broker, type="Building") == ["1", "3"]
    assert await found(broker, type="Vehicle", id="urn:ngsi-ld:Vehicle:2") == ["3"]
    assert await found(broker, attrs="speed") == ["1", "2"]
    assert await found(broker, q="speed>3") == ["1", "2"]
    assert await found(broker, type="Vehicle", attrs="height") == ["3"]


async def test_discovery_by_what_sources_say_of_themselves(broker: httpx.AsyncClient) -> None:
    place = {"type": "Point", "coordinates": [8.68, 49.41]}
    year = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2026-01-01T00:00:00Z"}
    await register(broker, 1, scope="/Madrid/Centro", location=place, quality=3)
    await register(broker, 2, endpoint="http://other.example", scope="/Berlin")
    await register(broker, 3, observationInterval=year)
    of = {"type": "Building"}
    near = {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": "[8.68,49.41]"}
    assert await found(broker, **of) == ["1", "2"]
    assert await found(broker, **of, csf='endpoint=="http://other.example"') == ["2"]
    assert await found(broker, **of, csf="quality>2") == ["1"]
    assert await found(broker, **of, scopeQ="/Madrid/#") == ["1"]
    assert await found(broker, **of, **near) == ["1"]
    assert await found(broker, **of, timerel="after", timeAt="2025-06-01T00:00:00Z") == ["3"]
    assert await found(broker, **of, timerel="after", timeAt="2026-06-01T00:00:00Z") == []


async def test_pages_have_links_and_a_count(broker: httpx.AsyncClient) -> None:
    for number in range(1, 6):
        await register(broker, number)
    answer = await broker.get(BASE, params={"type": "Building", "limit": "2", "offset": "2", "count": "true"})
    assert [one["id"][-1] for one in answer.json()] == ["3", "4"]
    assert answer.headers["ngsild-results-count"] == "5"
    links = answer.headers.get_list("link")
    assert f'<{BASE}?type=Building&limit=2&offset=0&count=true>;rel="prev";type="application/json"' in links
    assert f'<{BASE}?type=Building&limit=2&offset=4&count=true>;rel="next";type="application/json"' in links
    assert await found(broker, type="Building", offset="9") == ["5"]
    nothing = await broker.get(BASE, params={"type": "Building", "limit": "0", "count": "true"})
    assert (nothing.json(), nothing.headers["ngsild-results-count"]) == ([], "5")


async def test_json_ld_carries_the_context(broker: httpx.AsyncClient) -> None:
    await register(broker)
    answer = await broker.get(f"{BASE}/{ID}", headers={"Accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    assert "@context" in answer.json()
    assert (await broker.get(f"{BASE}/{ID}", headers={"Accept": "application/geo+json"})).status_code == 406


async def test_tenants_are_apart(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=SOURCE, headers={"NGSILD-Tenant": "one"})
    assert (await broker.get(f"{BASE}/{ID}")).status_code == 404
    assert (await broker.get(f"{BASE}/{ID}", headers={"NGSILD-Tenant": "one"})).status_code == 200


async def test_exclusive_and_redirect_do_not_share_an_attribute_of_an_entity(broker: httpx.AsyncClient) -> None:
    exclusive = {"mode": "exclusive", "information": [VEHICLE]}
    assert (await register(broker, 1, **exclusive)).status_code == 201
    for other in (
        exclusive,
        {"mode": "redirect", "information": [VEHICLE]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Vehicle"}]}]},
        {"mode": "redirect", "information": [{"propertyNames": ["speed"]}]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Vehicle", "idPattern": ":1$"}]}]},
    ):
        refused = await register(broker, 2, **other)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "Conflict"), other
    for number, other in enumerate((
        {"mode": "exclusive", "information": [VEHICLE | {"propertyNames": ["colour"]}]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Vehicle", "idPattern": ":2$"}]}]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Building"}]}]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Building"}]}]},
        {"information": [VEHICLE]},
        {"mode": "auxiliary", "information": [VEHICLE]},
    )):  # fmt: skip
        assert (await register(broker, number + 3, **other)).status_code == 201, other
    assert (await broker.patch(f"{BASE}/{ID}", json={"description": "itself is no conflict"})).status_code == 204
    becoming = await broker.patch(f"{BASE}/urn:ngsi-ld:ContextSourceRegistration:7", json={"mode": "redirect"})
    assert becoming.status_code == 409


async def test_what_is_held_here_cannot_be_said_to_be_elsewhere(broker: httpx.AsyncClient) -> None:
    vehicle = {"id": "urn:ngsi-ld:Vehicle:1", "type": "Vehicle", "speed": 3, "colour": "red"}
    assert (await broker.post("/ngsi-ld/v1/entities", json=vehicle)).status_code == 201
    for refused in (
        {"mode": "exclusive", "information": [VEHICLE]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Vehicle"}]}]},
        {"mode": "redirect", "information": [{"propertyNames": ["colour"]}]},
        {"mode": "redirect", "information": [{"entities": [{"type": "Vehicle", "idPattern": ":1$"}]}]},
    ):
        answer = await register(broker, **refused)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "Conflict"), refused
    assert (
        await register(broker, 1, mode="exclusive", information=[VEHICLE | {"propertyNames": ["fuel"]}])
    ).status_code == 201
    assert (
        await register(broker, 2, mode="redirect", information=[{"entities": [{"type": "Bus"}]}])
    ).status_code == 201
    assert (await register(broker, 3, information=[VEHICLE])).status_code == 201


async def test_of_two_exclusive_registrations_at_once_one_is_made(broker: httpx.AsyncClient) -> None:
    statuses = []

    async def try_(number: int) -> None:
        statuses.append((await register(broker, number, mode="exclusive", information=[VEHICLE])).status_code)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(try_, number)
    assert sorted(statuses) == [201] + [409] * 7


async def test_only_the_owner_changes_a_registration_and_sees_its_keys(operator: httpx.AsyncClient) -> None:
    secret = {"contextSourceInfo": [{"key": "Authorization", "value": "Bearer x"}]}
    assert (await register(operator, **secret)).status_code == 201
    assert (await operator.get(f"{BASE}/{ID}")).json() == SOURCE | secret
    del operator.headers["Authorization"]
    assert (await operator.get(f"{BASE}/{ID}")).json() == SOURCE
    assert (await operator.delete(f"{BASE}/{ID}")).status_code == 401
    assert (await register(operator, 2)).status_code == 401


async def test_keys_cannot_be_guessed_by_asking(operator: httpx.AsyncClient) -> None:
    await register(operator, contextSourceInfo=[{"key": "Authorization", "value": "Bearer x"}], quality=3)
    for csf, expected in (
        ("quality==3", ["1"]),
        ('contextSourceInfo[value]=="Bearer x"', []),
        ("contextSourceInfo", []),
    ):
        assert await found(operator, type="Building", csf=csf) == expected


async def test_an_organisation_registers_what_is_read_and_the_operator_what_takes_over(
    operator: httpx.AsyncClient, conn: Connection
) -> None:
    secret = await add_key(conn, Caller("client", "", "271403", frozenset({"publish"})), title="Sakai")
    operators_key, sakai = operator.headers["Authorization"], f"Bearer {secret}"
    operator.headers["Authorization"] = sakai
    assert (await register(operator, 1)).status_code == 201
    assert (await register(operator, 2, mode="auxiliary")).status_code == 201
    for number, refused in enumerate((
        {"mode": "redirect"}, {"mode": "exclusive", "information": [VEHICLE]}, {"operations": ["updateOps"]},
    )):  # fmt: skip
        assert (await register(operator, 3, **refused)).status_code == 403
        assert (await operator.patch(f"{BASE}/{ID}", json=refused)).status_code == 403
        operator.headers["Authorization"] = operators_key
        assert (await register(operator, 4 + number, **refused)).status_code == 201
        operator.headers["Authorization"] = sakai
    assert (await operator.delete(f"{BASE}/urn:ngsi-ld:ContextSourceRegistration:4")).status_code == 403
    assert (await operator.delete(f"{BASE}/{ID}")).status_code == 204


async def test_an_expired_registration_is_forgotten(broker: httpx.AsyncClient, conn: Connection) -> None:
    await register(broker, expiresAt=clock.iso(clock.now() + timedelta(seconds=1)))
    assert await found(broker, type="Building") == ["1"]
    await anyio.sleep(1.1)
    assert await found(broker, type="Building") == []
    assert (await broker.get(f"{BASE}/{ID}")).status_code == 404
    with anyio.fail_after(5):
        while await conn.fetchval("select count(*) from broker.registration"):  # noqa: ASYNC110 - the database gives no event
            await anyio.sleep(0.1)
    assert (await register(broker)).status_code == 201


async def test_how_it_went_with_a_source_is_told(broker: httpx.AsyncClient, conn: Connection) -> None:
    await register(broker)
    now = clock.now()
    failed, again = store.Attempt("", ID, now, False), store.Attempt("", ID, now + timedelta(seconds=1), True)  # noqa: FBT003 - fields in their order
    await store.count(conn, [failed])
    told = (await broker.get(f"{BASE}/{ID}")).json()
    assert told == SOURCE | {"status": "failed", "timesSent": 1, "timesFailed": 1, "lastFailure": clock.iso(now)}
    await store.count(conn, [failed, again])
    told = (await broker.get(BASE, params={"type": "Building"})).json()[0]
    assert (told["status"], told["timesSent"], told["timesFailed"]) == ("ok", 3, 2)


async def test_another_process_knows_a_registration_within_a_second(
    broker: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=database, open=True, public_url="http://hiroba.test")
    async with client_of(settings) as other:

        async def until(status: int) -> None:
            with anyio.fail_after(1.5):
                while (await other.get(f"{BASE}/{ID}")).status_code != status:  # noqa: ASYNC110 - another process gives no event
                    await anyio.sleep(0.02)

        await register(broker)
        await until(200)
        await broker.delete(f"{BASE}/{ID}")
        await until(404)


async def nobody(conn: Connection, changes: Iterable[Change]) -> None:
    del conn, changes


async def test_a_memory_that_heard_nothing_catches_up_with_what_came_and_went(
    broker: httpx.AsyncClient, pool: Pool
) -> None:
    follower = Follower(pool)
    sources = Sources(pool, follower, nobody)
    await follower.catch_up(store.MEMORY)
    await register(broker, 1)
    await register(broker, 2)
    await broker.delete(f"{BASE}/{ID}")
    await follower.catch_up(store.MEMORY)
    assert [one.registration.id[-1] for one in sources.find(Wanted())] == ["2"]
