"""Jobs by the clock: each when it is due, by one process at a time; a failure is remembered and tried again."""

import asyncio
from datetime import timedelta

import pytest

from hiroba.base import clock
from hiroba.base.jobs import Periodic, run_due

pytestmark = pytest.mark.anyio


async def row(conn, name: str = "a"):
    return await conn.fetchrow("select due, failure from base.job where name = $1", name)


async def test_a_job_runs_once_and_again_only_when_it_is_due(pool, conn) -> None:
    ran = []

    async def job(_conn) -> None:
        ran.append(1)

    jobs = [Periodic("a", timedelta(hours=1), job)]
    await run_due(pool, jobs)
    await run_due(pool, jobs)
    assert len(ran) == 1
    await conn.execute("update base.job set due = now() - interval '1 second'")
    await run_due(pool, jobs)
    assert len(ran) == 2


async def test_two_processes_do_not_run_the_same_job_at_once(pool) -> None:
    ran = []

    async def slow(_conn) -> None:
        ran.append(1)
        await asyncio.sleep(0.2)

    jobs = [Periodic("a", timedelta(hours=1), slow)]
    await asyncio.gather(*(run_due(pool, jobs) for _ in range(3)))
    assert len(ran) == 1


async def test_a_failure_undoes_the_work_names_itself_and_is_tried_within_a_minute(pool, conn) -> None:
    await conn.execute("create table public.work (done int)")

    async def broken(inside) -> None:
        await inside.execute("insert into public.work values (1)")
        raise ValueError("no")

    await run_due(pool, [Periodic("a", timedelta(hours=1), broken)])
    assert await conn.fetchval("select count(*) from public.work") == 0
    found = await row(conn)
    assert found["failure"] == "ValueError: no"
    assert found["due"] <= clock.now() + timedelta(minutes=1)
