"""Whatever is written of an entity is in its history (CIM 009 §4.5.6 to §4.5.8)."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from hiroba.base import clock
from hiroba.exchange.broker import edits, writes
from hiroba.exchange.broker.history.recorder import record
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.sweeper import Sweeper

pytestmark = pytest.mark.anyio

ENTITIES = "/ngsi-ld/v1/entities"
ID = "urn:ngsi-ld:Room:1"
ROOM = {
    "id": ID,
    "type": "Room",
    "temperature": {"type": "Property", "value": 20, "observedAt": "2026-01-01T00:00:00Z"},
}
NULL = "urn:ngsi-ld:null"


def values(attribute: list[dict]) -> list:
    return [one["value"] for one in attribute]


async def test_every_instance_that_was_written_is_there_with_an_id_of_its_own(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json=ROOM)
    for value in (21, 22):
        body = {"value": value, "observedAt": f"2026-01-01T00:00:{value}Z"}
        assert (await broker.patch(f"{ENTITIES}/{ID}/attrs/temperature", json=body)).status_code == 204
    found = (await past(ID))["temperature"]
    assert values(found) == [20, 21, 22]
    assert len({one["instanceId"] for one in found}) == 3
    assert all(one["instanceId"].startswith("urn:ngsi-ld:Instance:") for one in found)


async def test_an_attribute_that_was_not_written_has_no_new_instance(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json={**ROOM, "name": {"type": "Property", "value": "A"}})
    await broker.post(f"{ENTITIES}/{ID}/attrs", json={"temperature": {"value": 21}})
    found = await past(ID)
    assert (len(found["temperature"]), len(found["name"])) == (2, 1)


async def test_a_deleted_attribute_leaves_the_null_of_its_type(broker: httpx.AsyncClient, past) -> None:
    room = {
        **ROOM, "inside": {"type": "Relationship", "object": "urn:ngsi-ld:House:1"},
        "name": {"type": "LanguageProperty", "languageMap": {"ja": "部屋"}}, "steps": {"type": "ListProperty", "valueList": [1]},
    }  # fmt: skip
    await broker.post(ENTITIES, json=room)
    for name in ("temperature", "inside", "name", "steps"):
        assert (await broker.delete(f"{ENTITIES}/{ID}/attrs/{name}")).status_code == 204
    found = await past(ID, timeproperty="deletedAt")
    assert all("deletedAt" in found[name][0] for name in ("temperature", "inside", "name", "steps"))
    assert found["temperature"][0]["value"] == NULL
    assert found["inside"][0]["object"] == NULL
    assert found["name"][0]["languageMap"] == {"@none": NULL}
    assert found["steps"][0]["valueList"] == [NULL]


async def test_only_the_dataset_that_went_is_marked(broker: httpx.AsyncClient, past) -> None:
    instances = [{"value": 1}, {"value": 2, "datasetId": "urn:ngsi-ld:Dataset:b"}]
    await broker.post(ENTITIES, json={"id": ID, "type": "Room", "temperature": instances})
    await broker.delete(f"{ENTITIES}/{ID}/attrs/temperature", params={"datasetId": "urn:ngsi-ld:Dataset:b"})
    (gone,) = (await past(ID, timeproperty="deletedAt"))["temperature"]
    assert gone["datasetId"] == "urn:ngsi-ld:Dataset:b"


async def test_a_deleted_entity_keeps_its_past_and_says_when_it_went(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json={**ROOM, "scope": "/a"})
    await broker.delete(f"{ENTITIES}/{ID}")
    found = await past(ID, sysAttrs="true")
    assert "deletedAt" in found
    assert values(found["temperature"]) == [20, NULL]
    assert values(found["scope"]) == ["/a", []]
    await broker.post(ENTITIES, json=ROOM)
    assert "deletedAt" not in await past(ID, sysAttrs="true")


async def test_what_is_over_is_recorded_as_gone_and_nothing_else_as_written(pool) -> None:
    writer = writes.Writer(pool, [record])
    writer.start()
    over = {"type": "Property", "value": 1, "expiresAt": "2020-01-01T00:00:00Z"}
    stays = {"type": "Property", "value": 2, "expiresAt": "2099-01-01T00:00:00Z"}
    doc = {"https://example.org/a": [over, {**stays, "datasetId": "urn:ngsi-ld:D:1"}], "https://example.org/b": [stays]}
    key, gone = Key("", "", ID), Key("", "", "urn:ngsi-ld:Room:2")
    await writer.write(key, edits.create(Fragment(types=("R",), doc=doc), ""))
    await writer.write(gone, edits.create(Fragment(types=("R",), doc={}, expires=clock.now()), ""))
    await Sweeper(pool, writer)._sweep()
    await writer.stop()
    async with pool.acquire() as conn:
        rows = await conn.fetch(
            "select name, dataset, deleted is not null as gone from broker.instance order by instance"
        )
        assert await conn.fetchval("select deleted is not null from broker.evolution where id = $1", gone.id)
    assert [tuple(row) for row in rows] == [
        ("https://example.org/a", "", False),
        ("https://example.org/a", "urn:ngsi-ld:D:1", False),
        ("https://example.org/b", "", False),
        ("https://example.org/a", "", True),
    ]


async def test_an_entity_made_anew_after_its_time_was_over_was_gone_in_between(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json={**ROOM, "expiresAt": "2020-01-01T00:00:00Z"})
    assert (await broker.post(ENTITIES, json=ROOM)).status_code == 201
    found = (await past(ID))["temperature"]
    assert sorted(map(str, values(found))) == ["20", "20", NULL]


async def test_scopes_over_time_are_a_property_observed_when_it_was_modified(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json={**ROOM, "scope": "/a"})
    await broker.patch(f"{ENTITIES}/{ID}", json={"scope": ["/b", "/c"]})
    first, second = (await past(ID, sysAttrs="true"))["scope"]
    assert (first["value"], second["value"]) == ("/a", ["/b", "/c"])
    assert second["observedAt"] == second["modifiedAt"]
    assert set(second) == {"type", "value", "observedAt", "createdAt", "modifiedAt"}


async def test_a_batch_and_writes_that_come_together_lose_nothing(broker: httpx.AsyncClient, past) -> None:
    batch = [{**ROOM, "id": f"urn:ngsi-ld:Room:{number}"} for number in range(20)]
    assert (await broker.post("/ngsi-ld/v1/entityOperations/upsert", json=batch)).status_code == 201
    changes = [broker.patch(f"{ENTITIES}/{ID}/attrs/temperature", json={"value": number}) for number in range(25)]
    assert {answer.status_code for answer in await asyncio.gather(*changes)} == {204}
    found = (await past(ID, lastN=100))["temperature"]
    assert sorted(values(found)) == sorted([20, *range(25)])
    now = (await broker.get(f"{ENTITIES}/{ID}")).json()["temperature"]["value"]
    written = (await past(ID, timeproperty="modifiedAt"))["temperature"]
    assert written[-1]["value"] == now, "what was written last stands last"


async def test_a_write_that_is_refused_leaves_no_trace(broker: httpx.AsyncClient, past) -> None:
    await broker.post(ENTITIES, json=ROOM)
    assert (await broker.post(ENTITIES, json=ROOM)).status_code == 409
    assert (await broker.patch(f"{ENTITIES}/{ID}/attrs/nothing", json={"value": 1})).status_code == 404
    assert len((await past(ID))["temperature"]) == 1


async def test_a_whole_round_is_recorded_by_one_copy(conn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hot path: however many entities a round writes, their history is one COPY."""
    copies: list[str] = []
    really = asyncpg.Connection.copy_records_to_table

    async def copy(self: asyncpg.Connection, table: str, **options: Any) -> str:
        copies.append(table)
        return await really(self, table, **options)

    monkeypatch.setattr(asyncpg.Connection, "copy_records_to_table", copy)
    one = {"https://example.org/a": [{"type": "Property", "value": 1}]}
    plans = [
        (Key("", "", f"urn:ngsi-ld:Room:{number}"), edits.create(Fragment(types=("R",), doc=one), ""))
        for number in range(50)
    ]
    async with conn.transaction():
        await writes.apply(conn, plans, [record])
    assert copies == ["instance"]
    assert await conn.fetchval("select count(*) from broker.instance") == 50
