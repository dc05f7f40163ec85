"""Memories of several processes: each sees what another wrote, woken or by its own look, and reads only what is new."""

import asyncio

import pytest

from hiroba.base import versions
from hiroba.base.db import Connection, transaction

pytestmark = pytest.mark.anyio


class Memory:
    """Numbers since which it was refreshed."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told = asyncio.Event()

    async def refresh(self, conn: Connection, since: int) -> None:
        del conn
        self.asked.append(since)
        self.told.set()


async def test_another_process_is_woken_and_asks_for_what_is_new(pool) -> None:
    memory = Memory()
    follower = versions.Follower(pool)
    follower.follow("things", memory.refresh)
    await follower.start()
    memory.told.clear()
    async with transaction(pool) as conn:
        assert await versions.raise_(conn, "things") == 1
    await asyncio.wait_for(memory.told.wait(), 10)
    await follower.stop()
    assert memory.asked == [0, 0]
    async with transaction(pool) as conn:
        assert await versions.raise_(conn, "things") == 2
        assert await versions.raise_(conn, "others") == 1
    await follower.catch_up("things")
    await follower.catch_up("things")
    assert memory.asked == [0, 0, 1]


async def test_what_was_not_heard_is_found_by_looking(pool, monkeypatch) -> None:
    monkeypatch.setattr(versions, "LOOK", 0.01)
    memory = Memory()
    follower = versions.Follower(pool)
    follower.follow("things", memory.refresh)
    monkeypatch.setattr(follower, "_hear", lambda *_: None)
    await follower.start()
    memory.told.clear()
    async with transaction(pool) as conn:
        await versions.raise_(conn, "things")
    await asyncio.wait_for(memory.told.wait(), 10)
    await follower.stop()


async def test_a_lost_connection_is_listened_on_again(pool) -> None:
    memory = Memory()
    follower = versions.Follower(pool)
    follower.follow("things", memory.refresh)
    await follower.start()
    await asyncio.sleep(0.05)
    async with transaction(pool) as conn:
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid != pg_backend_pid() and query ilike 'listen%'"
        )
    memory.told.clear()
    async with transaction(pool) as conn:
        await versions.raise_(conn, "things")
    await asyncio.wait_for(memory.told.wait(), 10)
    await follower.stop()
    assert memory.asked[-1] == 0
