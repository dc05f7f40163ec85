"""The past written where it belongs: here, at equal sources, at those that own it (CIM 009 §5.6.11 to §5.6.16)."""

from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source
from tests.exchange.broker.federation.test_forwarding import API, register
from tests.exchange.broker.federation.test_pasts import ID, PAST, at, past

pytestmark = pytest.mark.anyio

OPERATIONS = [
    "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal", "deleteTemporal",
]  # fmt: skip
BOTH = past(at(1, 10), brand=[at(1, "Hino")])
INSTANCE = "urn:ngsi-ld:Instance:1"


async def here(broker: httpx.AsyncClient) -> dict[str, Any]:
    answer = await broker.get(f"{API}{PAST}/{ID}", params={"local": "true"})
    return {
        name: [one["value"] for one in found]
        for name, found in answer.json().items()
        if name in BOTH and isinstance(found, list)
    }


async def test_an_equal_source_gets_the_same(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    source.says("POST", PAST, 201)
    made = await broker.post(f"{API}{PAST}", json=BOTH)
    assert (made.status_code, made.headers["location"]) == (201, f"{API}{PAST}/{ID}"), made.text
    assert source.heard[0].document == BOTH
    assert await here(broker) == {"speed": [10], "brand": ["Hino"]}
    source.says("POST", f"{PAST}/{ID}/attrs", 204)
    gone = {"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": "2026-01-03T00:00:00Z"}
    more = {
        "speed": [at(2, 20), gone],
        "scope": [{"type": "Property", "value": ["/a"], "observedAt": "2026-01-02T00:00:00Z"}],
    }
    assert (await broker.post(f"{API}{PAST}/{ID}/attrs", json=more)).status_code == 204
    assert source.heard[1].document == more


async def test_what_a_source_owns_is_written_there_alone(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, "exclusive", "speed", operations=OPERATIONS)
    source.says("POST", PAST, 201)
    assert (await broker.post(f"{API}{PAST}", json=BOTH)).status_code == 201
    assert source.heard[0].document == past(at(1, 10))
    assert await here(broker) == {"brand": ["Hino"]}
    path = f"{PAST}/{ID}/attrs/speed"
    source.says("PATCH", f"{path}/{INSTANCE}", 204)
    source.says("DELETE", f"{path}/{INSTANCE}", 204)
    source.says("DELETE", path, 204)
    assert (await broker.patch(f"{API}{path}/{INSTANCE}", json={"speed": [at(1, 11)]})).status_code == 204
    assert (await broker.delete(f"{API}{path}/{INSTANCE}")).status_code == 204
    assert (await broker.delete(f"{API}{path}", params={"deleteAll": "true"})).status_code == 204
    assert [(one.method, one.path, one.query) for one in source.heard[1:]] == [
        ("PATCH", f"{path}/{INSTANCE}", {}),
        ("DELETE", f"{path}/{INSTANCE}", {}),
        ("DELETE", path, {"deleteAll": "true"}),
    ]
    assert source.heard[1].document == {"speed": [at(1, 11)]}


async def test_a_past_goes_everywhere_it_is(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    await broker.post(f"{API}{PAST}", json=BOTH, params={"local": "true"})
    source.says("DELETE", f"{PAST}/{ID}/attrs/brand", 204)
    source.says("DELETE", f"{PAST}/{ID}", 204)
    assert (await broker.delete(f"{API}{PAST}/{ID}/attrs/brand")).status_code == 204
    assert await here(broker) == {"speed": [10]}
    assert (await broker.delete(f"{API}{PAST}/{ID}")).status_code == 204
    assert (await broker.delete(f"{API}{PAST}/{ID}")).status_code == 204, "the source has it, whoever else has not"
    source.says("DELETE", f"{PAST}/{ID}", 404)
    assert (await broker.delete(f"{API}{PAST}/{ID}")).status_code == 404


async def test_an_owner_that_does_not_take_it_or_fails_is_told(broker: httpx.AsyncClient, source: Source) -> None:
    id_ = await register(broker, source, "redirect", operations=["retrieveOps"])
    refused = await broker.post(f"{API}{PAST}", json=BOTH)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "Conflict")
    await broker.delete(f"{API}/csourceRegistrations/{id_}")
    await register(broker, source, operations=OPERATIONS)
    source.says("POST", PAST, 500)
    partly = await broker.post(f"{API}{PAST}", json=BOTH)
    assert (partly.status_code, partly.json()["success"]) == (207, [ID])
    assert partly.json()["errors"][0]["error"]["status"] == 502
    alias = (await broker.get(f"{API}/info/sourceIdentity")).json()["contextSourceAlias"]
    assert (await broker.post(f"{API}{PAST}", json=BOTH, headers={"Via": f"1.1 {alias}"})).status_code == 508
