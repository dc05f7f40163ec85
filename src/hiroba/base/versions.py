"""What a process remembers of the database, kept true in all of them: a number per memory, raised in the writing transaction.

Who writes stamps its rows with `raise_`'s number; who remembers gives a `Follower` the function that reads rows above a
number. NOTIFY wakes it, and a look each second repairs what was not heard, so that no memory is older than a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from hiroba.base.db import AWAY, Connection, Pool, transaction

log = logging.getLogger("hiroba.versions")
CHANNEL: Final = "hiroba_version"
LOOK: Final = 1.0
"""Seconds that a memory may be behind."""


async def raise_(conn: Connection, name: str) -> int:
    """The next number of a memory. Its row stays locked until the commit, so numbers are committed in their order."""
    number: int = await conn.fetchval(
        """
        insert into base.version (name, number) values ($1, 1)
            on conflict (name) do update set number = base.version.number + 1 returning number
    """,
        name,
    )
    await conn.execute("select pg_notify($1, '')", CHANNEL)
    return number


async def number_of(conn: Connection, name: str) -> int:
    """The number a memory has now; 0 where nothing was ever written."""
    found: int | None = await conn.fetchval("select number from base.version where name = $1", name)
    return found or 0


Refresh = Callable[[Connection, int], Awaitable[None]]
"""(connection, the number up to which all is known) → reads what is above it into memory; 0 reads everything."""


class _Memory:
    """One memory of this process and how far it is known; one refresh at a time."""

    def __init__(self, refresh: Refresh) -> None:
        self.refresh = refresh
        self.known = -1
        self.lock = asyncio.Lock()


class Follower:
    """Keeps the memories of this process in step, over one connection of the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._memories: dict[str, _Memory] = {}
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening: Connection | None = None

    def follow(self, name: str, refresh: Refresh) -> None:
        """Keep one more memory in step; to be said before `start`."""
        self._memories[name] = _Memory(refresh)

    async def start(self) -> None:
        """Read everything, then follow."""
        for name in self._memories:
            await self.catch_up(name)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._deafen()

    async def catch_up(self, name: str) -> None:
        """Read what has been written since the last time; who has just written calls this before it answers."""
        memory = self._memories[name]
        async with memory.lock, transaction(self._pool) as conn:
            await conn.execute("set transaction isolation level repeatable read, read only")
            number = await number_of(conn, name)
            if number != memory.known:
                await memory.refresh(conn, max(memory.known, 0))
                memory.known = number

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK)
                self._woken.clear()
                for name in self._memories:
                    await self.catch_up(name)
            except AWAY as error:
                log.warning("what other processes write cannot be followed at this moment: %s", error)
                await asyncio.sleep(LOOK)

    async def _listen(self) -> None:
        if self._listening is None or self._listening.is_closed():
            await self._deafen()
            self._listening = await self._pool.acquire()
            await self._listening.add_listener(CHANNEL, self._hear)

    def _hear(self, *_: Any) -> None:
        self._woken.set()

    async def _deafen(self) -> None:
        if self._listening is not None:
            conn, self._listening = self._listening, None
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await conn.remove_listener(CHANNEL, self._hear)
            await self._pool.release(conn)
