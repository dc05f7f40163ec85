"""Two installations watch each other over HTTP: checkpoints get both names, and a log that was forked keeps only its own."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiohttp import web
from tests.conftest import OPERATOR, client_of
from tests.conftest import _database as a_database

from hiroba.base.db import Pool, connect, transaction
from hiroba.base.db.cluster import Cluster
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.log import Event, Log, append_in
from hiroba.exchange.audit.people.export import export
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
VERIFIER = Path(__file__).parents[4] / "docs/security/verify_log.py"


class House(msgspec.Struct, frozen=True):
    """A house in this process, with a database of its own, that others reach over a socket."""

    url: str
    client: httpx.AsyncClient
    pool: Pool


@asynccontextmanager
async def served(client: httpx.AsyncClient, port: int) -> AsyncIterator[None]:
    """The house of a client, on a port."""

    async def answer(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        got = await client.request(request.method, request.raw_path, content=await request.read(), headers=headers)
        return web.Response(
            status=got.status_code, body=got.content, headers={"Content-Type": got.headers["content-type"]}
        )

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield
    await runner.cleanup()


@asynccontextmanager
async def running(cluster: Cluster, template: str, data: Path, port: int) -> AsyncIterator[House]:
    url = f"http://127.0.0.1:{port}"
    async with a_database(cluster, template) as address:
        settings = Settings(data=data, database_url=address, public_url=url, egress_allow=("127.0.0.0/8",))
        pool = await connect(address, size=3)
        async with client_of(settings) as client, served(client, port):
            client.headers["Authorization"] = f"Bearer {OPERATOR}"
            yield House(url, client, pool)
        await pool.close()


@pytest.fixture
async def houses(
    cluster: Cluster, template: str, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[tuple[House, House]]:
    async with (
        running(cluster, template, tmp_path / "one", free_port()) as one,
        running(cluster, template, tmp_path / "two", free_port()) as two,
    ):
        yield one, two


async def append(house: House, *events: Event) -> None:
    async with transaction(house.pool) as conn:
        await append_in(conn, events)


def read(subject: str) -> Event:
    return Event(datetime.now(UTC), "read", subject=subject)


async def checkpoint(house: House, size: int, *keys: str) -> notes.Note:
    """The checkpoint of at least this size that all of these have signed, as soon as it is there."""
    async with asyncio.timeout(60):
        while True:
            answer = await house.client.get("/log/checkpoint")
            if answer.status_code == 200:
                note = notes.note(answer.text)
                if notes.checkpoint(note.body).size >= size and all(notes.verifier(key).signed(note) for key in keys):
                    return note
            await asyncio.sleep(0.1)


async def test_each_confirms_the_other_and_none_confirms_a_fork(houses: tuple[House, House], tmp_path: Path) -> None:
    one, two = houses
    keys = [(await house.client.get("/log/keys")).json() for house in houses]
    for house, others, other in ((one, keys[1], two), (two, keys[0], one)):
        witness = {"key": others["witness"], "url": f"{other.url}/witness"}
        assert (await house.client.post("/api/v1/log/witnesses", json=witness)).status_code == 204
        assert (await house.client.post("/api/v1/log/watched", json={"key": others["log"]})).status_code == 204

    await append(one, *[read("me")] * 3)
    await append(two, read("you"))
    await checkpoint(one, 3, keys[0]["log"], keys[1]["witness"])
    await checkpoint(two, 1, keys[1]["log"], keys[0]["witness"])
    await append(one, *[read("me")] * 300)
    await checkpoint(one, 303, keys[0]["log"], keys[1]["witness"])

    # a person's export names the witness, and who knows its key may ask for it
    file = tmp_path / "export.ndjson"
    await save(one, file)
    assert verify(file, keys) == (0, "")
    assert verify(file, keys[::-1])[0] == 1

    # whoever has the tables and the key makes the log of one anew, other than it was, and longer than before
    await one.pool.execute(
        "truncate audit.entry, audit.leaf, audit.tile, audit.checkpoint, audit.cosignature, audit.chain, audit.shown"
    )
    await append(one, *[read("me")] * 400)
    await checkpoint(one, 400, keys[0]["log"])
    stands = await failure(one)
    assert "422" in stands["failure"]
    assert stands["size"] == (await two.client.get("/api/v1/log/watched")).json()[0]["size"]
    await save(one, file)
    status, said = verify(file, keys)
    assert status == 1
    assert said == "Not true: a witness you named has not confirmed this tree; others may be shown another one.\n"


async def failure(house: House) -> dict[str, Any]:
    """How its witness stands, as soon as it did not confirm."""
    async with asyncio.timeout(60):
        while True:
            (stands,) = (await house.client.get("/api/v1/log/witnesses")).json()
            if stands["failure"]:
                return stands
            await asyncio.sleep(0.1)


async def save(house: House, file: Path) -> None:
    log = Log(house.pool)
    data = await export(log, house.pool, "me")
    await log.stop()
    await asyncio.to_thread(file.write_bytes, data)


def verify(file: Path, keys: list[dict[str, str]]) -> tuple[int, str]:
    """What the outside verifier says to somebody who knows the log's key and that of its witness."""
    command = [sys.executable, VERIFIER, file, "--key", keys[0]["log"], "--witness", keys[1]["witness"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr
