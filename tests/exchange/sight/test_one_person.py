"""One person, one service, one purpose, one attribute: what is allowed is read under the service's own name, and logged."""

import pytest

pytestmark = pytest.mark.anyio
TARO = {"birthDate": "1950-04-01", "allergy": "そば", "name": "太郎"}


async def test_exactly_the_granted_attribute_is_read_under_the_service_s_own_name(world) -> None:
    taro = await world.person()
    await world.write(taro, TARO)
    await world.permit(taro, "birthDate")
    mine = await world.id(taro, "booking")
    answer = await world.get(f"/entities/{mine}?options=keyValues")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"id": mine, "type": "Person", "birthDate": "1950-04-01"}
    answer = await world.get("/entities?type=Person&options=keyValues")
    assert answer.json() == [{"id": mine, "type": "Person", "birthDate": "1950-04-01"}]


async def test_what_was_read_is_in_the_log_under_the_log_s_own_name(world) -> None:
    taro = await world.person()
    await world.write(taro, TARO)
    grant = await world.permit(taro, "birthDate")
    await world.get(f"/entities/{await world.id(taro, 'booking')}")
    [event] = await world.logged()
    assert event["kind"] == "read"
    assert event["subject"] == await world.known(taro, "log")
    assert event["recipient"] == "booking"
    assert event["purpose"] == "health.checkup@2"
    assert event["ground"] == f"{grant}@1"
    assert event["data"] == [{"type": "Person", "attrs": ["birthDate"]}]


async def test_without_a_grant_there_is_nobody_and_the_refusal_is_logged(world) -> None:
    taro = await world.person()
    await world.write(taro, TARO)
    answer = await world.get(f"/entities/{await world.id(taro, 'booking')}")
    assert answer.status_code == 404
    [event] = await world.logged()
    assert event["kind"] == "refused"
    assert event["subject"] == await world.known(taro, "log")


async def test_a_withdrawal_holds_from_the_next_read_on(world) -> None:
    taro = await world.person()
    await world.write(taro, TARO)
    grant = await world.permit(taro, "birthDate")
    mine = await world.id(taro, "booking")
    assert (await world.get(f"/entities/{mine}")).status_code == 200
    await world.withdraw(grant)
    assert (await world.get(f"/entities/{mine}")).status_code == 404
    assert (await world.get("/entities?type=Person")).json() == []


async def test_only_who_the_tenant_is_open_to_records_data_of_people(world) -> None:
    taro = await world.person()
    await world.application("stranger", "org:bus", writes=True)
    await world.conn.execute("update identity.key set organisation = 'org:bus' where application = 'stranger'")
    document = {"id": await world.id(taro, "stranger"), "type": "Person"} | TARO
    answer = await world.call("POST", "/entities", "stranger", json=document)
    assert answer.status_code == 403
    assert await world.conn.fetchval("select count(*) from broker.entity where tenant = 'care'") == 0
