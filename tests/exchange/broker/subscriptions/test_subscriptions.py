"""Subscriptions over HTTP: made, shown, changed, deleted (CIM 009 §6.10, §6.11)."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1/subscriptions"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
FLOODS = {
    "id": "urn:ngsi-ld:Subscription:floods",
    "type": "Subscription",
    "entities": [{"type": "River", "idPattern": "^urn:ngsi-ld:River:"}],
    "watchedAttributes": ["level"],
    "q": "level>3",
    "notification": {
        "attributes": ["level", "name"],
        "format": "concise",
        "endpoint": {"uri": "http://127.0.0.1:9/floods", "receiverInfo": [{"key": "X-Key", "value": "secret"}]},
    },
}


def but(**members: Any) -> dict[str, Any]:
    return {**FLOODS, **members}


def without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


async def test_what_went_in_comes_back_with_its_status(broker: httpx.AsyncClient) -> None:
    made = await broker.post(BASE, json=FLOODS)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{BASE}/{FLOODS['id']}"
    found = (await broker.get(f"{BASE}/{FLOODS['id']}")).json()
    assert found.pop("jsonldContext").startswith("https://uri.etsi.org/ngsi-ld/v1/")
    assert found == FLOODS | {"status": "active", "notificationTrigger": ["attributeCreated", "attributeUpdated"]}


async def test_one_without_an_id_gets_one(broker: httpx.AsyncClient) -> None:
    made = await broker.post(BASE, json=without(FLOODS, "id"))
    address = made.headers["location"]
    assert address.startswith(f"{BASE}/urn:ngsi-ld:Subscription:")
    assert (await broker.get(address)).json()["id"] == address.removeprefix(f"{BASE}/")


async def test_a_second_one_of_the_same_id_is_a_conflict(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=FLOODS)
    again = await broker.post(BASE, json=FLOODS)
    assert (again.status_code, again.json()["type"]) == (409, f"{ERRORS}AlreadyExists")


async def test_names_are_told_in_the_words_of_who_asks(broker: httpx.AsyncClient) -> None:
    context = {"River": "https://example.org/River", "level": "https://example.org/level"}
    await broker.post(BASE, json=but(**{"@context": context}), headers={"content-type": "application/ld+json"})
    found = (await broker.get(f"{BASE}/{FLOODS['id']}")).json()
    assert found["entities"][0]["type"] == "https://example.org/River"
    assert found["watchedAttributes"] == ["https://example.org/level"]
    assert found["notification"]["attributes"] == ["https://example.org/level", "name"]
    as_written = await broker.get(
        f"{BASE}/{FLOODS['id']}",
        headers={"link": f'<{found["jsonldContext"]}>; rel="http://www.w3.org/ns/json-ld#context"'},
    )
    assert as_written.json()["watchedAttributes"] == ["level"], as_written.text


async def test_what_is_refused_is_not_there(broker: httpx.AsyncClient) -> None:
    refused = await broker.post(BASE, json=but(throttling=-1))
    assert (refused.status_code, refused.json()["type"]) == (400, f"{ERRORS}BadRequestData")
    assert "throttling" in refused.json()["detail"]
    assert (await broker.get(BASE)).json() == []


async def test_a_context_that_cannot_be_had_is_said_to_be_so(broker: httpx.AsyncClient) -> None:
    nowhere = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld"
    refused = await broker.post(BASE, json=but(jsonldContext=nowhere))
    assert refused.json()["type"] == f"{ERRORS}LdContextNotAvailable"


async def test_a_fragment_replaces_members_and_null_takes_them_away(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=FLOODS)
    address = f"{BASE}/{FLOODS['id']}"
    patched = await broker.patch(address, json={"q": None, "description": "all of it", "entities": [{"type": "Sea"}]})
    assert patched.status_code == 204, patched.text
    found = (await broker.get(address)).json()
    assert "q" not in found
    assert (found["description"], found["entities"]) == ("all of it", [{"type": "Sea"}])
    assert found["watchedAttributes"] == ["level"]


@pytest.mark.parametrize(
    "fragment",
    [
        {"notification": None},
        {"notification": {"format": "concise"}},
        {"notification": {"endpoint": None}},
        {"id": "urn:ngsi-ld:Subscription:other"},
        {"type": "Entity"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"timeInterval": 10},
        {},
    ],
)
async def test_a_fragment_that_breaks_a_rule_changes_nothing(broker: httpx.AsyncClient, fragment: dict) -> None:
    await broker.post(BASE, json=FLOODS)
    address = f"{BASE}/{FLOODS['id']}"
    before = (await broker.get(address)).json()
    refused = await broker.patch(address, json=fragment)
    assert refused.status_code == 400, refused.text
    assert (await broker.get(address)).json() == before


async def test_a_paused_one_says_so_and_wakes_up_again(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=but(isActive=False))
    address = f"{BASE}/{FLOODS['id']}"
    assert (await broker.get(address)).json()["status"] == "paused"
    await broker.patch(address, json={"isActive": True, "expiresAt": "2099-01-01T00:00:00Z"})
    assert (await broker.get(address)).json()["status"] == "active"


async def test_a_deleted_one_is_gone_and_its_id_free_again(broker: httpx.AsyncClient) -> None:
    address = f"{BASE}/{FLOODS['id']}"
    for _ in range(2):
        assert (await broker.post(BASE, json=FLOODS)).status_code == 201
        assert (await broker.delete(address)).status_code == 204
        for answer in (
            await broker.get(address),
            await broker.delete(address),
            await broker.patch(address, json={"q": "a"}),
        ):
            assert (answer.status_code, answer.json()["type"]) == (404, f"{ERRORS}ResourceNotFound")


async def test_an_id_that_is_no_uri_is_a_mistake(broker: httpx.AsyncClient) -> None:
    assert (await broker.get(f"{BASE}/nothing")).status_code == 400
    assert (await broker.delete(f"{BASE}/nothing")).status_code == 400


async def test_a_list_comes_in_pages_in_the_order_of_making(broker: httpx.AsyncClient) -> None:
    for number in range(3):
        await broker.post(BASE, json=but(id=f"urn:ngsi-ld:Subscription:{number}"))
    page = await broker.get(BASE, params={"limit": 1, "offset": 1, "count": "true"})
    assert [one["id"] for one in page.json()] == ["urn:ngsi-ld:Subscription:1"]
    assert page.headers["ngsild-results-count"] == "3"
    assert f'<{BASE}?limit=1&offset=2&count=true>;rel="next"' in page.headers["link"]
    assert f'<{BASE}?limit=1&offset=0&count=true>;rel="prev"' in page.headers["link"]
    assert (await broker.get(BASE, params={"limit": 0})).status_code == 400
    system = (await broker.get(BASE, params={"options": "sysAttrs"})).json()
    assert all(one["createdAt"] == one["modifiedAt"] for one in system)


async def test_tenants_do_not_see_each_others(broker: httpx.AsyncClient) -> None:
    await broker.post(BASE, json=FLOODS, headers={"ngsild-tenant": "elsewhere"})
    assert (await broker.get(BASE)).json() == []
    assert len((await broker.get(BASE, headers={"ngsild-tenant": "elsewhere"})).json()) == 1
