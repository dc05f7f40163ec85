"""What is done by the clock: each job in a transaction of its own, by one process at a time, however many there are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Problem

log = logging.getLogger("hiroba.jobs")
RETRY: Final = timedelta(minutes=1)
"""When a job that failed is tried again."""
LOOK: Final = 60.0
"""Seconds after which a process looks again, whatever it believes is due."""


class Periodic(msgspec.Struct, frozen=True):
    """A job: its name among all, how often, what."""

    name: str
    every: timedelta
    run: Callable[[Connection], Awaitable[None]]


async def run_due(pool: Pool, jobs: Sequence[Periodic]) -> None:
    """Run every job that is due and that no other process runs at this moment."""
    for job in jobs:
        try:
            async with transaction(pool) as conn:
                if await _take(conn, job.name):
                    await job.run(conn)
                    await _put_back(conn, job.name, clock.now() + job.every)
        except Exception as error:
            log.exception("the job %s failed", job.name)
            async with transaction(pool) as conn:
                await _put_back(conn, job.name, clock.now() + min(RETRY, job.every), f"{type(error).__name__}: {error}")


async def work(pool: Pool, jobs: Sequence[Periodic]) -> None:
    """Run jobs as they become due, until cancelled; a database that is away is waited for."""
    while True:
        try:
            await run_due(pool, jobs)
            wait = await _until_next(pool)
        except Problem:
            log.warning("the database does not answer; trying again")
            wait = LOOK
        await asyncio.sleep(wait)


async def _take(conn: Connection, name: str) -> bool:
    """Hold a job's row if it is due and free."""
    await conn.execute("insert into base.job (name, due) values ($1, $2) on conflict do nothing", name, clock.now())
    question = "select true from base.job where name = $1 and due <= $2 for update skip locked"
    return bool(await conn.fetchval(question, name, clock.now()))


async def _put_back(conn: Connection, name: str, due: datetime, failure: str | None = None) -> None:
    await conn.execute("""
        insert into base.job (name, due, finished, failure) values ($1, $2, $3, $4)
            on conflict (name) do update set due = excluded.due, finished = excluded.finished, failure = excluded.failure
    """, name, due, clock.now(), failure)  # fmt: skip


async def _until_next(pool: Pool) -> float:
    async with transaction(pool) as conn:
        due: datetime | None = await conn.fetchval("select min(due) from base.job")
    return LOOK if due is None else min(LOOK, max(0.1, (due - clock.now()).total_seconds()))
