"""The forwarding of subscriptions in one process: woken when something was written, and each second for what others wrote."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from hiroba.base import clock
from hiroba.base.db import AWAY, reading
from hiroba.exchange.broker.forwarded import store
from hiroba.exchange.broker.forwarded.carrying import Carrier
from hiroba.exchange.broker.forwarded.planning import Around, Planner, numbers

log = logging.getLogger("hiroba.forwarded")
LOOK: Final = 1.0
"""Seconds after which the tables are looked at without a hint."""


class Forwarder:
    """Keeps the copies at sources in step with subscriptions and registrations."""

    def __init__(self, around: Around) -> None:
        self._pool = around.pool
        self._woken = asyncio.Event()
        self.planner = Planner(around)
        self._carrier = Carrier(around, self.planner, self.wake)
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look at once: something was written."""
        self._woken.set()

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Begin nothing more; what is under way is taken up by others, or at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._carrier.stop()

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except AWAY as error:
                log.warning("subscriptions wait to be forwarded: %s", error)
            except Exception:
                log.exception("subscriptions are not forwarded at this moment")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK)
            self._woken.clear()

    async def _look(self) -> None:
        async with reading(self._pool) as conn:
            is_settled = await store.progress(conn) == await numbers(conn)
        if not is_settled:
            await self.planner.settle()
        async with reading(self._pool) as conn:
            is_due = await store.is_anything_due(conn, clock.now())
        if is_due:
            await self._carrier.carry()
