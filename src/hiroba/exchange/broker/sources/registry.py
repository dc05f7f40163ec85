"""All registrations in the memory of this process, at most a second behind the database."""

from collections.abc import Sequence

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.versions import Follower
from hiroba.exchange.broker.sources import changes, store
from hiroba.exchange.broker.sources.index import Index
from hiroba.exchange.broker.sources.matching import Match, Wanted
from hiroba.exchange.broker.sources.model import Registration


class Registry:
    """What is registered."""

    def __init__(self, follower: Follower) -> None:
        self._index = Index()
        self._follower = follower
        follower.follow(changes.NAME, self._refresh)

    async def catch_up(self) -> None:
        """Know what was written up to now."""
        await self._follower.catch_up(changes.NAME)

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

    async def _refresh(self, conn: Connection, known: int) -> None:
        for tenant, id_ in await store.gone(conn, known):
            self._index.drop(tenant, id_)
        for registration in await store.changed(conn, known):
            self._index.put(registration)
