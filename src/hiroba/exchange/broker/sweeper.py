"""What is over is removed: entities and attributes whose time has come, by the writes of everybody else (CIM 009 §4.22).

So history and subscriptions hear of it. What is over is not shown even before; but a query's conditions are asked of what
is stored, so who reads waits until what is known to be over is gone.
"""

import asyncio
import logging
from datetime import datetime
from typing import Final

from hiroba.base import clock
from hiroba.base.db import AWAY, Pool, reading
from hiroba.exchange.broker import edits, store
from hiroba.exchange.broker.writes import Writer

log = logging.getLogger("hiroba.sweeper")
AT_ONCE: Final = 500
"""Entities that are looked after together."""
LOOK: Final = 1.0
"""Seconds after which it is asked again what will be over next: what other processes write is known by then."""


class Sweeper:
    """Removes what is over, in the background and before questions."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer
        self._next: datetime | None = None
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def catch_up(self) -> None:
        """Remove what is known to be over, one batch of it at most."""
        if self._next is not None and self._next <= clock.now():
            async with self._lock:
                await self._sweep()

    async def _run(self) -> None:
        while True:
            try:
                async with self._lock:
                    is_more = await self._sweep()
            except AWAY as error:
                log.warning("what is over cannot be removed at this moment: %s", error)
                is_more = False
            await asyncio.sleep(0 if is_more else LOOK)

    async def _sweep(self) -> bool:
        """Remove a batch of what is over; whether there may be more."""
        async with reading(self._pool) as conn:
            self._next = await store.next_over(conn)
            if self._next is None or self._next > clock.now():
                return False
            keys = await store.over(conn, AT_ONCE)
        await self._writer.write_all([(key, edits.look) for key in keys])
        async with reading(self._pool) as conn:
            self._next = await store.next_over(conn)
        return len(keys) == AT_ONCE
