"""A cluster of the system's own PostgreSQL, as an operator may have one; it has ICU, which the wheel's has not."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


@contextmanager
def own_postgres(binaries: Path | None, port: int) -> Iterator[str]:
    """The address of a fresh database in a cluster of these binaries, gone afterwards; skips where there are none."""
    if binaries is None:
        pytest.skip("no PostgreSQL of the system is installed")
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL refuses root, and there is no user postgres")
    folder = Path(f"/tmp/hiroba-own-{os.getpid()}-{port}")  # noqa: S108 - a path its user may pass
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    tool = {name: str(binaries / name) for name in ("initdb", "pg_ctl", "psql")}
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder}"
    _as_postgres(
        tool["initdb"], "-D", f"{folder}/data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres"
    )
    _as_postgres(tool["pg_ctl"], "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        for statement in ("create role city login", "create database city owner city"):
            _as_postgres(tool["psql"], "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", statement)
        yield f"postgresql://city@127.0.0.1:{port}/city"
    finally:
        _as_postgres(tool["pg_ctl"], "-D", f"{folder}/data", "-m", "fast", "-w", "stop")
        shutil.rmtree(folder)


def _as_postgres(*command: str) -> None:
    """Run a program of PostgreSQL as somebody who is not root."""
    who = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    options = {"user": who.pw_uid, "group": who.pw_gid} if who else {}
    subprocess.run(command, check=True, capture_output=True, cwd="/", **options)
