"""Subscriptions to context sources: told which registrations match, and when that changes (CIM 009 §5.11)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web

from hiroba.base import clock

pytestmark = pytest.mark.anyio

SUBSCRIPTIONS = "/ngsi-ld/v1/csourceSubscriptions"
REGISTRATIONS = "/ngsi-ld/v1/csourceRegistrations"
ID = "urn:ngsi-ld:Subscription:buildings"
BUILDING = {"entities": [{"type": "Building"}]}


class Receiver:
    """Somebody who is notified."""

    def __init__(self) -> None:
        self.url = ""
        self.got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def notify(self, request: web.Request) -> web.Response:
        self.got.put_nowait(await request.json())
        return web.Response(status=204)

    async def next(self) -> tuple[str, list[str]]:
        """The trigger and the registrations of the next notification."""
        async with asyncio.timeout(10):
            told = await self.got.get()
        assert told["type"] == "ContextSourceNotification"
        assert told["subscriptionId"] == ID
        return told["triggerReason"], [one["id"].rpartition(":")[2] for one in told["data"]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/", made.notify)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/"
    yield made
    await runner.cleanup()


async def register(broker: httpx.AsyncClient, number: int, *information: dict[str, Any], **members: Any) -> None:
    document = {
        "id": f"urn:ngsi-ld:ContextSourceRegistration:{number}",
        "type": "ContextSourceRegistration",
        "endpoint": "http://source.example",
        "information": list(information) or [BUILDING],
    }
    answer = await broker.post(REGISTRATIONS, json=document | members)
    assert answer.status_code == 201, answer.text


async def change(broker: httpx.AsyncClient, number: int, **members: Any) -> None:
    answer = await broker.patch(f"{REGISTRATIONS}/urn:ngsi-ld:ContextSourceRegistration:{number}", json=members)
    assert answer.status_code == 204, answer.text


async def subscribe(broker: httpx.AsyncClient, receiver: Receiver, **members: Any) -> dict[str, Any]:
    document = {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "notification": {"endpoint": {"uri": receiver.url}},
    } | members
    answer = await broker.post(SUBSCRIPTIONS, json=document)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{SUBSCRIPTIONS}/{ID}"
    return document


async def test_what_went_in_comes_back_and_is_no_subscription_to_entities(
    broker: httpx.AsyncClient, receiver: Receiver
) -> None:
    document = await subscribe(broker, receiver)
    found = (await broker.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert "jsonldContext" not in found, "it holds unsaid: 5.11.2.4 with 5.2.12"
    assert found == document | {"status": "active"}
    assert [one["id"] for one in (await broker.get(SUBSCRIPTIONS)).json()] == [ID]
    assert (await broker.get("/ngsi-ld/v1/subscriptions")).json() == []
    assert (await broker.post(SUBSCRIPTIONS, json=document)).status_code == 409
    assert (await broker.delete(f"{SUBSCRIPTIONS}/{ID}")).status_code == 204
    assert (await broker.get(f"{SUBSCRIPTIONS}/{ID}")).status_code == 404


async def test_all_that_match_are_told_at_once_and_changes_one_by_one(
    broker: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(broker, 1)
    await register(broker, 2, {"entities": [{"type": "Bus"}]})
    await register(broker, 3, {"propertyNames": ["name"]})
    await subscribe(broker, receiver)
    assert await receiver.next() == ("newlyMatching", ["1", "3"])
    await register(broker, 4)
    assert await receiver.next() == ("newlyMatching", ["4"])
    await change(broker, 4, endpoint="http://moved.example")
    assert await receiver.next() == ("updated", ["4"])
    await change(broker, 4, information=[{"entities": [{"type": "Bus"}]}])
    assert await receiver.next() == ("noLongerMatching", ["4"])
    await change(broker, 2, endpoint="http://moved.example")
    await change(broker, 2, information=[BUILDING])
    assert await receiver.next() == ("newlyMatching", ["2"])
    await broker.delete(f"{REGISTRATIONS}/urn:ngsi-ld:ContextSourceRegistration:1")
    assert await receiver.next() == ("noLongerMatching", ["1"])


async def test_a_changed_subscription_is_told_all_again(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await register(broker, 1)
    await register(broker, 2, {"entities": [{"type": "Bus"}]})
    await subscribe(broker, receiver)
    assert await receiver.next() == ("newlyMatching", ["1"])
    answer = await broker.patch(f"{SUBSCRIPTIONS}/{ID}", json={"entities": [{"type": "Building"}, {"type": "Bus"}]})
    assert answer.status_code == 204, answer.text
    assert await receiver.next() == ("newlyMatching", ["1", "2"])


async def test_only_what_matters_of_a_registration_is_told_and_no_keys(
    broker: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(broker, receiver, notification={"endpoint": {"uri": receiver.url}, "sysAttrs": True})
    bus = {"entities": [{"type": "Bus"}]}
    await register(broker, 1, BUILDING, bus, contextSourceInfo=[{"key": "Authorization", "value": "Bearer x"}])
    async with asyncio.timeout(10):
        told = (await receiver.got.get())["data"][0]
    assert told["information"] == [BUILDING]
    assert "contextSourceInfo" not in told
    assert told["createdAt"] == told["modifiedAt"]


@pytest.mark.parametrize(
    ("asked", "matching", "other"),
    [
        ({"csf": 'endpoint=="http://a.example"'}, {"endpoint": "http://a.example"}, {}),
        ({"scopeQ": "/Madrid/#"}, {"scope": "/Madrid/Centro"}, {"scope": "/Berlin"}),
        (
            {"geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [8.68, 49.41]}},
            {"location": {"type": "Point", "coordinates": [8.68, 49.41]}},
            {"location": {"type": "Point", "coordinates": [9.68, 49.41]}},
        ),
        (
            {"temporalQ": {"timerel": "after", "timeAt": "2025-06-01T00:00:00Z"}},
            {"observationInterval": {"startAt": "2025-01-01T00:00:00Z"}},
            {},
        ),
        (
            {"watchedAttributes": ["name"], "notification": {"attributes": ["height"]}},
            {"information": [{**BUILDING, "propertyNames": ["name"]}]},
            {"information": [{**BUILDING, "propertyNames": ["colour"]}]},
        ),
    ],
)
async def test_each_condition_of_a_subscription_counts(
    broker: httpx.AsyncClient,
    receiver: Receiver,
    asked: dict[str, Any],
    matching: dict[str, Any],
    other: dict[str, Any],
) -> None:
    notification = {"endpoint": {"uri": receiver.url}} | asked.get("notification", {})
    await subscribe(broker, receiver, **asked | {"notification": notification})
    await register(broker, 1, **other)
    await register(broker, 2, **matching)
    assert await receiver.next() == ("newlyMatching", ["2"])


async def test_the_end_of_a_registration_is_told_when_it_comes(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(broker, receiver)
    await register(broker, 1, expiresAt=clock.iso(clock.now() + timedelta(seconds=1)))
    assert await receiver.next() == ("newlyMatching", ["1"])
    assert await receiver.next() == ("noLongerMatching", ["1"])


async def test_an_id_whose_registration_has_ended_may_be_taken_at_once(
    broker: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(broker, receiver)
    await register(broker, 1, expiresAt=clock.iso(clock.now() + timedelta(seconds=1)))
    assert await receiver.next() == ("newlyMatching", ["1"])
    address = f"{REGISTRATIONS}/urn:ngsi-ld:ContextSourceRegistration:1"
    while (await broker.get(address)).status_code == 200:  # noqa: ASYNC110 - the clock gives no event
        await asyncio.sleep(0.01)
    await register(broker, 1)
    assert await receiver.next() == ("noLongerMatching", ["1"])
    assert await receiver.next() == ("newlyMatching", ["1"])


async def test_an_interval_tells_all_that_match_again_and_again(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await register(broker, 1)
    await subscribe(broker, receiver, timeInterval=1)
    assert await receiver.next() == ("newlyMatching", ["1"])
    await register(broker, 2)
    assert await receiver.next() == ("newlyMatching", ["1", "2"])


async def test_an_interval_tells_that_nothing_matches_too(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(broker, receiver, timeInterval=1)
    assert await receiver.next() == ("newlyMatching", [])
    await register(broker, 1)
    while (told := await receiver.next()) == ("newlyMatching", []):  # the clock may have struck in between
        pass
    assert told == ("newlyMatching", ["1"])


async def test_who_is_paused_is_told_nothing_until_it_wakes(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(broker, receiver, isActive=False)
    await register(broker, 1)
    await broker.patch(f"{SUBSCRIPTIONS}/{ID}", json={"isActive": True})
    assert await receiver.next() == ("newlyMatching", ["1"])
    assert receiver.got.empty()


async def test_tenants_are_apart(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(broker, receiver)
    there = {"NGSILD-Tenant": "one"}
    other = {
        "id": "urn:ngsi-ld:ContextSourceRegistration:9", "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": [BUILDING],
    }  # fmt: skip
    assert (await broker.post(REGISTRATIONS, json=other, headers=there)).status_code == 201
    await register(broker, 1)
    assert await receiver.next() == ("newlyMatching", ["1"])


async def test_a_refused_registration_tells_nobody(broker: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(broker, receiver)
    await register(broker, 1)
    assert await receiver.next() == ("newlyMatching", ["1"])
    again = {
        "id": "urn:ngsi-ld:ContextSourceRegistration:1", "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": [BUILDING],
    }  # fmt: skip
    assert (await broker.post(REGISTRATIONS, json=again)).status_code == 409
    await change(broker, 1, description="the next that is told")
    assert await receiver.next() == ("updated", ["1"])
