"""`hiroba work`: what services do by the clock, on a database that is there already; as many of these as one likes."""

import asyncio
import signal

from hiroba.app import jobs
from hiroba.base import logs
from hiroba.base.db import connect
from hiroba.base.errors import Stop
from hiroba.base.jobs import work
from hiroba.cli.options import parser, settings
from hiroba.door.service import found
from hiroba.settings import Settings


def execute(arguments: list[str]) -> int:
    """Work until told to stop."""
    chosen = settings(parser("work", __doc__ or "").parse_args(arguments))
    if not chosen.database_url:
        raise Stop("work needs DATABASE_URL; `hiroba up` brings a database of its own and a worker with it.")
    logs.to_standard_error()
    asyncio.run(run(chosen))
    return 0


async def run(chosen: Settings) -> None:
    """Run the jobs of all services as they become due."""
    pool = await connect(chosen.database_url, size=2, name="hiroba work")
    task = asyncio.create_task(work(pool, jobs(found(), chosen)))
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
    await pool.close()
