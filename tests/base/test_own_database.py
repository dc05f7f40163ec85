"""A PostgreSQL of one's own, of any version that is taken: the house starts on it, keeps what was written, and finds Japanese."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import up

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


def as_postgres(*command: str) -> None:
    """Run a program of PostgreSQL as somebody who is not root."""
    who = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    options = {"user": who.pw_uid, "group": who.pw_gid} if who else {}
    subprocess.run(command, check=True, capture_output=True, cwd="/", **options)


@pytest.fixture(params=INSTALLED or [None], ids=lambda folder: folder.parent.name if folder else "none")
def own(request, free_port) -> Iterator[str]:
    """The address of a database in a cluster of the system's own PostgreSQL."""
    if request.param is None:
        pytest.skip("no PostgreSQL of the system is installed")
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL refuses root, and there is no user postgres")
    folder, port = Path(f"/tmp/hiroba-own-{os.getpid()}"), free_port()  # noqa: S108 - a path its user may pass
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    tool = {name: str(request.param / name) for name in ("initdb", "pg_ctl", "psql")}
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder}"
    as_postgres(
        tool["initdb"], "-D", f"{folder}/data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres"
    )
    as_postgres(tool["pg_ctl"], "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        for statement in ("create role city login", "create database city owner city"):
            as_postgres(tool["psql"], "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", statement)
        yield f"postgresql://city@127.0.0.1:{port}/city"
    finally:
        as_postgres(tool["pg_ctl"], "-D", f"{folder}/data", "-m", "fast", "-w", "stop")
        shutil.rmtree(folder)


def test_the_house_starts_on_it_and_finds_its_sample_in_japanese(own: str, tmp_path, free_port, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", own)
    for _ in range(2):
        with up(tmp_path, free_port()) as house:
            assert not (house.data / "postgres").exists()
            assert "図書館" in httpx.get(f"{house.url}/search", params={"q": "図書館"}).text
            answer = httpx.get(f"{house.url}/ngsi-ld/v1/types")
            assert len(answer.json()["typeList"]) > 10
