"""Positions without a gap in the order of commits, one sequencer, a tree that proves what it holds, keys apart."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hiroba.base.db import Connection, Pool, transaction
from hiroba.exchange.audit import keys as own
from hiroba.exchange.audit import notes, proofs, store
from hiroba.exchange.audit.events import Event
from hiroba.exchange.audit.log import Line, Log, append_in
from hiroba.exchange.audit.notes import Signer
from hiroba.exchange.audit.sequencer import Sequencer, sequence
from hiroba.exchange.audit.tree import tiles
from hiroba.exchange.audit.tree.hashing import is_consistent, is_included, leaf_hash

pytestmark = pytest.mark.anyio
MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def read(subject: str) -> Event:
    return Event(MOMENT, "read", subject=subject)


async def append(pool: Pool, count: int) -> list[Line]:
    async with transaction(pool) as conn:
        return await append_in(conn, [read(f"p{number % 5}") for number in range(count)])


async def round_(pool: Pool, key: Signer, most: int = 20_000) -> store.Stored | None:
    async with transaction(pool) as conn:
        return await sequence(conn, key, most)


async def positions(conn: Connection) -> dict[int, int]:
    rows = await conn.fetch("select entry, position from audit.leaf where position is not null")
    return {row["entry"]: row["position"] for row in rows}


async def test_a_tree_that_grew_in_rounds_proves_each_entry_and_its_own_past(pool: Pool, conn: Connection, key: Signer):
    lines = []
    heads = []
    for count in (1, 2, 300, 1, 260):
        lines += await append(pool, count)
        heads.append(await round_(pool, key))
    last = heads[-1]
    assert [head.size for head in heads] == [1, 3, 303, 304, 564]
    found = await positions(conn)
    proof = await proofs.inclusion_proofs(conn, list(found.values()), last.size)
    for line in lines:
        position = found[line.id]
        assert is_included(leaf_hash(line.leaf), position, last.size, proof[position], last.root)
    past = await proofs.consistency_proofs(conn, [head.size for head in heads], last.size)
    for head in heads:
        assert is_consistent(head.size, head.root, last.size, last.root, past[head.size])
        assert key.verifier.signed(notes.note(head.note))


async def test_positions_follow_commits_though_many_write_and_many_give_them(pool: Pool, conn: Connection, key: Signer):
    order: list[list[int]] = []

    async def write() -> None:
        for _ in range(12):
            lines = await append(pool, 3)
            order.append([line.id for line in lines])

    async def give() -> None:
        for _ in range(12):
            await round_(pool, key, 7)

    await asyncio.gather(write(), write(), give(), give())
    while await round_(pool, key):
        pass
    found = await positions(conn)
    assert sorted(found.values()) == list(range(72))
    own = [[found[entry] for entry in entries] for entries in order]
    assert all(entries == sorted(entries) for entries in own)


async def test_what_came_back_earlier_stands_earlier_though_an_older_transaction_commits_last(
    pool: Pool, conn: Connection, key: Signer
) -> None:
    async with transaction(pool) as slow:
        late = await append_in(slow, [read("slow")])
        early = await append(pool, 1)
        assert (await round_(pool, key)).size == 1  # the one that is committed; nobody waits for the other
    await round_(pool, key)
    found = await positions(conn)
    assert (found[early[0].id], found[late[0].id]) == (0, 1)


async def test_only_one_gives_positions_at_a_time(pool: Pool, key: Signer) -> None:
    await append(pool, 1)
    async with transaction(pool) as one:
        assert await store.is_sequencer(one)
        assert await round_(pool, key) is None
    assert (await round_(pool, key)).size == 1


async def test_a_round_that_fails_leaves_nothing_behind(pool: Pool, conn: Connection, key: Signer) -> None:
    await append(pool, 3)

    async def fail() -> None:
        async with transaction(pool) as own:
            await sequence(own, key)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await positions(conn) == {}
    assert (await round_(pool, key)).size == 3


async def test_the_sequencer_signs_what_is_appended_without_being_asked(pool: Pool, key: Signer) -> None:
    signed: asyncio.Queue[store.Stored] = asyncio.Queue()
    sequencer = Sequencer(pool, key, signed.put)
    log = Log(pool, sequencer.tell)
    sequencer.start()
    await log.append([read("a")])
    assert (await asyncio.wait_for(signed.get(), 10)).size == 1
    await append(pool, 2)  # by another process: nobody tells
    assert (await asyncio.wait_for(signed.get(), 10)).size == 3
    await sequencer.stop()


async def test_an_entry_that_is_erased_leaves_every_proof_valid(pool: Pool, conn: Connection, key: Signer) -> None:
    lines = await append(pool, 5)
    before = await round_(pool, key)
    await conn.execute("delete from audit.entry where subject = 'p1'")
    await append(pool, 300)
    after = await round_(pool, key)
    found = await positions(conn)
    proof = await proofs.inclusion_proofs(conn, range(5), after.size)
    assert all(
        is_included(leaf_hash(line.leaf), found[line.id], after.size, proof[found[line.id]], after.root)
        for line in lines
    )
    past = await proofs.consistency_proofs(conn, [before.size], after.size)
    assert is_consistent(before.size, before.root, after.size, after.root, past[before.size])


async def test_a_log_has_the_keys_of_its_file_and_of_no_other(conn: Connection, tmp_path: Path) -> None:
    file = tmp_path / "data" / "log.key"
    made = await own.keys(conn, file, "https://city.test")
    assert made.log.verifier.name == "city.test/log"
    assert file.stat().st_mode & 0o777 == 0o600
    again = await own.keys(conn, file, "https://moved.test")
    assert again.log.line == made.log.line  # a log keeps its name for life
    file.rename(tmp_path / "away")
    assert await own.keys(conn, file, "https://city.test") is None
    assert not file.exists()  # a log with a past gets no new key by itself
    file.write_text(f"{Signer('a', 1, bytes(32)).line}\n{Signer('b', 4, bytes(32)).line}\n")
    assert await own.keys(conn, file, "https://city.test") is None


async def test_tiles_and_checkpoints_are_static_files(pool: Pool, house: httpx.AsyncClient, key: Signer) -> None:
    await append(pool, 300)
    for _ in range(200):
        note = await house.get("/log/checkpoint")
        if note.status_code == 200:
            break
        await asyncio.sleep(0.05)
    head = notes.checkpoint(notes.note(note.text).body)
    assert head.size == 300
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    full = await house.get("/log/tile/0/000")
    assert len(full.content) == 8192
    assert "immutable" in full.headers["cache-control"]
    part = await house.get("/log/tile/0/001.p/44")
    assert len(part.content) == 44 * 32
    assert (await house.get("/log/tile/0/001.p/10")).content == part.content[:320]  # of an earlier tree
    assert (await house.get("/log/tile/1/000.p/1")).content == tiles.root(full.content)
    entries = (await house.get("/log/tile/entries/000")).content
    assert len(entries) == 256 * 34
    assert entries[:2] == b"\0\x20"
    assert leaf_hash(entries[2:34]) == full.content[:32]
    for path in (
        "0/001",
        "0/001.p/45",
        "0/002",
        "2/000",
        "entries/9",
        "0/000.p/0",
        "999/000",
        "0/x999/x999/x999/x999/x999/x999/999",
    ):
        assert (await house.get(f"/log/tile/{path}")).status_code == 404, path
    assert (await house.get("/log/checkpoint/300")).text == note.text
    assert (await house.get("/log/checkpoint/299")).status_code == 404
    history = (await house.get("/log/checkpoints", params={"limit": 5})).json()
    assert [one["size"] for one in history] == [300]
