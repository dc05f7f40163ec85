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
from hiroba.exchange.identity.people.store import officers


def execute(arguments: list[str]) -> int:
    """Print the link."""
    options = parser("sign-in", __doc__ or "")
    options.add_argument("--officer", metavar="LG_CODE", help="the officer's municipality; left out: the operator")
    options.add_argument("--role", action="append", default=[], help="a role of the officer, for example reports")
    options.add_argument("--name", default="", help="whose account it is; needed where officers sign in with passkeys")
    given = options.parse_args(arguments)
    chosen = settings(given)
    if given.role and not given.officer:
        raise Stop("--role is an officer's. Say which municipality: --officer 271403")
    if given.name and not given.officer:
        raise Stop("--name is an officer's. Say which municipality: --officer 271403")
    if given.officer and not given.name and chosen.officers_need_passkeys:
        raise Stop('officers sign in with passkeys here, so each has an account. Say whose link it is: --name "…"')
    house = running(chosen.data)
    url = chosen.database_url or Cluster(chosen.data / "postgres").url()
    caller = (
        Caller("officer", "", given.officer, frozenset(given.role)) if given.officer else Caller("operator", "operator")
    )
    say(asyncio.run(link(url, house.url, caller, given.name)))
    return 0


async def link(database: str, url: str, caller: Caller, name: str = "") -> str:
    """A link that signs `caller` in once, within a day; with `name` into the account of that name, which has its roles then."""
    async with single(database) as conn, conn.transaction():
        account = await officers.put(conn, caller.organisation, name, caller.names) if name else None
        return f"{url}/sign-in/once/{await store.add_sign_in_link(conn, caller, account)}"
