"""Reads by id: those that arrive together join one `= any` statement."""

import asyncio
from typing import Final

from hiroba.base.db import Pool, reading
from hiroba.base.errors import Problem
from hiroba.exchange.broker import store
from hiroba.exchange.broker.model import Entity, Key

MOST: Final = 500
LANES: Final = 2


class Reader:
    """The readers of one process: each takes what has come together while the others were busy."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[Key, asyncio.Future[Entity | None]] = {}
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take reads."""
        self._tasks = [asyncio.create_task(self._run()) for _ in range(LANES)]

    async def stop(self) -> None:
        """End; who still waits is told so by the cancelled future."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def read(self, key: Key) -> Entity | None:
        """The entity as it is committed, or None."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            self._something.set()
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            taken = dict(list(self._waiting.items())[:MOST])
            for key in taken:
                del self._waiting[key]
            if not self._waiting:
                self._something.clear()
            if not taken:
                continue
            try:
                async with reading(self._pool) as conn:
                    found = await store.entities(conn, taken)
            except Exception as error:  # noqa: BLE001 - whatever happens, every request gets its answer and the lane goes on
                failure = error if isinstance(error, Problem) else RuntimeError(f"reading failed: {error}")
                for future in taken.values():
                    future.set_exception(failure)
                continue
            for key, future in taken.items():
                future.set_result(found.get(key))
