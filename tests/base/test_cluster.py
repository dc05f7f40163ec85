"""PostgreSQL of our own: kept through restarts, gone with its supervisor, and run by root below a closed parent."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from hiroba.base.db.cluster import DURABLE, Cluster, buffers, memory
from hiroba.base.errors import Stop

SMALL = {**DURABLE, "shared_buffers": "16MB", "fsync": "off", "max_wal_size": "64MB"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")


async def one(url: str, question: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(question)
    finally:
        await conn.close()


def ask(url: str, question: str) -> object:
    return asyncio.run(one(url, question))


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A directory nobody but its owner may pass."""
    parent = tmp_path / "closed"
    parent.mkdir(mode=0o700)
    return parent


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def ended(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if status(pid)["State"].startswith("Z"):
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_an_eighth_of_the_memory_is_for_buffers_within_bounds() -> None:
    assert [buffers(gigabytes << 30) for gigabytes in (0, 1, 8, 24, 256)] == [
        "128MB", "128MB", "1024MB", "3072MB", "4096MB",
    ]  # fmt: skip
    assert 0 < memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_the_application_is_no_superuser(cluster: Cluster) -> None:
    assert (
        ask(cluster.url(), "select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user")
        is False
    )


def test_the_database_listens_on_no_network_and_to_its_owner_alone(cluster: Cluster) -> None:
    assert ask(cluster.url(), "show listen_addresses") == ""
    assert stat.S_IMODE(cluster.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster.directory / "password").stat().st_mode) == 0o600


def test_trigrams_of_japanese_are_not_empty(cluster: Cluster, template: str) -> None:
    assert ask(cluster.url(template), "select cardinality(show_trgm('避難所'))") > 0


@as_root
def test_as_root_it_works_below_a_closed_parent_and_changes_nothing_above(closed: Path) -> None:
    before = {path: path.stat() for path in (closed, closed.parent)}
    users = Path("/etc/passwd").read_bytes()
    cluster = Cluster(closed / "data" / "postgres", settings=SMALL)
    cluster.start()
    try:
        pid = postmaster(cluster)
        assert status(pid)["Uid"].split()[0] != "0"
        assert ask(cluster.url(), "select 40 + 2") == 42
        # CAP_DAC_READ_SEARCH (bit 2) and no other capability
        assert {int(status(pid)[kind], 16) for kind in ("CapEff", "CapPrm", "CapAmb")} == {1 << 2}
    finally:
        cluster.stop()
    for path, stats in before.items():
        assert (path.stat().st_mode, path.stat().st_uid) == (stats.st_mode, stats.st_uid)
    assert Path("/etc/passwd").read_bytes() == users


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "postgres", settings=SMALL)
    cluster.start()
    ask(cluster.url(), "create table kept as select 'here' as word")
    cluster.stop()
    cluster.start()
    try:
        assert ask(cluster.url(), "select word from kept") == "here"
    finally:
        cluster.stop()


def test_the_database_ends_with_the_process_that_started_it_and_the_next_start_takes_over(tmp_path: Path) -> None:
    directory = tmp_path / "postgres"
    starter = (
        "import sys, time; from pathlib import Path; from hiroba.base.db.cluster import DURABLE, Cluster\n"
        "Cluster(Path(sys.argv[1]), settings={**DURABLE, 'shared_buffers': '16MB'}).start()\n"
        "print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", starter, str(directory)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    cluster = Cluster(directory, settings=SMALL)
    pid = postmaster(cluster)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    cluster.start()
    try:
        assert ended(pid)
        assert ask(cluster.url(), "select 1") == 1
    finally:
        cluster.stop()


def test_a_database_that_was_killed_and_of_which_nobody_took_notice_is_no_obstacle(tmp_path: Path) -> None:
    """As in a container without an init: the dead process keeps its number."""
    killed, cluster = Cluster(tmp_path / "postgres", settings=SMALL), Cluster(tmp_path / "postgres", settings=SMALL)
    killed.start()
    pid = postmaster(killed)
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    time.sleep(1)  # its backends notice by themselves
    assert status(pid)["State"].startswith("Z")
    cluster.start()
    try:
        assert ask(cluster.url(), "select 1") == 1
    finally:
        cluster.stop()
        killed.stop()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 25)
    assert len(str(Cluster(deep).socket)) < 90
    assert Cluster(deep).socket != Cluster(tmp_path / ("long" * 26)).socket


def test_data_of_another_postgresql_is_refused_with_the_mend(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "postgres", settings=SMALL)
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(Stop, match="made by PostgreSQL 14"):
        cluster.start()
