"""How it went with each source, counted in the database (CIM 009 §5.2.9): many calls to a statement, none waiting for it."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from hiroba.base import clock
from hiroba.base.db import AWAY, Pool, transaction
from hiroba.exchange.broker.sources import store
from hiroba.exchange.broker.sources.model import Registration
from hiroba.exchange.broker.sources.store import Attempt

log = logging.getLogger("hiroba.federation")
MOST: Final = 10_000
"""Calls that wait to be counted; while the database does not answer, later ones are not counted."""


class Tallies:
    """The counter of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[Attempt] = []
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to count."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Count what is waiting, then end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(*AWAY):
            await self._count()

    def tell(self, registration: Registration, *, succeeded: bool) -> None:
        """One call of a source, and how it ended."""
        if len(self._waiting) < MOST:
            self._waiting.append(Attempt(registration.tenant, registration.id, clock.now(), succeeded))
            self._something.set()

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self._count()
            except AWAY as error:
                log.warning("calls of context sources could not be counted: %s", error)

    async def _count(self) -> None:
        taken, self._waiting = self._waiting, []
        if taken:
            async with transaction(self._pool) as conn:
                await store.count(conn, taken)
