"""Context sources that say what a test wants them to say, on ports of this machine."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from aiohttp import web
from tests.conftest import superuser

from hiroba.base.db.cluster import Cluster
from hiroba.base.egress import ask_ourselves


class Heard(msgspec.Struct):
    """One request that a source got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    document: Any


class Source:
    """A context source: it notes what it hears and answers what was prepared, 404 where nothing was."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[Heard] = []
        self._more = asyncio.Condition()
        self._answers: dict[tuple[str, str], Callable[[], web.Response]] = {}

    def says(self, method: str, path: str, status: int, document: Any = None, **headers: str) -> None:
        """Prepare an answer; the path stands below /ngsi-ld/v1."""
        body = None if document is None else msgspec.json.encode(document)
        if isinstance(document, bytes):
            body = document
        self._answers[method, path.rstrip("/")] = lambda: web.Response(
            status=status, body=body, headers={"Content-Type": "application/json", **headers}
        )

    async def until(self, count: int) -> list[Heard]:
        """The first so many requests, waited for."""
        async with self._more, asyncio.timeout(20):
            await self._more.wait_for(lambda: len(self.heard) >= count)
        return self.heard[:count]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Note a request and answer it."""
        body = await request.read()
        path = request.path.removeprefix("/ngsi-ld/v1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        document = msgspec.json.decode(body) if body else None
        self.heard.append(Heard(request.method, path, dict(request.query), headers, document))
        async with self._more:
            self._more.notify_all()
        made = self._answers.get((request.method, path.rstrip("/")))
        return web.Response(status=404) if made is None else made()


@asynccontextmanager
async def running(port: int) -> AsyncIterator[Source]:
    source = Source(f"http://127.0.0.1:{port}")
    application = web.Application(client_max_size=64 << 20)
    application.router.add_route("*", "/{rest:.*}", source.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield source
    finally:
        await runner.cleanup()


@pytest.fixture
async def source(free_port: Callable[[], int]) -> AsyncIterator[Source]:
    async with running(free_port()) as made:
        yield made


@pytest.fixture
async def other(source: Source, free_port: Callable[[], int]) -> AsyncIterator[Source]:
    async with running(free_port()) as made:
        yield made


@pytest.fixture(scope="session")
def served(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[list[str]]:
    """The addresses of three scratch brokers."""
    names = [f"federated_{number}" for number in range(3)]

    async def databases() -> None:
        admin = await asyncpg.connect(**superuser(cluster))
        for name in names:
            await admin.execute(f"create database {name} template {template} owner hiroba")
        await admin.close()

    asyncio.run(databases())
    urls, processes = [], []
    for name in names:
        port, data = free_port(), tmp_path_factory.mktemp(name)
        environment = os.environ | {"DATABASE_URL": cluster.url(name), "HIROBA_OPEN": "1", "HIROBA_DATA": str(data)}
        command = [sys.executable, "-m", "hiroba", "serve", "--port", str(port)]
        with (data / "serve.log").open("wb") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        urls.append(f"http://127.0.0.1:{port}")
    try:
        for url in urls:
            for _ in range(600):
                if ask_ourselves(f"{url}/health/ready")[0] == 200:
                    break
                time.sleep(0.1)
        assert [process.poll() for process in processes] == [None] * 3, "who answers there are others"
        yield urls
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(30)


@pytest.fixture
async def brokers(served: list[str]) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Three brokers that know nothing and nobody."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=f"{url}/ngsi-ld/v1", timeout=30))
            for url in served
        ]
        for client in clients:
            for one in (await client.get("/csourceRegistrations", params={"type": "Car"})).json():
                await client.delete(f"/csourceRegistrations/{one['id']}")
            for one in (await client.get("/subscriptions")).json():
                await client.delete(f"/subscriptions/{one['id']}")
            await client.delete("/entities", params={"type": "Car", "local": "true"})
        yield clients
