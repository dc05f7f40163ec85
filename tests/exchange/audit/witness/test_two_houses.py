"""Two installations watch each other over HTTP: checkpoints get both names, and a log that was forked keeps only its own."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.conftest import Running, up

from hiroba.base.db import connect, transaction
from hiroba.base.db.cluster import Cluster
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.log import Event, Log, append_in
from hiroba.exchange.audit.people.export import export

pytestmark = pytest.mark.anyio
VERIFIER = Path(__file__).parents[4] / "docs/security/verify_log.py"


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[list[Running]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIROBA_EGRESS_ALLOW", "127.0.0.0/8")
        with (
            up(tmp_path_factory.mktemp("one"), free_port(), "--sample", "none") as one,
            up(tmp_path_factory.mktemp("two"), free_port(), "--sample", "none") as two,
        ):
            yield [one, two]


def database(house: Running) -> str:
    return Cluster(house.data / "postgres").url()


async def append(house: Running, *events: Event) -> None:
    pool = await connect(database(house), size=1)
    async with transaction(pool) as conn:
        await append_in(conn, events)
    await pool.close()


def read(subject: str) -> Event:
    return Event(datetime.now(UTC), "read", subject=subject)


async def checkpoint(house: Running, size: int, *keys: str) -> notes.Note:
    """The checkpoint of at least this size that all of these have signed, as soon as it is there."""
    async with httpx.AsyncClient(base_url=house.url) as client:
        for _ in range(300):
            answer = await client.get("/log/checkpoint")
            if answer.status_code == 200:
                note = notes.note(answer.text)
                if notes.checkpoint(note.body).size >= size and all(notes.verifier(key).signed(note) for key in keys):
                    return note
            await asyncio.sleep(0.1)
    pytest.fail(f"no checkpoint of {size} signed by {keys}: {answer.text}")


async def test_each_confirms_the_other_and_none_confirms_a_fork(houses: list[Running], tmp_path: Path) -> None:
    one, two = houses
    clients = [
        httpx.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {house.key}"}) for house in houses
    ]
    keys = [(await client.get("/log/keys")).json() for client in clients]
    for client, others, other in ((clients[0], keys[1], two), (clients[1], keys[0], one)):
        witness = {"key": others["witness"], "url": f"{other.url}/witness"}
        assert (await client.post("/api/v1/log/witnesses", json=witness)).status_code == 204
        assert (await client.post("/api/v1/log/watched", json={"key": others["log"]})).status_code == 204

    await append(one, *[read("me")] * 3)
    await append(two, read("you"))
    await checkpoint(one, 3, keys[0]["log"], keys[1]["witness"])
    await checkpoint(two, 1, keys[1]["log"], keys[0]["witness"])
    await append(one, *[read("me")] * 300)
    await checkpoint(one, 303, keys[0]["log"], keys[1]["witness"])

    # a person's export names the witness, and who knows its key may ask for it
    pool = await connect(database(one), size=3)
    log = Log(pool)
    file = tmp_path / "export.ndjson"
    file.write_bytes(await export(log, pool, "me"))
    await log.stop()
    assert verify(file, keys) == (0, "")
    assert verify(file, keys[::-1])[0] == 1

    # whoever has the tables and the key makes the log of one anew, without its second entry, and longer than before
    async with pool.acquire() as conn:
        await forge(conn)
    await append(one, *[read("me")] * 400)
    await pool.close()
    await checkpoint(one, 400, keys[0]["log"])
    for _ in range(100):
        (stands,) = (await clients[0].get("/api/v1/log/witnesses")).json()
        if stands["failure"]:
            break
        await asyncio.sleep(0.1)
    assert "422" in stands["failure"]
    assert stands["size"] == json.loads((await clients[1].get("/api/v1/log/watched")).text)[0]["size"]
    pool = await connect(database(one), size=3)
    log = Log(pool)
    file.write_bytes(await export(log, pool, "me"))
    await log.stop()
    await pool.close()
    status, said = verify(file, keys)
    assert status == 1
    assert said == "Not true: a witness you named has not confirmed this tree; others may be shown another one.\n"
    for client in clients:
        await client.aclose()


async def forge(conn: asyncpg.Connection) -> None:
    await conn.execute(
        "truncate audit.entry, audit.leaf, audit.tile, audit.checkpoint, audit.cosignature, audit.chain, audit.shown"
    )


def verify(file: Path, keys: list[dict[str, str]]) -> tuple[int, str]:
    """What the outside verifier says to somebody who knows the log's key and that of its witness."""
    command = [sys.executable, VERIFIER, file, "--key", keys[0]["log"], "--witness", keys[1]["witness"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr
