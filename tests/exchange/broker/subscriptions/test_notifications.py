"""From a write to what a subscriber is sent, the whole way but the wire (CIM 009 §5.8.6)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.conftest import client_of

from hiroba.base.db import Connection
from hiroba.base.versions import raise_
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import Message
from hiroba.exchange.broker.delivery.model import Target
from hiroba.exchange.broker.delivery.receivers import Receivers
from hiroba.exchange.broker.subscriptions.registry import MEMORY
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
RIVER = {"id": "urn:ngsi-ld:River:1", "type": "River", "level": 1, "flowsTo": {"object": "urn:ngsi-ld:Sea:1"}}
SEA = {"id": "urn:ngsi-ld:Sea:1", "type": "Sea", "salty": True}


class Inbox:
    """What subscribers got."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.came = asyncio.Event()

    async def send(self, target: Target, message: Message) -> Attempt:
        self.got.append(orjson.loads(message.body) | {"to": target.uri, "link": message.headers.get("Link", "")})
        self.came.set()
        return Attempt(ok=True)

    async def until(self, number: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            while len(self.got) < number:
                self.came.clear()
                await self.came.wait()
        return self.got


@pytest.fixture(autouse=True)
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    made = Inbox()
    monkeypatch.setattr(Receivers, "send", lambda _, target, message: made.send(target, message))
    return made


@pytest.fixture
async def another(database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A second process on the same database, as far as memory goes."""
    settings = Settings(data=tmp_path, database_url=database, open=True, public_url="http://hiroba.test")
    async with client_of(settings) as client:
        yield client


async def subscribe(broker: httpx.AsyncClient, name: str = "1", headers: Any = None, **members: Any) -> str:
    endpoint = {"uri": f"http://127.0.0.1:9/{name}", **members.pop("endpoint", {})}
    document = {
        "id": f"urn:ngsi-ld:Subscription:{name}",
        "type": "Subscription",
        "entities": [{"type": "River"}],
        "notification": {"format": "simplified", "endpoint": endpoint, **members.pop("notification", {})},
        **members,
    }
    made = await broker.post(f"{BASE}/subscriptions", json=document, headers=headers)
    assert made.status_code == 201, made.text
    return made.headers["location"]


async def write(broker: httpx.AsyncClient, *documents: dict[str, Any], headers: Any = None) -> None:
    answer = await broker.post(f"{BASE}/entityOperations/upsert", json=list(documents), headers=headers)
    assert answer.status_code in {201, 204}, answer.text


async def test_every_change_reaches_who_asked_for_it_in_order(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    await subscribe(broker, watchedAttributes=["level"], q="level>1")
    await subscribe(broker, "others", entities=[{"type": "Lake"}])
    for level in (1, 2, 2, 3):
        await write(broker, RIVER | {"level": level})
    got = await inbox.until(2)
    assert [one["data"][0]["level"] for one in got] == [2, 3]
    assert {one["subscriptionId"] for one in got} == {"urn:ngsi-ld:Subscription:1"}
    assert {one["type"] for one in got} == {"Notification"}
    found = (await broker.get(f"{BASE}/subscriptions/urn:ngsi-ld:Subscription:1")).json()
    assert "timesFailed" not in found["notification"]


async def test_a_batch_tells_of_each_of_its_entities(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    await subscribe(broker, notificationTrigger=["entityCreated"])
    await write(broker, *(RIVER | {"id": f"urn:ngsi-ld:River:{number}"} for number in range(20)), SEA)
    ids = {one["data"][0]["id"] for one in await inbox.until(20)}
    assert ids == {f"urn:ngsi-ld:River:{number}" for number in range(20)}


async def test_conditions_look_through_relationships(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    await write(broker, SEA, SEA | {"id": "urn:ngsi-ld:Sea:2", "salty": False})
    await subscribe(broker, q="flowsTo{Sea:salty}==true")
    await write(
        broker,
        RIVER | {"id": "urn:ngsi-ld:River:2", "flowsTo": {"object": "urn:ngsi-ld:Sea:2"}},
        RIVER | {"id": "urn:ngsi-ld:River:3", "flowsTo": {"object": "urn:ngsi-ld:Sea:3"}},
        RIVER,
    )
    assert [item["id"] for one in await inbox.until(1) for item in one["data"]] == [RIVER["id"]]


async def test_linked_entities_come_beside_or_inside(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    await write(broker, SEA)
    await subscribe(broker, "flat", notification={"join": "flat"})
    await subscribe(broker, "inline", notification={"join": "inline", "joinLevel": 1})
    await write(broker, RIVER)
    got = {one["to"].rpartition("/")[2]: one["data"] for one in await inbox.until(2)}
    assert [item["id"] for item in got["flat"]] == [RIVER["id"], SEA["id"]]
    assert [item["flowsTo"] for item in got["inline"]] == [SEA]


async def test_names_are_written_by_the_context_of_the_subscription(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    context = {"Fluss": "https://example.org/River", "pegel": "https://example.org/level"}
    json_ld = {"content-type": "application/ld+json"}
    document = {"@context": context, "entities": [{"type": "Fluss"}]}
    await subscribe(broker, headers=json_ld, **document)
    await write(broker, {"id": RIVER["id"], "type": "https://example.org/River", "https://example.org/level": 4})
    (got,) = await inbox.until(1)
    assert got["data"] == [{"id": RIVER["id"], "type": "Fluss", "pegel": 4}]
    assert "/ngsi-ld/v1/jsonldContexts/" in got["link"]


async def test_nobody_hears_who_paused_or_went(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    gone = await subscribe(broker, "gone")
    paused = await subscribe(broker, "paused", isActive=False)
    await subscribe(broker, "here")
    assert (await broker.delete(gone)).status_code == 204
    await write(broker, RIVER)
    await inbox.until(1)
    await broker.patch(paused, json={"isActive": True})
    await write(broker, RIVER | {"level": 2})
    assert sorted(one["to"].rpartition("/")[2] for one in await inbox.until(3)) == ["here", "here", "paused"]


async def test_tenants_hear_of_their_own(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    elsewhere = {"ngsild-tenant": "elsewhere"}
    await subscribe(broker, "elsewhere", headers=elsewhere)
    await write(broker, RIVER)
    await write(broker, RIVER | {"level": 7}, headers=elsewhere)
    (got,) = await inbox.until(1)
    assert got["data"][0]["level"] == 7


async def test_the_clock_sends_all_that_match_in_one(broker: httpx.AsyncClient, inbox: Inbox) -> None:
    await write(broker, RIVER, RIVER | {"id": "urn:ngsi-ld:River:2", "level": 5}, SEA)
    await subscribe(broker, timeInterval=0.5, q="level>0")
    first, second, *_ = await inbox.until(2)
    assert [[item["id"] for item in one["data"]] for one in (first, second)] == [
        [RIVER["id"], "urn:ngsi-ld:River:2"]
    ] * 2


async def test_one_whom_the_clock_cannot_ask_for_keeps_no_other_waiting(
    broker: httpx.AsyncClient, inbox: Inbox, conn: Connection
) -> None:
    await write(broker, RIVER)
    await subscribe(broker, "odd", timeInterval=0.5)
    async with conn.transaction():
        odd = """jsonb_set(document, '{entities,0,idPattern}', '"(?i)x"')"""
        await conn.execute(f"update broker.subscription set document = {odd}, number = $1", await raise_(conn, MEMORY))  # noqa: S608 - a constant
    await subscribe(broker, "other", timeInterval=0.5)
    assert {one["to"].rpartition("/")[2] for one in (await inbox.until(2))[-2:]} == {"other"}


async def test_another_process_knows_a_subscription_soon(
    broker: httpx.AsyncClient, another: httpx.AsyncClient, inbox: Inbox
) -> None:
    address = await subscribe(broker)
    for level in range(100):
        await write(another, RIVER | {"level": level})
        if inbox.got:
            break
        await asyncio.sleep(0.02)
    assert inbox.got, "the other process never heard of the subscription"
    assert (await another.delete(address)).status_code == 204
    assert (await broker.get(address)).status_code == 404


async def test_subscriptions_are_shown_to_who_made_them(house: httpx.AsyncClient) -> None:
    assert (await house.get(f"{BASE}/subscriptions")).status_code == 401
    assert (await house.post(f"{BASE}/subscriptions", json={})).status_code == 401
