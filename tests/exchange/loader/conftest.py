"""A small exchange to load into: it upserts batches (CIM 009 §5.6.8), and can be told to misbehave."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from hiroba.base.console import bar
from hiroba.exchange.loader.client import Client
from hiroba.exchange.loader.load import Load, files_below
from hiroba.exchange.loader.mapping import Mapping, built_in
from hiroba.exchange.loader.report import Report


class FakeExchange:
    """What stands in it, and what it was asked."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[str, dict[str, Any]]] = []
        self.municipalities: dict[str, Any] = {}
        self.tenants: set[str] = set()
        self.headers: list[dict[str, str]] = []
        self.batches: list[int] = []
        self.refuse: dict[str, str] = {}
        self.statuses: list[int] = []
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/ngsi-ld/v1/entityOperations/upsert", self.upsert)
        app.router.add_get("/ngsi-ld/v1/entities", self.query)
        app.router.add_put("/api/v1/tenants/{tenant}", self.tenant)
        app.router.add_put("/api/v1/municipalities/{code}", self.municipality)
        return app

    async def upsert(self, request: web.Request) -> web.Response:
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.json_response({"title": "told to", "detail": "told to misbehave"}, status=status)
        self.headers.append(dict(request.headers))
        entities = orjson.loads(await request.read())
        self.batches.append(len(entities))
        created, errors = [], []
        for entity in entities:
            if why := self.refuse.get(entity["id"]):
                errors.append(
                    {"entityId": entity["id"], "error": {"type": "BadRequestData", "title": "no", "detail": why}}
                )
                continue
            if entity["id"] not in self.entities:
                created.append(entity["id"])
            before = self.entities.get(entity["id"], {}) if request.query.get("options") == "update" else {}
            self.entities[entity["id"]] = before | entity
            self.history.append((entity["id"], entity))
        if errors:
            refused = {error["entityId"] for error in errors}
            done = [entity["id"] for entity in entities if entity["id"] not in refused]
            return web.json_response({"success": done, "errors": errors}, status=207)
        return web.json_response(created, status=201) if created else web.Response(status=204)

    async def query(self, request: web.Request) -> web.Response:
        prefix = request.query["idPattern"][1:-2].replace("\\", "")
        names = {"id", "type", *request.query["attrs"].split(",")}
        found = [
            entity
            for id_, entity in sorted(self.entities.items())
            if id_.startswith(prefix) and entity["type"] == request.query["type"]
        ]
        start, limit = int(request.query["offset"]), int(request.query["limit"])
        return web.json_response(
            [
                {name: value for name, value in entity.items() if name in names}
                for entity in found[start : start + limit]
            ]
        )

    async def tenant(self, request: web.Request) -> web.Response:
        self.tenants.add(request.match_info["tenant"])
        return web.Response(status=204)

    async def municipality(self, request: web.Request) -> web.Response:
        self.municipalities[request.match_info["code"]] = orjson.loads(await request.read())
        return web.Response(status=204)


@pytest.fixture
def fake() -> Iterator[FakeExchange]:
    """The small exchange as a server in a thread of its own, so that a command may run its own loop."""
    exchange = FakeExchange()
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        runner = web.AppRunner(exchange.app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        exchange.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    yield exchange
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def load(fake: FakeExchange):
    """Load files into the small exchange and get the report."""

    def run(*paths: Path, mappings: list[Mapping] | None = None, tenant: str = "") -> Report:
        async def all_of_it() -> Report:
            async def at_once(_: float) -> None:
                pass

            async with Client(fake.url, key="secret", tenant=tenant, sleep=at_once) as client:
                await client.make_tenant()
                with bar("Loading") as progress:
                    known = mappings or list(built_in().values())
                    return await Load(client, known, named=mappings is not None, progress=progress).run(
                        files_below(paths)
                    )

        return asyncio.run(all_of_it())

    return run
