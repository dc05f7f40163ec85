"""`hiroba migrate`: bring the tables of a database up to date, and nothing else."""

import asyncio

from hiroba.app import migrations
from hiroba.base.console import say
from hiroba.base.db import single
from hiroba.base.db.migrations import migrate
from hiroba.base.errors import Stop
from hiroba.cli.options import parser, settings
from hiroba.door.service import found


def execute(arguments: list[str]) -> int:
    """Migrate DATABASE_URL."""
    chosen = settings(parser("migrate", __doc__ or "").parse_args(arguments))
    if not chosen.database_url:
        raise Stop("migrate needs DATABASE_URL; `hiroba up` migrates its own database by itself.")
    say(f"{asyncio.run(run(chosen.database_url))} migrations ran")
    return 0


async def run(url: str) -> int:
    """Migrate the database at `url`; how many files ran."""
    async with single(url) as conn:
        return len(await migrate(conn, migrations(found()), say))
