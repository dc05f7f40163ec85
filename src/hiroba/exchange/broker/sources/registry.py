"""The registrations of the exchange: made, changed, deleted in the database, and remembered by every process (CIM 009 §5.9)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.versions import Follower
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.delivery.model import Address
from hiroba.exchange.broker.events import Then
from hiroba.exchange.broker.sources import changes, store
from hiroba.exchange.broker.sources.index import Index
from hiroba.exchange.broker.sources.matching import Match, Wanted
from hiroba.exchange.broker.sources.model import Change, Registration

Tell = Callable[[Connection, Iterable[Change]], Awaitable[Then | None]]
"""Writes what follows from changes, in their transaction; what it gives back is called after the commit."""


class Sources:
    """Every registration of a context source, in memory at most a second behind the database."""

    def __init__(self, pool: Pool, follower: Follower, tell: Tell) -> None:
        self._pool = pool
        self._follower = follower
        self._tell = tell
        self._index = Index()
        follower.follow(store.MEMORY, self._refresh)

    def find(self, wanted: Wanted) -> Sequence[Match]:
        """The registrations that concern a request, and what of each."""
        return self._index.find(wanted, clock.now())

    def knows_any(self, tenant: str) -> bool:
        """Whether anything is registered in a tenant; where nothing is, nobody need be looked for."""
        return self._index.has_any(tenant)

    def get(self, tenant: str, id_: str) -> Registration | None:
        """One registration that has not expired."""
        found = self._index.get(tenant, id_)
        return found if found is not None and found.is_valid(clock.now()) else None

    async def create(self, made: Registration, admitted: Pass) -> None:
        """Register a context source (§5.9.2)."""

        async def change(conn: Connection) -> list[Change]:
            over = await changes.forget_expired(conn)  # one of them may have had this id
            return [*over, await changes.create(conn, made, admitted=admitted)]

        await self._write(change)

    async def update(self, tenant: str, id_: str, fragment: Mapping[str, Any], admitted: Pass) -> None:
        """Change members of a registration (§5.9.3)."""

        async def change(conn: Connection) -> list[Change]:
            return [await changes.update(conn, tenant, id_, fragment, admitted=admitted)]

        await self._write(change)

    async def delete(self, tenant: str, id_: str, admitted: Pass) -> None:
        """Delete a registration (§5.9.4)."""

        async def change(conn: Connection) -> list[Change]:
            return [await changes.delete(conn, tenant, id_, admitted)]

        await self._write(change)

    async def tick(self, mine: Callable[[Address], bool]) -> None:
        """Forget what has expired, so that its end is told when it comes; to be called every second."""
        del mine
        await self._write(changes.forget_expired)

    async def _write(self, change: Callable[[Connection], Awaitable[list[Change]]]) -> None:
        async with transaction(self._pool) as conn:
            changed = await change(conn)
            then = await self._tell(conn, changed) if changed else None
        if then is not None:
            then()
        if changed:
            await self._follower.catch_up(store.MEMORY)

    async def _refresh(self, conn: Connection, known: int) -> None:
        for tenant, id_ in await store.gone(conn, known):
            self._index.drop(tenant, id_)
        for registration in await store.changed(conn, known):
            self._index.put(registration)
