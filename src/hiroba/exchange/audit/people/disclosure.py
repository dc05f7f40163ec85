"""Showing a person what a law let wait: the chain of its ground is named in the person's own, with its length and last leaf.

Until then nothing tells of it: no number is missing, no count, no place. From then on its entries are proved like all others,
at the position they took when they happened, and the person can see that none of them is missing (ADR 0031).
"""

from datetime import date

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.log import Event, Line, append_in
from hiroba.exchange.audit.people import store
from hiroba.exchange.audit.people.store import Held


async def disclose(conn: Connection, subject: str, ground: str) -> Line | None:
    """Show the chain of a ground now, as a board decided; None where there is nothing that was not shown."""
    chain = await store.held_of(conn, subject, ground)
    return None if chain is None else await _show(conn, chain)


async def disclose_where(conn: Connection, chains: list[Held]) -> list[Line]:
    """Show several chains, in one order for everybody."""
    return [await _show(conn, chain) for chain in sorted(chains, key=lambda one: (one.subject, one.ground))]


async def due(conn: Connection, today: date) -> list[Held]:
    """Chains whose delay is over by what their own last entry says. What is withheld waits for a decision, whatever the day."""
    return [one for one in await store.held(conn) if one.mode == "delayed" and store.is_over(one.review_on, today)]


async def _show(conn: Connection, chain: Held) -> Line:
    note = f"{chain.number} {chain.leaf.hex()}"
    event = Event(clock.now(), "disclosed", subject=chain.subject, ground=chain.ground, note=note)
    (line,) = await append_in(conn, [event])
    await store.show(conn, chain)
    return line
