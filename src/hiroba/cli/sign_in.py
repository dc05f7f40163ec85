"""`hiroba sign-in`: a one-time link for the operator, or for an officer of a municipality."""

import asyncio

from hiroba.base.console import say
from hiroba.base.db import single
from hiroba.base.db.cluster import Cluster
from hiroba.base.errors import Stop
from hiroba.cli.options import parser, settings
from hiroba.cli.running import running
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller


def execute(arguments: list[str]) -> int:
    """Print the link."""
    options = parser("sign-in", __doc__ or "")
    options.add_argument("--officer", metavar="LG_CODE", help="the officer's municipality; left out: the operator")
    options.add_argument("--role", action="append", default=[], help="a role of the officer, for example reports")
    given = options.parse_args(arguments)
    chosen = settings(given)
    if given.role and not given.officer:
        raise Stop("--role is an officer's. Say which municipality: --officer 271403")
    house = running(chosen.data)
    url = chosen.database_url or Cluster(chosen.data / "postgres").url()
    caller = (
        Caller("officer", "", given.officer, frozenset(given.role)) if given.officer else Caller("operator", "operator")
    )
    say(asyncio.run(link(url, house.url, caller)))
    return 0


async def link(database: str, url: str, caller: Caller) -> str:
    """A link that signs `caller` in once, within a day."""
    async with single(database) as conn:
        return f"{url}/sign-in/once/{await store.add_sign_in_link(conn, caller)}"
