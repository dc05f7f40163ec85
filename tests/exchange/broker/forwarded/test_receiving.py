"""What sources tell of copies reaches the subscriber, as it is wanted and as far as it may (CIM 009 §5.8.6)."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Heard, Source, running
from tests.exchange.broker.federation.test_forwarding import API, CAR, PATH, car, register
from tests.exchange.broker.forwarded.test_copies import ID, OPERATIONS, subscribe

pytestmark = pytest.mark.anyio

INBOX = "/ngsi-ld/ex/remote-notify"
CONTEXT = {"@context": {"Car": "https://example.org/Car", "speed": "https://example.org/speed"}}


@pytest.fixture
async def subscriber(free_port: Callable[[], int]) -> AsyncIterator[Source]:
    async with running(free_port()) as made:
        made.says("POST", "/told", 200)
        yield made


async def copied(
    broker: httpx.AsyncClient,
    source: Source,
    subscriber: Source,
    *names: str,
    register_with: Any = None,
    **members: Any,
) -> str:
    """A subscription and its copy at the source; the id of the copy."""
    source.says("POST", "/subscriptions", 201)
    await register(broker, source, "inclusive", *names, **{"operations": OPERATIONS} | (register_with or {}))
    wanted = members.pop("notification", {})
    endpoint = {"uri": f"{subscriber.url}/told", **wanted.pop("endpoint", {})}
    made = await subscribe(broker, notification={**wanted, "endpoint": endpoint}, **members)
    assert made.status_code == 201, made.text
    id_: str = (await source.until(1))[0].document["id"]
    source.heard.clear()
    return id_


async def tell(
    broker: httpx.AsyncClient, id_: str, *entities: Any, headers: Any = None, **members: Any
) -> httpx.Response:
    document = {
        "id": "urn:ngsi-ld:Notification:1",
        "type": "Notification",
        "subscriptionId": id_,
        "notifiedAt": "2026-08-01T00:00:00Z",
        "data": list(entities),
        **members,
    }
    return await broker.post(INBOX, json=document, headers=headers)


async def told(subscriber: Source, count: int = 1) -> list[Any]:
    """What the subscriber was told, its entities together."""
    heard: list[Heard] = await subscriber.until(count)
    assert {one.document["subscriptionId"] for one in heard} == {ID}
    return [entity for one in heard for entity in one.document["data"]]


async def test_a_notification_goes_on_under_the_subscriptions_own_id(
    broker: httpx.AsyncClient, source: Source, subscriber: Source
) -> None:
    id_ = await copied(broker, source, subscriber)
    answer = await tell(broker, id_, CAR, CAR | {"id": "urn:ngsi-ld:Car:2"})
    assert answer.status_code == 200, answer.text
    assert await told(subscriber) == [CAR, CAR | {"id": "urn:ngsi-ld:Car:2"}]
    shown = (await broker.get(f"{API}/subscriptions/{ID}")).json()
    assert (shown["notification"]["timesSent"], shown["notification"]["status"]) == (1, "ok")


async def test_the_subscriber_gets_its_own_words_and_form(
    broker: httpx.AsyncClient, source: Source, subscriber: Source
) -> None:
    wanted = {"format": "simplified", "attributes": ["https://example.org/speed"]}
    id_ = await copied(
        broker,
        source,
        subscriber,
        entities=[{"type": "https://example.org/Car"}],
        notification=wanted,
        register_with={"information": [{"entities": [{"type": "https://example.org/Car"}]}]},
    )
    in_its_words = CAR | CONTEXT
    answer = await tell(broker, id_, in_its_words, headers={"Content-Type": "application/ld+json"})
    assert answer.status_code == 200, answer.text
    (got,) = await told(subscriber)
    assert got == {"id": CAR["id"], "type": "https://example.org/Car", "https://example.org/speed": 50}


async def test_what_a_source_is_not_registered_for_is_not_taken_from_it(
    broker: httpx.AsyncClient, source: Source, subscriber: Source
) -> None:
    id_ = await copied(broker, source, subscriber, "speed", entities=[{"type": "Car", "id": [CAR["id"], "urn:a:1"]}])
    ship = CAR | {"id": "urn:ngsi-ld:Ship:1", "type": "Ship"}
    another = CAR | {"id": "urn:ngsi-ld:Car:2"}
    nothing = car("brand") | {"id": "urn:a:1"}
    assert (await tell(broker, id_, ship, another, nothing)).status_code == 200
    assert (await tell(broker, id_, CAR)).status_code == 200
    assert await told(subscriber) == [car("speed")]
    assert len(subscriber.heard) == 1


async def test_what_went_is_told_as_gone(broker: httpx.AsyncClient, source: Source, subscriber: Source) -> None:
    at = "2026-08-01T00:00:00Z"
    id_ = await copied(
        broker,
        source,
        subscriber,
        notificationTrigger=["entityDeleted", "attributeDeleted"],
        notification={"showChanges": True},
    )
    gone = {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 50}
    assert (await tell(broker, id_, car("brand") | {"speed": gone})).status_code == 200
    plain = {"id": CAR["id"], "type": "Car", "speed": "urn:ngsi-ld:null", "deletedAt": at}
    assert (await tell(broker, id_, plain)).status_code == 200
    first, second = await told(subscriber, 2)
    assert first == car("brand") | {"speed": gone}
    assert second == car() | {"speed": {"type": "Property", "value": "urn:ngsi-ld:null"}, "deletedAt": at}


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"subscriptionId": "urn:ngsi-ld:Subscription:nobody"}, 404),
        ({"subscriptionId": ID}, 404),
        ({"subscriptionId": "no uri"}, 400),
        ({"type": "Car"}, 400),
        ({"data": {"no": "list"}}, 400),
        ({"data": [7]}, 400),
        ({"data": [{"id": CAR["id"]}]}, 400),
    ],
)
async def test_who_knows_no_copy_or_says_nonsense_tells_nothing(
    broker: httpx.AsyncClient, source: Source, subscriber: Source, document: Any, status: int
) -> None:
    id_ = await copied(broker, source, subscriber)
    refused = await tell(broker, id_, CAR, **document)
    assert refused.status_code == status, refused.text
    await tell(broker, id_, CAR)
    assert await told(subscriber) == [CAR]
    assert len(subscriber.heard) == 1


async def test_the_inbox_is_for_notifications_alone(broker: httpx.AsyncClient) -> None:
    assert (await broker.get(INBOX)).status_code == 405
    assert (await broker.options(INBOX)).headers["allow"] == "OPTIONS, POST"
    assert (await broker.post(f"{INBOX}/more", json={})).status_code == 404
    assert (await broker.post(INBOX, content=b"<a/>", headers={"Content-Type": "text/xml"})).status_code == 415
    assert (await broker.post(INBOX, content=b"{", headers={"Content-Type": "application/json"})).status_code == 400


async def test_a_paused_subscription_tells_nothing_and_a_deleted_one_is_not_known(
    broker: httpx.AsyncClient, source: Source, subscriber: Source
) -> None:
    id_ = await copied(broker, source, subscriber)
    await broker.patch(f"{API}/subscriptions/{ID}", json={"isActive": False})
    assert (await tell(broker, id_, CAR)).status_code == 200
    await broker.patch(f"{API}/subscriptions/{ID}", json={"isActive": True})
    assert (await tell(broker, id_, car("brand"))).status_code == 200
    assert await told(subscriber) == [car("brand")]
    await broker.delete(f"{API}/subscriptions/{ID}")
    assert (await tell(broker, id_, CAR)).status_code == 404


async def test_split_entities_are_put_together_and_then_asked(
    broker: httpx.AsyncClient, source: Source, other: Source, subscriber: Source
) -> None:
    id_ = await copied(
        broker, source, subscriber, "speed", q='speed>50;brand=="Hino";colour=="red"', splitEntities=True
    )
    await broker.post(f"{API}/entities", json=car("brand"), params={"local": "true"})
    await register(broker, other, "inclusive", "colour", operations=["retrieveOps"])
    other.says("GET", PATH, 200, car(colour="red"))
    assert (await tell(broker, id_, car(speed=40))).status_code == 200
    assert (await tell(broker, id_, car(speed=60))).status_code == 200
    (got,) = await told(subscriber)
    assert got == car("brand", speed=60, colour="red")
    assert len(subscriber.heard) == 1
    assert [one.path for one in source.heard if one.method == "GET"] == []


async def test_the_copy_of_a_split_entity_is_asked_nothing_that_only_the_whole_can_answer(
    broker: httpx.AsyncClient, source: Source, subscriber: Source
) -> None:
    source.says("POST", "/subscriptions", 201)
    await register(broker, source, operations=OPERATIONS)
    await subscribe(
        broker,
        q="speed>50",
        scopeQ="/a",
        geoQ={"georel": "within", "geometry": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]},
        splitEntities=True,
        notification={"pick": ["speed"]},
    )
    (heard,) = await source.until(1)
    assert not {"q", "scopeQ", "geoQ"} & heard.document.keys()
    assert heard.document["splitEntities"] is True
    assert not {"pick", "omit", "attributes"} & heard.document["notification"].keys()
