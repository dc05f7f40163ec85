"""The log's speed on this machine: events a second with each release waiting for its commit; beside the database's own floor.

A PostgreSQL of its own, which really writes to the disk; callers that each append and wait, the sequencer signing meanwhile.
The floor is the same chains advanced and the same leaves inserted by `unnest`, 500 at a time on one connection, with ready-made
bytes: no canonical JSON, no hashes, no waiting callers. Processor time is ours (one process) and PostgreSQL's, per event.

    hiroba bench log [--seconds 6] [--callers 256] [--people 20000] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import uvloop

from exchange import cpu
from hiroba.base import clock
from hiroba.base.db import Pool, connect
from hiroba.base.db.cluster import Cluster
from hiroba.base.db.migrations import found, migrate
from hiroba.exchange.audit.log import Data, Event, Log
from hiroba.exchange.audit.notes import LOG, Signer
from hiroba.exchange.audit.sequencer import Sequencer

ROWS = 500
"""Rows of one statement of the floor."""
RELEASE = 100
"""People of one large release."""
CONNECTIONS = 5


def event(people: int) -> Event:
    """A read of somebody's data, as the gateway writes it."""
    return Event(
        clock.now(),
        "read",
        subject=f"subject-of-forty-three-characters-{random.randrange(people):09}",  # noqa: S311 - a bench
        recipient="org:clinic/app:booking",
        purpose="health.checkup@2",
        ground="01JD0000000000000000000000@3",
        data=[Data("Person", ("birthDate", "allergy"))],
        until="2027-11-21T00:00:00Z",
    )


async def floor(pool: Pool, seconds: float, people: int) -> float:
    """Rows a second: chains advanced and leaves inserted, nothing around it."""
    async with pool.acquire() as conn:
        await conn.execute("create table public.floor_chain (like audit.chain including all)")
        await conn.execute("create table public.floor_leaf (like audit.leaf including all)")
        began, count = time.perf_counter(), 0
        while time.perf_counter() < began + seconds:
            subjects = sorted({f"subject-of-forty-three-characters-{random.randrange(people):09}" for _ in range(ROWS)})  # noqa: S311 - a bench
            leaves = [os.urandom(32) for _ in subjects]
            async with conn.transaction():
                await conn.execute("""
                    insert into public.floor_chain (subject, number, leaf)
                    select subject, 1, leaf from unnest($1::text[], $2::bytea[]) as c (subject, leaf)
                        on conflict (subject, ground) do update set number = floor_chain.number + 1, leaf = excluded.leaf
                """, subjects, leaves)  # fmt: skip
                await conn.execute(
                    "insert into public.floor_leaf (entry, hash) select * from unnest($1::bigint[], $2::bytea[])",
                    range(count, count + len(subjects)),
                    leaves,
                )
            count += len(subjects)
        return count / (time.perf_counter() - began)


async def drive(
    log: Log, seconds: float, callers: int, make: Callable[[], list[Event]], server: int
) -> dict[str, float]:
    """Callers that append and wait, again and again: events a second, milliseconds waited, processor time per event."""
    waits: list[float] = []
    count = 0
    until = time.perf_counter() + seconds

    async def call() -> None:
        nonlocal count
        while time.perf_counter() < until:
            events = make()
            began = time.perf_counter()
            await log.append(events)
            waits.append((time.perf_counter() - began) * 1000)
            count += len(events)

    began, ours, theirs = time.perf_counter(), time.process_time(), cpu(server)
    await asyncio.gather(*(call() for _ in range(callers)))
    took = time.perf_counter() - began
    cuts = statistics.quantiles(waits, n=100)
    return {
        "rate": count / took,
        "p50": cuts[49],
        "p99": cuts[98],
        "cpu_ours_us": (time.process_time() - ours) / count * 1e6,
        "cpu_database_us": (cpu(server) - theirs) / count * 1e6,
    }


async def measure(url: str, options: argparse.Namespace, server: int) -> dict[str, dict[str, float]]:
    """All figures of one run."""
    pool = await connect(url, size=CONNECTIONS)
    async with pool.acquire() as conn:
        house = files("hiroba")
        rooms = [("base", house / "base/db/schema"), ("audit", house / "exchange/audit/migrations")]
        await migrate(conn, [one for room, folder in rooms for one in found(room, folder)])
    sequencer = Sequencer(pool, Signer("bench/log", LOG, bytes(32)))
    log = Log(pool, sequencer.tell)
    figures = {"floor before": {"rate": await floor_once(pool, options)}}
    sequencer.start()
    people = options.people
    figures["one person a release"] = await drive(
        log, options.seconds, options.callers, lambda: [event(people)], server
    )
    figures["100 people a release"] = await drive(
        log, options.seconds, 8, lambda: [event(people) for _ in range(RELEASE)], server
    )
    await log.stop()
    await sequencer.stop()
    figures["floor after"] = {"rate": await floor_once(pool, options)}
    await pool.close()
    return figures


async def floor_once(pool: Pool, options: argparse.Namespace) -> float:
    """The floor, on tables of its own that are gone afterwards."""
    rate = await floor(pool, options.seconds / 2, options.people)
    await pool.execute("drop table public.floor_chain, public.floor_leaf")
    return rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="hiroba bench log", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--callers", type=int, default=256)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hiroba-bench-log-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres")
    try:
        cluster.start()
        server = int((cluster.data / "postmaster.pid").read_text().split()[0])
        figures = uvloop.run(measure(cluster.url(), options, server))
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    base = statistics.mean(figures[name]["rate"] for name in ("floor before", "floor after"))
    for name, row in figures.items():
        more = "" if "p99" not in row else (
            f"  ÷ floor {row['rate'] / base:5.2f}  p50 {row['p50']:6.1f} ms  p99 {row['p99']:6.1f} ms"
            f"  processor time per event: ours {row['cpu_ours_us']:5.1f} µs, PostgreSQL {row['cpu_database_us']:5.1f} µs"
        )  # fmt: skip
        print(f"{name:22} {row['rate']:9,.0f}/s{more}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
