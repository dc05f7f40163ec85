"""The region as every page knows it: its name, its municipalities and where they lie, how much there is of each kind."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
from shapely.geometry.base import BaseGeometry

from hiroba.base.db import Connection, Pool, transaction
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.identity import store
from hiroba.exchange.identity.store import Municipality

REMEMBERED: Final = 5.0
"""Seconds the region's figures are taken as they are: a page costs no count of everything."""
BORDERS: Final = 60.0
"""Seconds the borders are, once there are any."""

Box = tuple[float, float, float, float]


class Region(msgspec.Struct, frozen=True):
    """What is known of the region at some moment; empty before anything is loaded."""

    municipalities: tuple[Municipality, ...] = ()
    counts: dict[str, int] = {}
    """How many entities there are of each type."""
    areas: dict[str, BaseGeometry] = {}
    """The area of each municipality, by code."""
    centres: dict[str, tuple[float, float]] = {}
    """A point well inside each, longitude and latitude."""

    def municipality(self, lg_code: str) -> Municipality | None:
        """The municipality with this code."""
        return next((one for one in self.municipalities if one.lg_code == lg_code), None)

    @property
    def name(self) -> str:
        """The prefecture its municipalities name, where they name one and the same."""
        names = {one.prefecture for one in self.municipalities if one.prefecture}
        return names.pop() if len(names) == 1 else ""

    @property
    def on_the_ground(self) -> bool:
        """Whether it is a region of Japan; an invented one, numbered beyond the 47 prefectures, has no tiles of its own."""
        return any("01" <= one.lg_code[:2] <= "47" for one in self.municipalities)

    @property
    def box(self) -> Box | None:
        """West, south, east, north of all areas."""
        bounds = [area.bounds for area in self.areas.values()]
        if not bounds:
            return None
        west, south, east, north = zip(*bounds, strict=True)
        return min(west), min(south), max(east), max(north)


class Regions:
    """The region of this process, asked for again when it is older than a few seconds."""

    def __init__(self, pool: Pool, exchange: Exchange, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._exchange, self._clock = pool, exchange, clock
        self._known = Region()
        self._figures_until = self._borders_until = float("-inf")

    @property
    def known(self) -> Region:
        """The region as it was last seen, without asking: for pages that say something is wrong."""
        return self._known

    async def now(self) -> Region:
        """The region as it is."""
        if self._clock() >= self._figures_until:
            async with transaction(self._pool) as conn:
                self._known = await self._seen(conn)
            self._figures_until = self._clock() + REMEMBERED
        return self._known

    async def _seen(self, conn: Connection) -> Region:
        areas, centres = self._known.areas, self._known.centres
        if not areas or self._clock() >= self._borders_until:
            areas = await store.areas(conn)
            centres = {code: middle(area) for code, area in areas.items()}
            self._borders_until = self._clock() + BORDERS
        return Region(tuple(await store.municipalities(conn)), await self._exchange.types(conn), areas, centres)


def middle(area: BaseGeometry) -> tuple[float, float]:
    """Longitude and latitude of the centroid where it lies inside, else of some point that does."""
    centre = area.centroid
    inside = centre if area.contains(centre) else area.representative_point()
    return inside.x, inside.y
