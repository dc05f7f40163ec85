"""What every test may ask for: a database of its own, the house in this process, the house as a real server."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from hypothesis import settings as hypothesis

from hiroba.app import House, build, migrations
from hiroba.base.db import Connection, Pool, connect
from hiroba.base.db.cluster import DURABLE, Cluster
from hiroba.base.db.migrations import migrate
from hiroba.base.egress import ask_ourselves, port_is_free
from hiroba.door.service import found
from hiroba.exchange.identity import store
from hiroba.settings import Settings

hypothesis.register_profile("nightly", max_examples=1000, deadline=None)
REAL_DATA = Path(__file__).parents[2] / "shared" / "data"
OPERATOR = "the-operators-key-of-the-tests"
ROOM = 2 << 30
"""Bytes that have to be free in memory before databases are laid there."""


def missing(what: str) -> None:
    """Skip because `what` is not on this machine; under CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"under CI there must be: {what}")
    pytest.skip(f"not here: {what}")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real input, which is never part of the repository."""
    if not REAL_DATA.is_dir():
        missing(str(REAL_DATA))
    return REAL_DATA


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One PostgreSQL per test worker; it forgets on power loss, which no test here tries."""
    fast = {
        **DURABLE,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "256MB",
        "shared_buffers": "64MB",
    }
    made = Cluster(tmp_path_factory.mktemp("postgres"), settings=fast)
    made.start()
    with _in_memory(made):
        yield made
        made.stop()


@contextmanager
def _in_memory(cluster: Cluster) -> Iterator[None]:
    """Where there is room, a tablespace in memory: to copy a database of 700 files there costs a quarter."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not memory.is_dir() or shutil.disk_usage(memory).free < ROOM:
        yield
        return
    with TemporaryDirectory(prefix="hiroba-test-", dir=memory, ignore_cleanup_errors=True) as made:
        owner = (cluster.directory / "data").stat()
        os.chown(made, owner.st_uid, owner.st_gid)

        async def use() -> None:
            admin = await asyncpg.connect(**superuser(cluster))
            await admin.execute(f"create tablespace memory location '{made}'")
            await admin.close()

        asyncio.run(use())
        yield


def superuser(cluster: Cluster, database: str = "postgres") -> dict[str, Any]:
    password = (cluster.directory / "superuser.password").read_text().strip()
    return {"host": str(cluster.socket), "user": "postgres", "password": password, "database": database, "ssl": False}


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A migrated database with an operator, copied for each test."""

    async def make() -> None:
        pool = await connect(cluster.url(), size=1)
        async with pool.acquire() as conn:
            await migrate(conn, migrations(found()))
            await store.set_operator_key(conn, OPERATOR)
        await pool.close()

    asyncio.run(make())
    return "hiroba"


@asynccontextmanager
async def _database(cluster: Cluster, template: str) -> AsyncIterator[str]:
    name = f"test_{os.urandom(6).hex()}"
    admin = await asyncpg.connect(**superuser(cluster))
    space = await admin.fetchval(
        "select coalesce(max(spcname), 'pg_default') from pg_tablespace where spcname = 'memory'"
    )
    await admin.execute(
        f"create database {name} template {template} owner hiroba strategy file_copy tablespace {space}"
    )
    try:
        yield cluster.url(name)
    finally:
        await admin.execute(f"drop database {name} with (force)")
        await admin.close()


@pytest.fixture
async def database(cluster: Cluster, template: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database, gone after the test."""
    async with _database(cluster, template) as url:
        yield url


@pytest.fixture
async def empty_database(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database without a table, gone after the test."""
    async with _database(cluster, "template0") as url:
        yield url


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    made = await connect(database, size=4)
    yield made
    await made.close()


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


@asynccontextmanager
async def alive(app: Any) -> AsyncIterator[None]:
    """Run an ASGI application's lifespan around a block."""
    incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outgoing: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    task = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, incoming.get, outgoing.put)
    )
    await incoming.put({"type": "lifespan.startup"})
    started = await outgoing.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield
    finally:
        await incoming.put({"type": "lifespan.shutdown"})
        await task


_idle: dict[Settings, list[House]] = {}


@contextmanager
def _built(settings: Settings) -> Iterator[House]:
    """A house nobody else is in, kept for tests that differ in nothing but their database: 140 routes take half a second."""
    idle = _idle.setdefault(msgspec.structs.replace(settings, data=Path(), database_url=""), [])
    app = idle.pop() if idle else build(settings, found())
    app.open_with(settings)
    yield app
    idle.append(app)


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    with _built(settings) as app:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with alive(app), httpx.AsyncClient(transport=transport, base_url="http://hiroba.test") as client:
            yield client


@pytest.fixture
async def house(database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The house in this process, called by somebody without a key."""
    async with client_of(Settings(data=tmp_path, database_url=database, public_url="http://hiroba.test")) as client:
        yield client


@pytest.fixture
async def operator(house: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same house, called with the operator's key."""
    house.headers["Authorization"] = f"Bearer {OPERATOR}"
    return house


@pytest.fixture
async def broker(database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The house run with --open: a scratch broker."""
    settings = Settings(data=tmp_path, database_url=database, open=True, public_url="http://hiroba.test")
    async with client_of(settings) as client:
        yield client


class Running:
    """A house started as a newcomer starts it."""

    def __init__(self, url: str, data: Path, process: subprocess.Popen[bytes]) -> None:
        self.url, self.data, self.process = url, data, process

    @property
    def key(self) -> str:
        return (self.data / "operator.key").read_text().strip()


def run_command(running: Running, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of ours beside a running house."""
    command = [sys.executable, "-m", "hiroba", *map(str, arguments), "--data", str(running.data)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def up(data: Path, port: int, *arguments: str) -> Iterator[Running]:
    """`hiroba up` as a process of its own, ready; stopped by Ctrl-C unless the test ended it otherwise."""
    command = [sys.executable, "-m", "hiroba", "up", "--port", str(port), "--data", str(data), *arguments]
    with (data / "up.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1800):  # three minutes: a machine may be busy
            if ask_ourselves(f"{url}/health/ready")[0] == 200 and (data / "run.json").exists():
                break
            assert process.poll() is None, (data / "up.log").read_text()
            time.sleep(0.1)
        yield Running(url, data, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that gives ports nobody listens on, hardly ever those of another run on this machine at the same time."""
    numbers = iter(random.sample(range(21000, 32000), 2000))
    return lambda: next(number for number in numbers if port_is_free("127.0.0.1", number))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Running]:
    """A house with the sample region: what browsers and foreign clients are pointed at."""
    with up(tmp_path_factory.mktemp("site"), free_port()) as running:
        yield running
