"""Context sources that say what a test wants them to say, on ports of this machine."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web


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
        self._answers: dict[tuple[str, str], Callable[[], web.Response]] = {}

    def says(self, method: str, path: str, status: int, document: Any = None, **headers: str) -> None:
        """Prepare an answer; the path stands below /ngsi-ld/v1."""
        body = None if document is None else msgspec.json.encode(document)
        if isinstance(document, bytes):
            body = document
        self._answers[method, path.rstrip("/")] = lambda: web.Response(
            status=status, body=body, headers={"Content-Type": "application/json", **headers}
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Note a request and answer it."""
        body = await request.read()
        path = request.path.removeprefix("/ngsi-ld/v1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        document = msgspec.json.decode(body) if body else None
        self.heard.append(Heard(request.method, path, dict(request.query), headers, document))
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
