"""Every route × caller, from the route table itself: in a tenant of personal data nobody does what is not declared for them."""

import httpx
import pytest
from tests.conftest import OPERATOR, client_of

from hiroba.exchange.broker.ngsi_ld.application import ROUTES
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio


async def called(client: httpx.AsyncClient, method: str, path: str, key: str) -> int:
    headers = {"NGSILD-Tenant": "care"} | ({"Authorization": f"Bearer {key}"} if key else {})
    address = f"/ngsi-ld/v1{path.replace('{}', 'urn:ngsi-ld:Person:1')}"
    return (await client.request(method, address, headers=headers, json={} if method != "GET" else None)).status_code


async def test_nobody_enters_but_registered_applications_and_they_only_by_what_is_declared(world) -> None:
    stranger = await store.add_key(
        world.conn, Caller("client", "", "271403", frozenset({"publish"})), title="a key alone"
    )
    officer_like = await store.add_key(
        world.conn, Caller("client", "", "org:x", frozenset({"health.checkup@2"})), title="x"
    )
    await world.application("too-much", "org:bus", "transport.ride@1")
    beyond = await store.add_key(
        world.conn, Caller("client", "", "org:bus", frozenset({"health.checkup@2"})), title="x", application="too-much"
    )
    outside = {"operator": OPERATOR, "stranger": stranger, "unregistered": officer_like}
    wrong = []
    for route in ROUTES:
        refused = (
            outside
            | {
                "closed": world.keys,
                "write": {"a reader": world.keys["booking"]},
                "read": {"too-much": beyond, "a writer": world.keys["clinic-desk"]},
                "subscribe": {"too-much": beyond, "a writer": world.keys["clinic-desk"]},
            }[route.personal]
        )
        found = {name: await called(world.client, route.method, route.path, key) for name, key in refused.items()}
        found["nobody"] = await called(world.client, route.method, route.path, "")
        wrong += [
            (route.method, route.path, name, status) for name, status in found.items() if status not in {401, 403}
        ]
    assert wrong == []
    refusals = [event for event in await world.logged() if event["kind"] == "refused"]
    assert {event["note"] for event in refusals} == {"the application may not ask for this purpose"}


async def test_a_scratch_broker_opens_no_tenant_of_personal_data(world, database, tmp_path) -> None:
    person = await world.person()
    await world.write(person, {"birthDate": "1950-04-01"})
    await world.permit(person, "birthDate")
    settings = Settings(data=tmp_path, database_url=database, open=True, public_url="http://hiroba.test")
    async with client_of(settings) as open_house:
        for route in ROUTES:
            if route.of_tenant:
                status = await called(open_house, route.method, route.path, "")
                assert status == 403, (route.method, route.path, status)


async def test_what_a_tenant_is_for_is_said_when_it_is_made_and_never_changes(operator) -> None:
    assert (await operator.put("/api/v1/tenants/people?personal=true")).status_code == 204
    assert (await operator.put("/api/v1/tenants/people")).status_code == 204
    assert (await operator.put("/api/v1/tenants/people?personal=false")).status_code == 409
    assert (await operator.put("/api/v1/tenants/things")).status_code == 204
    assert (await operator.put("/api/v1/tenants/things?personal=true")).status_code == 409
