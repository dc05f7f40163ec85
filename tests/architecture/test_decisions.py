"""What the pages of docs/decisions promise and no other test holds."""

import re
import time
from pathlib import Path

import httpx
import orjson
import pytest

from hiroba.base.db import Pool
from hiroba.base.errors import Unauthorized
from hiroba.exchange.audit.log import Log
from hiroba.exchange.gateway import access
from hiroba.exchange.gateway.access import Gateway
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller

DECISIONS = Path(__file__).parents[2] / "docs/decisions"
ENTITIES = "/ngsi-ld/v1/entities"


async def add_key(pool: Pool) -> str:
    async with pool.acquire() as conn:
        return await store.add_key(conn, Caller("client", "writer", "271403", frozenset({"publish"})), title="A writer")


@pytest.mark.anyio
async def test_a_key_is_asked_for_once_within_its_second(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """0007."""
    gateway, asked, ask = Gateway(pool, Log(pool)), [], store.caller_of_key
    headers = {"authorization": f"Bearer {await add_key(pool)}"}

    async def counted(conn: object, secret: str) -> Caller | None:
        asked.append(secret)
        return await ask(conn, secret)

    monkeypatch.setattr(store, "caller_of_key", counted)
    for _ in range(5):
        assert (await gateway.admit("write", "", headers)).owner == "271403"
    assert len(asked) == 1


@pytest.mark.anyio
async def test_a_revoked_key_is_refused_after_a_second(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """0007."""
    gateway = Gateway(pool, Log(pool))
    headers = {"authorization": f"Bearer {await add_key(pool)}"}
    await gateway.admit("write", "", headers)
    async with pool.acquire() as conn:
        await conn.execute("update identity.key set revoked = now() where id = 'writer'")
    later = time.monotonic() + access.REMEMBERED + 0.01
    monkeypatch.setattr(access.time, "monotonic", lambda: later)
    with pytest.raises(Unauthorized):
        await gateway.admit("write", "", headers)


EIGHT = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}


@pytest.mark.anyio
async def test_a_geometry_that_crosses_itself_is_given_back_as_it_came_and_found(broker: httpx.AsyncClient) -> None:
    """0009."""
    entity = {"id": "urn:ngsi-ld:Area:1", "type": "Area", "location": {"type": "GeoProperty", "value": EIGHT}}
    assert (await broker.post(ENTITIES, json=entity)).status_code == 201
    read = (await broker.get(f"{ENTITIES}/urn:ngsi-ld:Area:1")).json()
    assert read["location"]["value"] == EIGHT

    async def met(x: float, y: float) -> bool:
        question = {"type": "Area", "georel": "intersects", "geometry": "Point", "coordinates": f"[{x},{y}]"}
        return bool((await broker.get(ENTITIES, params=question)).json())

    assert await met(0.2, 1)  # in the left half of the eight
    assert await met(1.8, 1)
    assert not await met(1, 0.2)  # between the halves


@pytest.mark.anyio
async def test_a_question_s_geometry_that_crosses_itself_is_read_as_a_stored_one(broker: httpx.AsyncClient) -> None:
    """0016."""
    inside = {"id": "urn:ngsi-ld:Area:in", "type": "Area", "location": {"type": "Point", "coordinates": [0.2, 1]}}
    between = {"id": "urn:ngsi-ld:Area:out", "type": "Area", "location": {"type": "Point", "coordinates": [1, 0.2]}}
    itself = {"id": "urn:ngsi-ld:Area:eight", "type": "Area", "location": {"type": "GeoProperty", "value": EIGHT}}
    for entity in (inside, between, itself):
        assert (await broker.post(ENTITIES, json=entity)).status_code == 201

    async def found(relation: str) -> set[str]:
        question = {"type": "Area", "georel": relation, "geometry": "Polygon"}
        coordinates = orjson.dumps(EIGHT["coordinates"]).decode()
        answer = await broker.get(ENTITIES, params={**question, "coordinates": coordinates})
        assert answer.status_code == 200, answer.text
        return {entity["id"].rsplit(":", 1)[1] for entity in answer.json()}

    assert await found("within") == {"in", "eight"}
    assert await found("equals") == {"eight"}
    assert await found("disjoint") == {"out"}


def test_every_decision_has_its_five_parts_and_stands_in_the_list() -> None:
    pages = sorted(page for page in DECISIONS.glob("[0-9]*.md"))
    listed = (DECISIONS / "README.md").read_text()
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]} ")
        assert re.findall(r"^## (.+)", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
            "The check",
        ]
        assert f"({page.name})" in listed
        assert len(text.splitlines()) < 80, "a decision is one page"
