"""`hiroba dead-letters`: notifications that could not be delivered; `--replay` sends them again, `--delete` throws them away."""

import asyncio

from hiroba.base import clock
from hiroba.base.console import say
from hiroba.base.db import single
from hiroba.base.db.cluster import Cluster
from hiroba.cli.options import parser, settings
from hiroba.exchange.broker.delivery.store import letters
from hiroba.exchange.broker.delivery.store.letters import Chosen


def execute(arguments: list[str]) -> int:
    """List them, or do what is asked."""
    options = parser("dead-letters", __doc__ or "")
    options.add_argument("--subscription", help="only of this subscription")
    options.add_argument("--tenant", help="only of this tenant; left out: of all")
    what = options.add_mutually_exclusive_group()
    what.add_argument("--replay", action="store_true", help="send them again")
    what.add_argument("--delete", action="store_true", help="throw them away")
    given = options.parse_args(arguments)
    chosen = settings(given)
    which = Chosen(given.tenant, given.subscription)
    asyncio.run(run(chosen.database_url or Cluster(chosen.data / "postgres").url(), which, given.replay, given.delete))
    return 0


async def run(database: str, which: Chosen, replay: bool, delete: bool) -> None:  # noqa: FBT001 - two flags of the command line
    """Ask the database, or tell it."""
    async with single(database) as conn:
        if replay:
            say(f"{await letters.replay(conn, which, clock.now())} are owed again")
        elif delete:
            say(f"{await letters.throw_away(conn, which)} thrown away")
        else:
            after = 0
            while found := await letters.letters(conn, which, after=after):
                for letter in found:
                    say(
                        f"{letter.number}  {letter.died:%Y-%m-%d %H:%M}  {letter.subscription}  {letter.entity}  {letter.reason}"
                    )
                after = found[-1].number
