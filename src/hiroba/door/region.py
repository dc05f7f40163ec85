"""The region as every page knows it: its name, its municipalities, and how much there is of each kind."""

import time
from typing import Any, Final

import msgspec

from hiroba.base.db import Pool, transaction
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.identity import store
from hiroba.exchange.identity.store import Municipality

REMEMBERED: Final = 5.0
"""Seconds the region's figures are taken as they are: a page costs no count of everything."""


class Region(msgspec.Struct, frozen=True):
    """What is known of the region at some moment; empty before anything is loaded."""

    municipalities: tuple[Municipality, ...] = ()
    counts: dict[str, int] = {}
    """How many entities there are of each type."""

    def municipality(self, lg_code: str) -> Municipality | None:
        """The municipality with this code."""
        return next((one for one in self.municipalities if one.lg_code == lg_code), None)

    @property
    def name(self) -> str:
        """The prefecture its municipalities name, where they name one and the same."""
        names = {one.prefecture for one in self.municipalities if one.prefecture}
        return names.pop() if len(names) == 1 else ""


class Regions:
    """The region of this process, asked for again when it is older than a few seconds."""

    def __init__(self, pool: Pool, exchange: Exchange, clock: Any = time.monotonic) -> None:
        self._pool, self._exchange, self._clock = pool, exchange, clock
        self._known = Region()
        self._until = float("-inf")

    @property
    def known(self) -> Region:
        """The region as it was last seen, without asking: for pages that say something is wrong."""
        return self._known

    async def now(self) -> Region:
        """The region as it is."""
        if self._clock() >= self._until:
            async with transaction(self._pool) as conn:
                found = tuple(await store.municipalities(conn))
                self._known = Region(found, await self._exchange.types(conn) or {})
            self._until = self._clock() + REMEMBERED
        return self._known
