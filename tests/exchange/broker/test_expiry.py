"""Transient entities and attributes: what is over is not shown, and goes by the writes of everybody else (CIM 009 §4.22)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base import clock
from hiroba.base.db import Connection, Pool
from hiroba.exchange.broker import edits, store
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.expiry import lapses, unexpired
from hiroba.exchange.broker.model import Entity, Fragment, Key
from hiroba.exchange.broker.sweeper import Sweeper
from hiroba.exchange.broker.writes import Writer, apply

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
OVER, LATER = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
ALERT = {
    "id": "urn:ngsi-ld:Alert:1",
    "type": "Alert",
    "level": [
        {"type": "Property", "value": 3, "expiresAt": OVER},
        {"type": "Property", "value": 2, "datasetId": "urn:d:1", "expiresAt": LATER},
    ],
    "cause": {"type": "Property", "value": "rain", "sure": {"type": "Property", "value": True, "expiresAt": OVER}},
    "seen": {"type": "Property", "value": 1, "expiresAt": OVER},
}


async def test_an_entity_is_gone_when_its_time_is_over(broker: httpx.AsyncClient) -> None:
    for number, expires in enumerate((OVER, LATER)):
        document = {"id": f"urn:ngsi-ld:Room:{number}", "type": "Room", "expiresAt": expires}
        assert (await broker.post(f"{BASE}/entities", json=document)).status_code == 201
    rooms = await broker.get(f"{BASE}/entities", params={"type": "Room", "count": "true"})
    assert [room["id"] for room in rooms.json()] == ["urn:ngsi-ld:Room:1"]
    assert rooms.headers["ngsild-results-count"] == "1"
    assert (await broker.get(f"{BASE}/entities/urn:ngsi-ld:Room:0")).status_code == 404
    again = await broker.post(f"{BASE}/entities", json={"id": "urn:ngsi-ld:Room:0", "type": "Room"})
    assert again.status_code == 201, "its id is free"


async def test_attributes_go_one_by_one_and_the_times_are_shown_when_asked_for(broker: httpx.AsyncClient) -> None:
    assert (await broker.post(f"{BASE}/entities", json=ALERT)).status_code == 201
    found = (await broker.get(f"{BASE}/entities/{ALERT['id']}")).json()
    assert found == {
        "id": ALERT["id"],
        "type": "Alert",
        "level": {"type": "Property", "value": 2, "datasetId": "urn:d:1"},
        "cause": {"type": "Property", "value": "rain"},
    }
    full = (await broker.get(f"{BASE}/entities/{ALERT['id']}", params={"sysAttrs": "true"})).json()
    assert full["level"]["expiresAt"] == LATER
    assert (await broker.patch(f"{BASE}/entities/{ALERT['id']}/attrs/seen", json={"value": 2})).status_code == 404


async def test_a_query_is_asked_of_what_is_left(broker: httpx.AsyncClient, pool: Pool) -> None:
    await broker.post(f"{BASE}/entities", json=ALERT)
    sweeper = Sweeper(pool, writer := Writer(pool))
    writer.start()
    await sweeper._sweep()
    await writer.stop()
    assert (await broker.get(f"{BASE}/entities", params={"type": "Alert", "q": "seen"})).json() == []
    assert len((await broker.get(f"{BASE}/entities", params={"type": "Alert", "q": "!seen"})).json()) == 1
    assert (await broker.get(f"{BASE}/attributes")).json()["attributeList"] == ["cause", "level"]


def transient(number: int, *, over: bool) -> Entity:
    now = clock.now()
    doc = {"urn:a": [{"type": "Property", "value": number, "expiresAt": OVER if number % 2 else LATER}]}
    return Entity(
        key=Key("", "", f"urn:e:{number}"), types=("urn:T",), doc=doc, created=now, modified=now,
        expires=now - timedelta(days=1) if over else None,
    )  # fmt: skip


async def test_listeners_hear_of_it_and_nothing_is_left_over(pool: Pool, conn: Connection) -> None:
    await store.insert(conn, [transient(number, over=number % 3 == 0) for number in range(12)])
    heard: list[Event] = []

    async def listener(conn: Connection, events: Sequence[Event]) -> None:
        del conn
        heard.extend(events)

    writer = Writer(pool, [listener])
    writer.start()
    sweeper = Sweeper(pool, writer)
    await sweeper._sweep()
    await writer.stop()
    gone = {event.key.id for event in heard if event.after is None}
    assert gone == {f"urn:e:{number}" for number in (0, 3, 6, 9)}
    assert {event.key.id for event in heard if event.after is not None} == {
        f"urn:e:{number}" for number in (1, 5, 7, 11)
    }
    assert all(event.expired and event.before is not None for event in heard)
    assert await store.over(conn, 100) == []
    assert sweeper._next is not None
    assert sweeper._next > clock.now()


async def test_who_writes_to_what_is_over_hears_of_both(conn: Connection) -> None:
    await store.insert(conn, [transient(0, over=True)])
    heard: list[Event] = []

    async def listener(conn: Connection, events: Sequence[Event]) -> None:
        del conn
        heard.extend(events)

    fragment = Fragment(id="urn:e:0", types=("urn:T",), doc={})
    async with conn.transaction():
        await apply(conn, [(Key("", "", "urn:e:0"), edits.create(fragment, ""))], [listener])
    assert [(event.expired, event.after is None) for event in heard] == [(True, True), (False, False)]


instances = st.recursive(
    st.builds(lambda expires: {"type": "Property", "value": 1} | ({"expiresAt": expires} if expires else {}),
              st.sampled_from(["", OVER, LATER, "2098-01-01T00:00:00.123456789Z"])),
    lambda inner: st.builds(lambda one, others: one | {"urn:sub": others}, inner, st.lists(inner, min_size=1, max_size=2)),
    max_leaves=6,
)  # fmt: skip


def times(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            *([value["expiresAt"]] if "expiresAt" in value else []),
            *(t for part in value.values() for t in times(part)),
        ]
    return [t for part in value for t in times(part)] if isinstance(value, list) else []


@given(st.dictionaries(st.sampled_from(["urn:a", "urn:b"]), st.lists(instances, min_size=1, max_size=3)))
def test_nothing_is_left_that_is_over_and_nothing_else_goes(doc: dict[str, Any]) -> None:
    now = clock.now()
    entity = Entity(key=Key("", "", "urn:e"), types=(), doc=doc, created=now, modified=now, lapses=lapses(doc))
    left = unexpired(entity, now)
    assert left is not None
    assert OVER not in times(left.doc)
    assert (left is entity) == (OVER not in times(doc))
    assert (left.lapses is None) == (not times(left.doc))
    assert unexpired(left, now) is left


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("PATCH", "/attrs"), ("POST", "/attrs")])
async def test_the_end_of_an_entity_is_taken_away_by_null(broker: httpx.AsyncClient, method: str, path: str) -> None:
    address = f"{BASE}/entities/urn:ngsi-ld:Room:0"
    room = {"id": "urn:ngsi-ld:Room:0", "type": "Room", "expiresAt": LATER}
    assert (await broker.post(f"{BASE}/entities", json=room)).status_code == 201
    gone = {"expiresAt": "urn:ngsi-ld:null"}
    assert (await broker.request(method, address + path, json=gone)).status_code == 204
    assert "expiresAt" not in (await broker.get(address, params={"sysAttrs": "true"})).json()
    assert (await broker.post(f"{BASE}/entities", json={**room, "id": "urn:ngsi-ld:Room:1", **gone})).status_code == 400
