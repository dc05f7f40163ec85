"""The exchange is closed to writes but for keys; an organisation writes what it owns, below its own scope."""

import time
from collections.abc import Callable

import httpx
import pytest

from hiroba.exchange.gateway import access
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller

pytestmark = pytest.mark.anyio
ENTITIES = "/ngsi-ld/v1/entities"
THING = {"id": "urn:ngsi-ld:Thing:1", "type": "Thing", "size": 1}


@pytest.fixture
async def sakai(conn) -> dict[str, str]:
    secret = await store.add_key(conn, Caller("client", "", "271403", frozenset({"publish"})), title="Sakai")
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def clock_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets pass the second for which what is declared is remembered."""
    passed = 0.0

    def on() -> None:
        nonlocal passed
        passed += access.REMEMBERED + 0.01
        later = passed
        monkeypatch.setattr(access.time, "monotonic", lambda: time.perf_counter() + later + 1e6)

    return on


async def test_anyone_reads_and_nobody_writes_without_a_key(house: httpx.AsyncClient) -> None:
    assert (await house.get("/ngsi-ld/v1/types")).status_code == 200
    for method, path in (
        ("POST", ENTITIES),
        ("PATCH", f"{ENTITIES}/{THING['id']}"),
        ("DELETE", f"{ENTITIES}/{THING['id']}"),
        ("POST", "/ngsi-ld/v1/entityOperations/upsert"),
    ):
        answer = await house.request(method, path, json=THING)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_that_is_not_known_is_refused_even_for_reading(house: httpx.AsyncClient) -> None:
    answer = await house.get("/ngsi-ld/v1/types", headers={"Authorization": "Bearer nothing"})
    assert answer.status_code == 401


async def test_an_organisation_changes_its_own_and_not_another_s(operator: httpx.AsyncClient, sakai) -> None:
    theirs = THING | {"id": "urn:ngsi-ld:Thing:2"}
    assert (await operator.post(ENTITIES, json=THING)).status_code == 201
    assert (await operator.post(ENTITIES, json=theirs, headers=sakai)).status_code == 201
    assert (await operator.patch(f"{ENTITIES}/{theirs['id']}", json={"size": 2}, headers=sakai)).status_code == 204
    assert (await operator.patch(f"{ENTITIES}/{THING['id']}", json={"size": 2}, headers=sakai)).status_code == 403
    batch = await operator.post("/ngsi-ld/v1/entityOperations/upsert", json=[THING, theirs], headers=sakai)
    assert batch.status_code == 207
    assert batch.json()["success"] == [theirs["id"]]
    assert batch.json()["errors"][0]["error"]["status"] == 403
    assert (await operator.patch(f"{ENTITIES}/{theirs['id']}", json={"size": 3})).status_code == 204, "the operator may"


async def test_a_scope_is_below_its_owner_s_prefix(operator: httpx.AsyncClient, sakai) -> None:
    inside, outside = THING | {"scope": "/lg271403_sakai/disaster"}, THING | {"scope": "/lg271004_osaka"}
    assert (await operator.post(ENTITIES, json=outside, headers=sakai)).status_code == 403
    assert (await operator.post(ENTITIES, json=inside, headers=sakai)).status_code == 201
    batch = await operator.post("/ngsi-ld/v1/entityOperations/upsert", json=[outside], headers=sakai)
    assert batch.status_code == 207, "a batch is no way round"


async def test_a_tenant_is_made_by_the_operator_and_keeps_its_entities_apart(operator: httpx.AsyncClient) -> None:
    apart = {"NGSILD-Tenant": "sandbox"}
    missing = await operator.post(ENTITIES, json=THING, headers=apart)
    assert missing.status_code == 404
    assert missing.json()["type"].endswith("NonexistentTenant")
    assert (await operator.put("/api/v1/tenants/sandbox")).status_code == 204
    assert (await operator.post(ENTITIES, json=THING, headers=apart)).status_code == 201
    assert (await operator.get(f"{ENTITIES}/{THING['id']}")).status_code == 404
    kept = await operator.get(f"{ENTITIES}/{THING['id']}", headers=apart)
    assert kept.status_code == 200
    assert kept.headers["ngsild-tenant"] == "sandbox"


async def test_a_tenant_is_closed_until_it_is_opened_or_declared_public(
    operator: httpx.AsyncClient, sakai, clock_on
) -> None:
    apart = {"NGSILD-Tenant": "sandbox"}
    key = operator.headers.pop("authorization")
    by_operator, entity = {"Authorization": key}, f"{ENTITIES}/{THING['id']}"
    await operator.put("/api/v1/tenants/sandbox", headers=by_operator)
    await operator.post(ENTITIES, json=THING, headers=apart | by_operator)
    assert (await operator.get(entity, headers=apart)).status_code == 401
    assert (await operator.get(entity, headers=apart | sakai)).status_code == 403
    assert (await operator.post(ENTITIES, json=THING, headers=apart | sakai)).status_code == 403

    membership = "/api/v1/tenants/sandbox/organisations/271403"
    assert (await operator.put(membership, headers=by_operator)).status_code == 204
    clock_on()
    assert (await operator.get(entity, headers=apart | sakai)).status_code == 200
    mine = THING | {"id": "urn:ngsi-ld:Thing:2"}
    assert (await operator.post(ENTITIES, json=mine, headers=apart | sakai)).status_code == 403, "it may read"
    await operator.put(membership, params={"writes": "true"}, headers=by_operator)
    clock_on()
    assert (await operator.post(ENTITIES, json=mine, headers=apart | sakai)).status_code == 201
    assert (await operator.get(entity, headers=apart)).status_code == 401, "nobody else"

    await operator.put("/api/v1/tenants/sandbox", params={"public": "true"}, headers=by_operator)
    await operator.delete(membership, headers=by_operator)
    clock_on()
    assert (await operator.get(entity, headers=apart)).status_code == 200
    assert (await operator.post(ENTITIES, json=mine, headers=apart | sakai)).status_code == 403
    assert (await operator.get("/api/v1/tenants", headers=by_operator)).json() == [
        {"name": "sandbox", "personal": False, "public": True, "members": []}
    ]


async def test_a_tenant_that_is_not_there_looks_closed(operator: httpx.AsyncClient, sakai) -> None:
    key = operator.headers.pop("authorization")
    apart = {"NGSILD-Tenant": "nowhere"}
    assert (await operator.get("/ngsi-ld/v1/types", headers=apart)).status_code == 401
    assert (await operator.get("/ngsi-ld/v1/types", headers=apart | sakai)).status_code == 403
    assert (await operator.get("/ngsi-ld/v1/types", headers=apart | {"Authorization": key})).status_code == 404
    opened = await operator.put("/api/v1/tenants/nowhere/organisations/271403", headers={"Authorization": key})
    assert opened.status_code == 404


async def test_data_of_people_are_never_declared_public(operator: httpx.AsyncClient) -> None:
    assert (await operator.put("/api/v1/tenants/people", params={"personal": "true"})).status_code == 204
    assert (await operator.put("/api/v1/tenants/people", params={"public": "true"})).status_code == 400
    assert (await operator.get("/ngsi-ld/v1/types", headers={"NGSILD-Tenant": "people"})).status_code == 403


async def test_an_open_exchange_makes_a_tenant_at_its_first_write(broker: httpx.AsyncClient) -> None:
    assert (await broker.post(ENTITIES, json=THING, headers={"NGSILD-Tenant": "new"})).status_code == 201


async def test_a_key_of_no_organisation_writes_nothing(operator: httpx.AsyncClient, conn) -> None:
    secret = await store.add_key(conn, Caller("client", "", "", frozenset({"publish"})), title="Nobody's")
    answer = await operator.post(ENTITIES, json=THING, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403


async def test_subscriptions_are_their_maker_s_alone(operator: httpx.AsyncClient, sakai) -> None:
    subscriptions = "/ngsi-ld/v1/subscriptions"
    endpoint = {"uri": "https://example.org/", "receiverInfo": [{"key": "Authorization", "value": "secret"}]}
    document = {"type": "Subscription", "entities": [{"type": "Thing"}], "notification": {"endpoint": endpoint}}
    theirs = (await operator.post(subscriptions, json=document)).headers["location"]
    ours = (await operator.post(subscriptions, json=document, headers=sakai)).headers["location"]
    assert (await operator.get(theirs, headers=sakai)).status_code == 404
    assert (await operator.patch(theirs, json={"isActive": False}, headers=sakai)).status_code == 403
    assert (await operator.delete(theirs, headers=sakai)).status_code == 403
    assert [one["id"] for one in (await operator.get(subscriptions, headers=sakai)).json()] == [ours.rpartition("/")[2]]
    assert len((await operator.get(subscriptions)).json()) == 2
    assert (await operator.delete(ours)).status_code == 204
    del operator.headers["authorization"]
    assert (await operator.get(subscriptions)).status_code == 401
