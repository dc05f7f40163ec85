"""The exchange as the house's own pages and services call it: entities in a transaction of the caller's.

Entities come and go here in the simplified form of NGSI-LD (CIM 009 §4.5.4): plain keys and values, names of the house's
own context, GeoJSON for places. Programs outside use the NGSI-LD face; both end in the same writes and queries.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.di import NamedDependency

from hiroba.base.db import Connection, Pool

Simplified = dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the exchange."""

    types: Sequence[str] = ()
    """Any of these types, by their short names; empty: every type."""
    q: str = ""
    """The query language of CIM 009 §4.9: `floodSafe==true;name~="小学校"`."""
    near: tuple[float, float] | None = None
    """Longitude and latitude; what is found comes nearest first, each with `distance` in metres."""
    within: float | None = None
    """At most so many metres from `near`."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north: only what lies or reaches in there."""
    text: str = ""
    """Words that stand in the entity's names and address."""
    limit: int = 20
    offset: int = 0
    count: bool = False
    """Whether the number of all matches is wanted too."""


class Found(msgspec.Struct, frozen=True):
    """An answer: this page of entities, and the number of all where it was asked for."""

    entities: list[Simplified]
    count: int | None = None


class Exchange:
    """The region's entities."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def put(self, conn: Connection, entities: Sequence[Simplified], *, owner: str) -> None:
        """Create or wholly replace entities, in the caller's transaction."""

    async def remove(self, conn: Connection, ids: Sequence[str]) -> int:
        """Delete entities, in the caller's transaction; how many there were."""

    async def entity(self, conn: Connection, id_: str) -> Simplified | None:
        """One entity, or None."""

    async def find(self, conn: Connection, wanted: Wanted) -> Found:
        """The entities that match, nearest first where `near` is given, else by id."""

    async def types(self, conn: Connection) -> dict[str, int]:
        """How many entities there are of each type, by its short name."""


GivenExchange = NamedDependency[Exchange]
