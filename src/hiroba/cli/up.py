"""`hiroba up`: the whole house on one machine, in the foreground, until Ctrl-C.

A supervisor (this process) starts PostgreSQL, migrates, makes the operator's key and the sample region at the first
start, then a server and a jobs worker, and says where to look. Children run in sessions of their own, so that a Ctrl-C reaches
only the supervisor, which stops them in order: the server first, the database last.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hiroba.base import clock
from hiroba.base.console import Bar, bar, complain, say
from hiroba.base.db import Connection, connect, first_start
from hiroba.base.db.cluster import Cluster
from hiroba.base.egress import Egress, ask_ourselves, port_is_free
from hiroba.base.errors import Stop
from hiroba.cli import migrate, running, sign_in
from hiroba.cli.options import parser, settings
from hiroba.door.service import found
from hiroba.exchange import sample
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.history.recorder import record
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.settings import Settings, write

ROOM_NEEDED = 300 << 20
"""Bytes that must be free for a database to start and be of any use."""
READY_LIMIT = 60.0
SEED = 1
"""The sample region everybody sees; another seed would be another region."""


def execute(arguments: list[str]) -> int:
    """Start, say where, wait, stop."""
    options = parser("up", __doc__ or "")
    options.add_argument("--host", help="the address to bind (default: 127.0.0.1)")
    options.add_argument("--port", type=int, help="the port (HIROBA_PORT; default: 8026)")
    options.add_argument("--sample", choices=("standard", "none"), help="the sample region of the first start")
    options.add_argument(
        "--open", action="store_true", default=None, help="no access control, on loopback: a scratch exchange"
    )
    chosen = settings(options.parse_args(arguments))
    with running.sole_user(chosen.data), _signals():
        try:
            _up(chosen)
        except _Told:
            pass
        finally:
            running.forget(chosen.data)
    return 0


def _up(chosen: Settings) -> None:
    began = time.monotonic()
    if not port_is_free(chosen.host, chosen.port):
        raise Stop(f"port {chosen.port} on {chosen.host} is taken. Choose another: hiroba up --port {chosen.port + 1}")
    _check_room(chosen.data)
    cluster = None if chosen.database_url else Cluster(chosen.data / "postgres")
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with bar("Starting Hiroba", 4) as progress:
            database = chosen.database_url
            if cluster is not None:
                progress.step("starting PostgreSQL")
                cluster.start()
                database = cluster.url()
            progress.advance()
            progress.step("preparing the tables")
            link = asyncio.run(_prepare(database, chosen, progress))
            progress.advance(2)
            progress.step("starting the server")
            children["server"] = _child("serve", chosen, database)
            _wait_until_ready(chosen, children["server"])
            children["jobs worker"] = _child("work", chosen, database)
            progress.advance()
        running.write(chosen.data, running.Run(_local_url(chosen), os.getpid()))
        _announce(chosen, link, time.monotonic() - began)
        _watch(children, cluster)
    finally:
        with _deaf():
            _stop(children)
            if cluster is not None:
                cluster.stop()


async def _prepare(database: str, chosen: Settings, progress: Bar) -> str:
    """Migrate; make the operator; at the first start the sample region. Gives the sign-in link of a first start."""
    await migrate.run(database)
    pool = await connect(database, size=2)
    try:
        async with pool.acquire() as conn:
            await store.set_operator_key(conn, running.operator_key(chosen.data))
            if await first_start.is_over(conn):
                return ""
            async with conn.transaction():
                if chosen.sample != "none" and not chosen.open:
                    progress.step("inventing the sample region")
                    await _sample(conn, Exchange(pool, Book(Egress(), chosen.url).house, (record,)), chosen.url)
                await first_start.end(conn)
        return await sign_in.link(database, chosen.url, Caller("operator", "operator"))
    finally:
        await pool.close()


async def _sample(conn: Connection, exchange: Exchange, url: str) -> None:
    """The invented region, people who live there, and what each service has to show."""
    await sample.load(conn, exchange, seed=SEED, today=clock.today())
    await sample.people.load(conn, exchange, url=url, today=clock.today())
    for service in found():
        if service.sample is not None:
            await service.sample(conn, exchange, SEED)


def _check_room(data: Path) -> None:
    free = shutil.disk_usage(data).free
    if free < ROOM_NEEDED:
        raise Stop(
            f"only {free >> 20} MB are free at {data}; Hiroba needs {ROOM_NEEDED >> 20} MB. Make room or choose another --data."
        )


def _child(command: str, chosen: Settings, database: str) -> subprocess.Popen[bytes]:
    """One of our own commands, in a session of its own, that ends when we do."""
    launch = [sys.executable, "-m", "hiroba.base.db.launch", "--parent", str(os.getpid()), "--signal", "SIGTERM", "--"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [*launch, sys.executable, "-m", "hiroba", command],
        env={**os.environ, **write(chosen), "DATABASE_URL": database},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _local_url(chosen: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(chosen.host, chosen.host)  # noqa: S104 - read, not bound
    return f"http://{host}:{chosen.port}"


def _wait_until_ready(chosen: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_LIMIT
    while ask_ourselves(f"{_local_url(chosen)}/health/ready")[0] != 200:  # noqa: PLR2004 - OK
        if server.poll() is not None or time.monotonic() > deadline:
            raise Stop("the server did not become ready; the reason stands above.")
        time.sleep(0.03)


def _announce(chosen: Settings, link: str, seconds: float) -> None:
    url = chosen.url
    say(f"Hiroba is ready after {seconds:.1f} s.")
    say(f"  the door          {url}/")
    say(f"  the exchange      {url}/ngsi-ld/v1/entities?local=true")
    say(f"  for developers    {url}/developers")
    if link:
        say(f"  sign in (once)    {link}")
    say(f"  try               curl -s '{url}/ngsi-ld/v1/types'")
    if chosen.open:
        say("  OPEN: no access control. For scratch data on this machine only.")
    say("Ctrl-C stops everything.")


def _watch(children: Mapping[str, subprocess.Popen[bytes]], cluster: Cluster | None) -> NoReturn:
    while True:
        time.sleep(0.5)
        for name, child in children.items():
            if child.poll() is not None:
                raise Stop(f"the {name} ended by itself (status {child.returncode}).")
        if cluster is not None and not cluster.alive():
            raise Stop(f"PostgreSQL ended by itself; see the end of {cluster.directory / 'postgres.log'}.")


def _stop(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    alive = {name: child for name, child in children.items() if child.poll() is None}
    for child in alive.values():
        child.send_signal(signal.SIGTERM)  # not SIGINT: while Python still starts, that would print where it stood
    for name, child in alive.items():
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            complain(f"the {name} does not stop; ending it")
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


class _Told(BaseException):
    """Somebody asked us to stop."""


def _tell(_signal: int, _frame: FrameType | None) -> None:
    raise _Told


@contextmanager
def _signals() -> Iterator[None]:
    """While the house runs, Ctrl-C, TERM and a closed terminal all mean: stop in order."""
    before = {sign: signal.signal(sign, _tell) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the stopping."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    yield
