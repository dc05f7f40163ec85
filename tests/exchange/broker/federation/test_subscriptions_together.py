"""Subscriptions that reach over two and three houses, each a process with a database of its own (CIM 009 §5.8)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source, running
from tests.exchange.broker.federation.test_brokers_together import Brokers, know
from tests.exchange.broker.federation.test_forwarding import CAR, PATH, car

pytestmark = pytest.mark.anyio


@pytest.fixture
async def subscriber(free_port: Callable[[], int]) -> AsyncIterator[Source]:
    async with running(free_port()) as made:
        made.says("POST", "/told", 200)
        yield made


async def subscribe(
    broker: httpx.AsyncClient, subscriber: Source, name: str = "cars", **members: Any
) -> httpx.Response:
    document = {
        "id": f"urn:ngsi-ld:Subscription:{name}",
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notificationTrigger": ["entityCreated", "entityUpdated", "entityDeleted"],
        "notification": {"endpoint": {"uri": f"{subscriber.url}/told"}},
        **members,
    }
    return await broker.post("/subscriptions", json=document)


async def copies(broker: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    """The subscriptions of a house, once there are so many of them."""
    async with asyncio.timeout(20):
        while True:
            found = (await broker.get("/subscriptions")).json()
            if len(found) == count:
                return list(found)
            await asyncio.sleep(0.05)


def data(subscriber: Source) -> list[Any]:
    return [entity for one in subscriber.heard for entity in one.document["data"]]


async def test_a_change_in_another_house_reaches_the_subscriber(brokers: Brokers, subscriber: Source) -> None:
    one, two, _ = brokers
    await know(one, two)
    assert (await subscribe(one, subscriber)).status_code == 201
    await copies(two, 1)
    await two.post("/entities", json=CAR)
    await two.patch(f"{PATH}/attrs/speed", json={"value": 70})
    await two.delete(PATH)
    heard = await subscriber.until(3)
    assert {one.document["subscriptionId"] for one in heard} == {"urn:ngsi-ld:Subscription:cars"}
    created, changed, deleted = data(subscriber)
    assert (created, changed) == (CAR, car("brand", speed=70))
    assert "deletedAt" in deleted
    await one.delete("/subscriptions/urn:ngsi-ld:Subscription:cars")
    await copies(two, 0)


async def test_a_chain_of_three_tells_the_first_what_changes_in_the_last(brokers: Brokers, subscriber: Source) -> None:
    one, two, three = brokers
    await subscribe(one, subscriber, q="speed>60")
    await know(one, two)
    await copies(two, 1)
    await know(two, three)
    await copies(three, 1)
    await three.post("/entities", json=CAR)
    await three.patch(f"{PATH}/attrs/speed", json={"value": 70})
    await subscriber.until(1)
    assert data(subscriber) == [car("brand", speed=70)]
    known = (await two.get("/csourceRegistrations", params={"type": "Car"})).json()
    await two.delete(f"/csourceRegistrations/{known[0]['id']}")
    await copies(three, 0)
    assert len(await copies(two, 1)) == 1


async def test_a_ring_of_three_has_one_copy_each_and_tells_once(brokers: Brokers, subscriber: Source) -> None:
    for here, there in zip(brokers, [*brokers[1:], brokers[0]], strict=True):
        await know(here, there)
    await subscribe(brokers[0], subscriber)
    await copies(brokers[2], 1)
    for number, broker in enumerate(brokers):
        await broker.post("/entities", json=CAR | {"id": f"urn:ngsi-ld:Car:{number}"}, params={"local": "true"})
    await subscriber.until(3)
    assert sorted(one["id"] for one in data(subscriber)) == [f"urn:ngsi-ld:Car:{number}" for number in range(3)]
    assert [len(await copies(broker, 1)) for broker in brokers] == [1, 1, 1]
    await brokers[0].delete("/subscriptions/urn:ngsi-ld:Subscription:cars")
    for broker in brokers:
        await copies(broker, 0)
    assert len(subscriber.heard) == 3
