"""By the clock: what a law let wait is shown to its person, once its day is over and no newer decision keeps it back."""

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.people.disclosure import disclose_where, due
from hiroba.exchange.gateway.log import store


async def disclose_what_is_due(conn: Connection) -> None:
    """Show what waited for a day that is over; the newest version of its grant may have made that a decision of the board."""
    chains = await due(conn, clock.today())
    waiting = await store.still_waits(conn, {chain.ground.rpartition("@")[0] for chain in chains})
    await disclose_where(conn, [chain for chain in chains if chain.ground.rpartition("@")[0] not in waiting])
