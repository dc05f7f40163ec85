"""What a person can mend is one line that says how, exit status 1, and never a traceback."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from hiroba.base.db.cluster import Cluster
from hiroba.cli import COMMANDS
from hiroba.cli.running import sole_user


def hiroba(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would; only what matters of the environment is kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HIROBA_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-m", "hiroba", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("hiroba: ")
    return lines[0]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken(tmp_path: Path, taken: int) -> None:
    said = complaint(hiroba("up", "--data", str(tmp_path), "--port", str(taken)))
    assert f"port {taken} on 127.0.0.1 is taken" in said
    assert f"hiroba up --port {taken + 1}" in said


def test_a_data_directory_in_use(tmp_path: Path) -> None:
    with sole_user(tmp_path):
        said = complaint(hiroba("up", "--data", str(tmp_path)))
    assert f"in use by another Hiroba (pid {os.getpid()})" in said
    assert "--data" in said


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with sole_user(tmp_path):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    with sole_user(tmp_path / "fresh"):
        pass
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    said = complaint(hiroba("up", "--data", str(tmp_path / "file" / "data")))
    assert "cannot be written" in said


def test_a_database_that_does_not_answer(free_port) -> None:
    said = complaint(hiroba("migrate", DATABASE_URL=f"postgresql://hiroba@127.0.0.1:{free_port()}/hiroba"))
    assert "the database does not answer" in said
    assert "Check DATABASE_URL" in said


def test_a_database_that_is_not_there(cluster: Cluster) -> None:
    said = complaint(hiroba("migrate", DATABASE_URL=cluster.url("no_such_database")))
    assert 'database "no_such_database" does not exist' in said


def test_a_database_that_cannot_search_japanese(cluster: Cluster) -> None:
    password = (cluster.directory / "superuser.password").read_text().strip()
    url = cluster.url("plain_c")

    async def change(sql: str) -> None:
        admin = await asyncpg.connect(
            host=str(cluster.socket), user="postgres", password=password, database="postgres", ssl=False
        )
        await admin.execute(sql)
        await admin.close()

    asyncio.run(change("create database plain_c owner hiroba template template0 locale_provider libc locale 'C'"))
    try:
        said = complaint(hiroba("migrate", DATABASE_URL=url))
    finally:
        asyncio.run(change("drop database plain_c with (force)"))
    assert "cannot search Japanese" in said
    assert "create database hiroba" in said


@pytest.mark.anyio
async def test_data_made_by_a_newer_hiroba(database: str) -> None:
    conn = await asyncpg.connect(database)
    await conn.execute("insert into base.migration (room, number, sha256) values ('broker', 9000, 'from the future')")
    await conn.close()
    said = complaint(hiroba("migrate", DATABASE_URL=database))
    assert "made by a newer Hiroba (broker 9000)" in said
    assert "another --data" in said


@pytest.mark.parametrize("command", ["migrate", "serve", "work"])
def test_a_command_that_needs_a_database_says_so(command: str) -> None:
    assert f"{command} needs DATABASE_URL" in complaint(hiroba(command))


def test_a_setting_that_cannot_be_read() -> None:
    assert "a setting cannot be read" in complaint(hiroba("up", HIROBA_PORT="eighty"))


def test_open_beyond_loopback(tmp_path: Path) -> None:
    assert "loopback only" in complaint(hiroba("up", "--open", "--host", "192.0.2.7", "--data", str(tmp_path)))


def test_a_sign_in_link_where_nothing_runs(tmp_path: Path) -> None:
    assert f"nothing runs on {tmp_path}" in complaint(hiroba("sign-in", "--data", str(tmp_path)))


def test_help_names_every_command() -> None:
    done = hiroba()
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_no_room_on_the_disk(tmp_path: Path) -> None:
    """A file system of our own that is too small, where we may mount one; else its figures are told to the check alone."""
    if shutil.which("mount") is None or shutil.which("umount") is None:
        pytest.skip("there is no mount here")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        said = complaint(hiroba("up", "--data", str(small / "data"), "--port", "0"))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert "MB are free" in said
    assert "Make room or choose another --data" in said


def test_a_python_that_is_too_old_is_named_by_the_wrapper(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    wrapper = Path(__file__).parents[2] / "hiroba"
    environment = {**os.environ, "HIROBA_PYTHON": str(old)}
    done = subprocess.run([str(wrapper), "up"], env=environment, capture_output=True, text=True, check=False)
    said = complaint(done)
    assert "Python 3.9.2" in said
    assert "3.11 or newer" in said


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    for name in ("sh", "dirname"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    wrapper = Path(__file__).parents[2] / "hiroba"
    done = subprocess.run(
        ["/bin/sh", str(wrapper), "up"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert "apt install python3" in complaint(done)
