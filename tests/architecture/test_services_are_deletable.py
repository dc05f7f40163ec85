"""Deleting a service's folder removes the service and breaks nothing: the house starts without it, and without all of them."""

import os
import shutil
import subprocess
import sys
from asyncio import to_thread
from functools import partial
from pathlib import Path

import pytest

import hiroba

HOUSE = Path(hiroba.__file__).parent
SERVICES = sorted(file.parent.name for file in (HOUSE / "services").glob("*/service.py"))

START = """
import asyncio, sys, pathlib
import httpx
import hiroba
from hiroba.app import build, migrations
from hiroba.base.db import single
from hiroba.base.db.migrations import migrate
from hiroba.door.service import found
from hiroba.settings import Settings

async def main(database, gone):
    assert str(pathlib.Path(hiroba.__file__)).startswith(sys.argv[3]), hiroba.__file__
    services = found()
    assert not {service.name for service in services} & gone, services
    async with single(database) as conn:
        await migrate(conn, migrations(services))
    app = build(Settings(database_url=database, public_url="http://hiroba.test"), services)
    incoming, outgoing = asyncio.Queue(), asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    started = await outgoing.get()
    assert started["type"] == "lifespan.startup.complete", started
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hiroba.test") as client:
        for path in ("/", "/health/ready", "/ngsi-ld/v1/types"):
            assert (await client.get(path)).status_code == 200, path
        for name in gone:
            assert (await client.get(f"/{name}")).status_code == 404, name
            assert (await client.get(f"/desk/{name}")).status_code == 404, name
    await incoming.put({"type": "lifespan.shutdown"})
    await living

asyncio.run(main(sys.argv[1], set(sys.argv[2].split(","))))
"""
"""What runs on the copy: start on data that the service was part of, ask for a few pages, stop."""


@pytest.mark.anyio
@pytest.mark.parametrize("gone", [*([name] for name in SERVICES), SERVICES], ids=",".join)
async def test_the_house_starts_without_the_service(database: str, tmp_path: Path, gone: list[str]) -> None:
    copy = tmp_path / "hiroba"
    shutil.copytree(HOUSE, copy, ignore=shutil.ignore_patterns("__pycache__", *gone))
    for name in gone:
        assert not (copy / "services" / name).exists()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-P", "-c", START, database, ",".join(gone), str(tmp_path)]
    run = partial(
        subprocess.run, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    done = await to_thread(run, command)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_imports_the_service(name: str) -> None:
    own = HOUSE / "services" / name
    others = [file for file in HOUSE.rglob("*.py") if own not in file.parents]
    assert [file for file in others if f"hiroba.services.{name}" in file.read_text()] == []
