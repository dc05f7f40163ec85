"""Subscriptions at context sources: made, changed and deleted with what they follow from (CIM 009 §5.8.1, §5.8.2, §5.8.5)."""

from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source
from tests.exchange.broker.federation.test_forwarding import API, register

from hiroba.exchange.broker.forwarded import carrying

pytestmark = pytest.mark.anyio

ID = "urn:ngsi-ld:Subscription:fast"
FOLLOWER = f"urn:ngsi-ld:Subscription:sources-of:{ID}"
OPERATIONS = ["federationOps"]
RECEIVER = "http://hiroba.test/ngsi-ld/ex/remote-notify"


async def subscribe(broker: httpx.AsyncClient, headers: Any = None, **members: Any) -> httpx.Response:
    document = {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/cars"}, **members.pop("notification", {})},
        **members,
    }
    return await broker.post(f"{API}/subscriptions", json=document, headers=headers)


async def test_a_source_gets_what_of_a_subscription_it_is_registered_for(
    broker: httpx.AsyncClient, source: Source
) -> None:
    await register(broker, source, "inclusive", "speed", "brand", operations=OPERATIONS)
    source.says("POST", "/subscriptions", 201)
    wanted = {"attributes": ["speed", "colour"], "format": "concise"}
    made = await subscribe(
        broker,
        entities=[{"type": "Car"}, {"type": "Ship"}],
        watchedAttributes=["speed", "colour"],
        q="speed>50",
        notification=wanted,
        throttling=2,
    )
    assert made.status_code == 201, made.text
    (heard,) = await source.until(1)
    assert (heard.method, heard.path) == ("POST", "/subscriptions")
    assert "hiroba-" in heard.headers["via"]
    id_ = heard.document.pop("id")
    assert id_ != ID
    assert heard.document == {
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "watchedAttributes": ["speed"],
        "q": "speed>50",
        "throttling": 2,
        "notification": {"endpoint": {"uri": RECEIVER, "accept": "application/json"}, "attributes": ["speed"]},
    }


async def test_a_copy_follows_its_subscription_until_both_are_gone(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    source.says("POST", "/subscriptions", 201)
    await subscribe(
        broker, q="speed>50", geoQ={"georel": "near;maxDistance==9", "geometry": "Point", "coordinates": [1, 2]}
    )
    (made,) = await source.until(1)
    path = f"/subscriptions/{made.document['id']}"
    source.says("PATCH", path, 204)
    source.says("DELETE", path, 204)
    following = (await broker.get(f"{API}/csourceSubscriptions")).json()
    assert [one["id"] for one in following] == [FOLLOWER]
    changed = await broker.patch(f"{API}/subscriptions/{ID}", json={"q": "speed>80", "geoQ": None})
    assert changed.status_code == 204, changed.text
    patched = (await source.until(2))[1]
    assert (patched.method, patched.path) == ("PATCH", path)
    assert (patched.document["q"], patched.document["geoQ"]) == ("speed>80", "urn:ngsi-ld:null")
    assert "id" not in patched.document
    assert (await broker.delete(f"{API}/subscriptions/{ID}")).status_code == 204
    deleted = (await source.until(3))[2]
    assert (deleted.method, deleted.path) == ("DELETE", path)
    assert (await broker.get(f"{API}/csourceSubscriptions")).json() == []


async def test_what_follows_a_subscription_is_shown_and_changes_with_it_alone(broker: httpx.AsyncClient) -> None:
    await subscribe(broker, watchedAttributes=["speed"], q="speed>50", throttling=3)
    shown = (await broker.get(f"{API}/csourceSubscriptions/{FOLLOWER}")).json()
    assert shown["watchedAttributes"] == ["speed"]
    assert shown["notification"]["endpoint"]["uri"] == RECEIVER
    assert not {"q", "throttling"} & shown.keys()
    for refused in (
        await broker.patch(f"{API}/csourceSubscriptions/{FOLLOWER}", json={"isActive": False}),
        await broker.delete(f"{API}/csourceSubscriptions/{FOLLOWER}"),
    ):
        assert (refused.status_code, ID in refused.json()["detail"]) == (409, True)


async def test_registrations_that_come_change_and_go_are_followed(
    broker: httpx.AsyncClient, source: Source, other: Source
) -> None:
    for one in (source, other):
        one.says("POST", "/subscriptions", 201)
    await subscribe(broker)
    registered = await register(broker, source, operations=OPERATIONS)
    (made,) = await source.until(1)
    path = f"/subscriptions/{made.document['id']}"
    source.says("PATCH", path, 204)
    source.says("DELETE", path, 204)
    narrower = {"information": [{"entities": [{"type": "Car"}], "propertyNames": ["speed"]}]}
    await broker.patch(f"{API}/csourceRegistrations/{registered}", json=narrower)
    patched = (await source.until(2))[1].document
    assert (patched["watchedAttributes"], patched["notification"]["attributes"]) == (["speed"], ["speed"])
    await broker.patch(f"{API}/csourceRegistrations/{registered}", json={"endpoint": other.url})
    assert ((await source.until(3))[2].method, (await other.until(1))[0].method) == ("DELETE", "POST")
    moved = f"/subscriptions/{other.heard[0].document['id']}"
    other.says("DELETE", moved, 204)
    await broker.delete(f"{API}/csourceRegistrations/{registered}")
    gone = (await other.until(2))[1]
    assert (gone.method, gone.path) == ("DELETE", moved)


@pytest.mark.parametrize(
    ("registration", "subscription"),
    [
        ({"operations": ["retrieveOps"]}, {}),
        ({"mode": "auxiliary", "operations": ["retrieveOps"]}, {}),
        ({}, {"localOnly": True}),
        ({}, {"entities": [{"type": "Ship"}]}),
        (
            {"information": [{"entities": [{"type": "Car"}], "propertyNames": ["brand"]}]},
            {"watchedAttributes": ["speed"]},
        ),
        ({"datasetId": ["urn:a:1"]}, {"datasetId": ["urn:a:2"]}),
        ({}, {"csf": 'region=="east"'}),
        ({"contextSourceAlias": "first"}, {"via": "1.1 first"}),
    ],
)
async def test_who_has_nothing_of_it_or_may_not_be_asked_gets_no_copy(
    broker: httpx.AsyncClient, source: Source, registration: dict[str, Any], subscription: dict[str, Any]
) -> None:
    source.says("POST", "/subscriptions", 201)
    await register(broker, source, **{"operations": OPERATIONS, "region": "west"} | registration)
    headers = {"Via": subscription["via"]} if "via" in subscription else None
    asked = {name: value for name, value in subscription.items() if name != "via"}
    assert (await subscribe(broker, headers, **asked)).status_code == 201
    await mark(broker, source)
    (heard,) = await source.until(1)
    assert heard.document["entities"] == [{"type": "Mark"}]


async def mark(broker: httpx.AsyncClient, source: Source, **members: Any) -> None:
    """A subscription of which the source gets a copy at any rate: what was made before it would come before it."""
    await register(broker, source, operations=OPERATIONS, information=[{"entities": [{"type": "Mark"}]}])
    made = await subscribe(broker, id="urn:ngsi-ld:Subscription:mark", entities=[{"type": "Mark"}], **members)
    assert made.status_code == 201, made.text


async def test_a_source_that_is_away_gets_its_copy_when_it_is_back(
    broker: httpx.AsyncClient, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "SHORTEST", 0.01)
    await register(broker, source, operations=OPERATIONS)
    source.says("POST", "/subscriptions", 503)
    await subscribe(broker)
    first, second = await source.until(2)
    assert first.document == second.document, "the same copy, by the same id"
    source.says("POST", "/subscriptions", 409)
    path = f"/subscriptions/{first.document['id']}"
    source.says("PATCH", path, 204)
    while source.heard[-1].method != "PATCH":
        await source.until(len(source.heard) + 1)
    assert source.heard[-1].path == path, "it was there after all"


async def test_a_source_that_refuses_is_not_asked_again_before_something_changes(
    broker: httpx.AsyncClient, source: Source
) -> None:
    id_ = await register(broker, source, operations=OPERATIONS)
    source.says("POST", "/subscriptions", 403)
    await subscribe(broker)
    await source.until(1)
    await mark(broker, source)
    assert [one.document["entities"][0]["type"] for one in await source.until(2)] == ["Car", "Mark"]
    source.says("POST", "/subscriptions", 201)
    await broker.patch(f"{API}/csourceRegistrations/{id_}", json={"description": "with another key"})
    assert (await source.until(3))[2].document["entities"] == [{"type": "Car"}]


async def test_a_source_may_give_the_copy_an_id_of_its_own(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    source.says("POST", "/subscriptions", 201, Location="/ngsi-ld/v1/subscriptions/urn:theirs:1")
    source.says("DELETE", "/subscriptions/urn:theirs:1", 204)
    await subscribe(broker)
    await source.until(1)
    await broker.delete(f"{API}/subscriptions/{ID}")
    gone = (await source.until(2))[1]
    assert (gone.method, gone.path) == ("DELETE", "/subscriptions/urn:theirs:1")


async def test_a_source_that_takes_no_changes_gets_another_copy(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=["createSubscription", "deleteSubscription"])
    source.says("POST", "/subscriptions", 201)
    await subscribe(broker)
    (made,) = await source.until(1)
    source.says("DELETE", f"/subscriptions/{made.document['id']}", 204)
    await broker.patch(f"{API}/subscriptions/{ID}", json={"q": "speed>80"})
    heard = {one.method: one for one in (await source.until(3))[1:]}
    assert heard["POST"].document["q"] == "speed>80"
    assert heard["POST"].document["id"] != made.document["id"]
    assert "DELETE" in heard


async def test_a_subscription_that_comes_back_is_a_loop(broker: httpx.AsyncClient) -> None:
    alias = (await broker.get(f"{API}/info/sourceIdentity")).json()["contextSourceAlias"]
    assert (await subscribe(broker, {"Via": f"1.1 somebody, 1.1 {alias}"})).status_code == 508
    assert (await broker.get(f"{API}/subscriptions")).json() == []


async def test_a_source_that_is_asked_for_itself_alone_is_told_so(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS, management={"localOnly": True}, datasetId=["urn:a:1"])
    source.says("POST", "/subscriptions", 201)
    await subscribe(broker, datasetId=["urn:a:1", "@none"])
    (heard,) = await source.until(1)
    assert (heard.query, heard.document["localOnly"], heard.document["datasetId"]) == ({}, True, ["urn:a:1"])
