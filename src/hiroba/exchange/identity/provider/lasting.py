"""How long things of the provider are kept: a job removes what is over."""

from hiroba.base.db import Connection
from hiroba.exchange.identity.provider.store import agreements, codes, waiting_devices
from hiroba.exchange.identity.tokens import store


async def forget_what_is_over(conn: Connection) -> None:
    """Remove requests, codes, tokens, devices and agreements whose time is over."""
    for forget in (codes, waiting_devices, store, agreements):
        await forget.forget_what_is_over(conn)
