"""Of personal data a subscriber is told what it may read when it is told, and the log says so before."""

import pytest

pytestmark = pytest.mark.anyio


async def test_a_change_of_what_is_granted_is_told_and_of_what_is_hidden_is_not(world, inbox) -> None:
    taro, hanako = await world.person(), await world.person()
    for person in (taro, hanako):
        await world.write(person, {"birthDate": "1950-04-01", "allergy": "秘密"})
    await world.permit(taro, "birthDate")
    assert (await world.subscribe()).status_code == 201
    for person, change in (
        (taro, {"allergy": "そば"}),
        (hanako, {"birthDate": "1960-01-01"}),
        (taro, {"birthDate": "1951-01-01"}),
    ):
        changed = await world.call("PATCH", f"/entities/{await world.id(person)}", "clinic-desk", json=change)
        assert changed.status_code == 204
    await world.settled()
    [got] = inbox.got
    text = got.decode()
    assert "1951-01-01" in text
    assert await world.id(taro, "booking") in text
    for word in ("allergy", "そば", "秘密", await world.inside(taro), await world.known(taro, "app:clinic-desk"), taro):
        assert word not in text
    [event] = await world.logged()
    assert event["kind"] == "notified"
    assert event["subject"] == await world.known(taro, "log")
    assert event["data"] == [{"type": "Person", "attrs": ["birthDate"]}]


async def test_a_withdrawal_holds_for_a_notification_that_is_already_owed(world, inbox) -> None:
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    grant = await world.permit(taro, "birthDate")
    await world.subscribe()
    lock = world.conn.transaction()
    await lock.start()
    await world.conn.execute("lock table gateway.permit in access exclusive mode")  # nothing can be opened meanwhile
    changed = await world.call(
        "PATCH", f"/entities/{await world.id(taro)}", "clinic-desk", json={"birthDate": "1951-01-01"}
    )
    assert changed.status_code == 204, changed.text
    await world.withdraw(grant)
    await lock.commit()
    await world.settled()
    assert inbox.got == []


async def test_subscriptions_are_seen_by_the_application_and_purpose_that_made_them(world) -> None:
    assert (await world.subscribe()).status_code == 201
    assert (await world.subscribe("bus-app", "2")).status_code == 201
    assert [one["id"] for one in (await world.get("/subscriptions")).json()] == ["urn:ngsi-ld:Subscription:1"]
    assert (await world.get("/subscriptions/urn:ngsi-ld:Subscription:2")).status_code == 404
    gone = await world.call("DELETE", "/subscriptions/urn:ngsi-ld:Subscription:2", "booking")
    assert gone.status_code == 403
    assert (await world.subscribe(name="3", timeInterval=60)).status_code == 422
