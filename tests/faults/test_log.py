"""The log when the disk is full or the database dies: what came back is in it, and nothing came back that is not."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import missing

from hiroba.base.db import connect
from hiroba.base.db.cluster import DURABLE, Cluster
from hiroba.base.db.migrations import found, migrate
from hiroba.exchange.audit.log import Event, Log, LogUnavailable

SMALL: Mapping[str, str] = {**DURABLE, "max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}
LEFT = 6 << 20
"""Bytes of room that are left on the full disk at the beginning."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        missing("the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", disk], check=True)


def started(folder: Path) -> Cluster:
    cluster = Cluster(folder, settings=SMALL)
    cluster.start()
    return cluster


async def prepare(url: str) -> None:
    pool = await connect(url, size=1)
    async with pool.acquire() as conn:
        house = files("hiroba")
        rooms = [("base", house / "base/db/schema"), ("audit", house / "exchange/audit/migrations")]
        await migrate(conn, [one for room, folder in rooms for one in found(room, folder)])
    await pool.close()


async def logged(url: str) -> set[str]:
    conn = await asyncpg.connect(url)
    rows = await conn.fetch("select subject from audit.entry e join audit.leaf l on l.entry = e.id")
    await conn.close()
    return {row["subject"] for row in rows}


def read(subject: str) -> Event:
    return Event(datetime.now(UTC), "read", subject=subject, note=os.urandom(2000).hex())


async def release_until_refused(url: str, stop: asyncio.Event | None = None) -> tuple[set[str], int]:
    """Callers that release when the log has come back: what they released, and how often they were refused."""
    pool = await connect(url, size=3)
    log = Log(pool)
    released: set[str] = set()
    refused = 0

    async def call(caller: int) -> None:
        nonlocal refused
        for number in range(100_000):
            subject = f"{caller}/{number}"
            try:
                await log.append([read(subject)])
            except LogUnavailable:
                refused += 1
                return
            released.add(subject)
            if stop is not None and len(released) > 200:
                stop.set()

    await asyncio.gather(*(call(caller) for caller in range(16)))
    await log.stop()
    pool.terminate()
    return released, refused


def test_nothing_is_released_unlogged_when_the_disk_is_full(small_disk: Path) -> None:
    cluster = started(small_disk / "postgres")
    try:
        asyncio.run(prepare(cluster.url()))
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - LEFT))
        released, refused = asyncio.run(release_until_refused(cluster.url()))
        assert refused == 16  # every caller in the end; none was let through
        assert len(released) > 16
        cluster.stop()
        ballast.unlink()
        cluster.start()
        assert released <= asyncio.run(logged(cluster.url()))
        again, _ = asyncio.run(first_of(cluster.url()))
        assert again == 1  # with room again, the log is written again
    finally:
        cluster.stop()


async def first_of(url: str) -> tuple[int, str]:
    pool = await connect(url, size=2)
    log = Log(pool)
    (line,) = await log.append([read("afterwards")])
    await log.stop()
    await pool.close()
    return line.number, line.subject


def test_what_came_back_survives_a_database_that_is_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    cluster = started(tmp_path / "postgres")
    try:
        asyncio.run(prepare(cluster.url()))

        async def release_and_kill() -> tuple[set[str], int]:
            enough = asyncio.Event()
            work = asyncio.ensure_future(release_until_refused(cluster.url(), enough))
            await enough.wait()
            cluster._process.kill()
            return await work

        released, refused = asyncio.run(release_and_kill())
        assert refused == 16
        assert len(released) > 200
        cluster.stop()
        cluster.start()
        assert released <= asyncio.run(logged(cluster.url()))
    finally:
        cluster.stop()
