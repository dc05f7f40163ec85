"""A tenant of personal data with applications that write and read it, and permits as grants would write them."""

import asyncio
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import Message
from hiroba.exchange.broker.delivery.receivers import Receivers
from hiroba.exchange.gateway.grants.names import expanded
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.organisations.store import put_application, put_organisation
from hiroba.exchange.identity.people.store.pairs import add_person
from hiroba.exchange.identity.people.subjects import subject_of

TENANT = "care"
OTHER_TENANT = "school"
PURPOSE = "health.checkup@2"
OTHER_PURPOSE = "transport.ride@1"
API = "/ngsi-ld/v1"
SOON = datetime(2100, 1, 1, tzinfo=UTC)


class World:
    """Who there is: two organisations, one application that writes and two that read, and people."""

    def __init__(self, conn: Connection, client: httpx.AsyncClient) -> None:
        self.conn, self.client, self.tenant = conn, client, TENANT
        self.keys: dict[str, str] = {}

    async def begin(self) -> None:
        for tenant in (TENANT, OTHER_TENANT):
            await self.conn.execute("insert into broker.tenant (name, personal) values ($1, true)", tenant)
            await self.conn.execute("insert into gateway.tenant_member values ($1, '271403', true)", tenant)
        for organisation in ("org:clinic", "org:bus"):
            await put_organisation(self.conn, Organisation(organisation, {"ja": organisation}))
        await self.application("clinic-desk", "org:clinic", writes=True)
        await self.application("booking", "org:clinic", PURPOSE)
        await self.application("bus-app", "org:bus", PURPOSE, OTHER_PURPOSE)

    def at(self, tenant: str) -> "World":
        """The same world, looked at in another tenant."""
        other = copy(self)
        other.tenant = tenant
        return other

    async def application(self, id_: str, organisation: str, *purposes: str, writes: bool = False) -> None:
        title = {"ja": id_}
        made = Application(
            id=id_, organisation=organisation, title=title, purposes=purposes, grants=("client_credentials",)
        )
        await put_application(self.conn, made)
        for name in ("publish",) if writes else purposes:
            caller = Caller("client", "", "271403" if writes else organisation, frozenset({name}))
            secret = await store.add_key(self.conn, caller, title=id_, application=id_)
            self.keys[f"{id_} {name}"] = secret
            self.keys.setdefault(id_, secret)

    async def person(self) -> str:
        return await add_person(self.conn)

    async def known(self, person: str, sector: str) -> str:
        return await subject_of(self.conn, person, sector)

    async def inside(self, person: str) -> str:
        return await self.known(person, f"tenant:{self.tenant}")

    async def id(self, person: str, application: str = "clinic-desk", kind: str = "Person", local: str = "") -> str:
        return f"urn:ngsi-ld:{kind}:{await self.known(person, f'app:{application}')}" + (f":{local}" if local else "")

    async def permit(
        self, person: str, *attrs: str, recipient: str = "booking", purpose: str = PURPOSE, type_: str = "Person",
        since: datetime | None = None, until: datetime = SOON, grant: str = "",
    ) -> str:  # fmt: skip
        grant = grant or f"grant-{person[-6:]}-{recipient}-{type_}"
        await self.conn.execute(
            "insert into gateway.permit values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)", self.tenant, await self.inside(person),
            recipient, purpose, expanded(type_), [expanded(attr) for attr in attrs],
            since or clock.now() - timedelta(days=1), until, grant,
        )  # fmt: skip
        return grant

    async def withdraw(self, grant: str) -> None:
        await self.conn.execute("delete from gateway.permit where grant_id = $1", grant)

    async def call(self, method: str, path: str, caller: str, **more: Any) -> httpx.Response:
        headers = {
            "NGSILD-Tenant": self.tenant,
            "Authorization": f"Bearer {self.keys[caller]}",
            "Link": '<http://hiroba.test/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"',
        } | more.pop("headers", {})
        return await self.client.request(method, API + path, headers=headers, **more)

    async def write(self, person: str, document: dict[str, Any], kind: str = "Person", local: str = "") -> None:
        document = {"id": await self.id(person, kind=kind, local=local), "type": kind} | document
        answer = await self.call("POST", "/entities", "clinic-desk", json=document)
        assert answer.status_code == 201, answer.text

    async def get(self, path: str, caller: str = "booking", **more: Any) -> httpx.Response:
        return await self.call("GET", path, caller, **more)

    async def subscribe(self, caller: str = "booking", name: str = "1", **more: Any) -> httpx.Response:
        document = {
            "id": f"urn:ngsi-ld:Subscription:{name}",
            "type": "Subscription",
            "entities": [{"type": "Person"}],
            "notification": {"endpoint": {"uri": f"https://receiver.example/{name}"}},
        } | more
        return await self.call("POST", "/subscriptions", caller, json=document)

    async def settled(self) -> None:
        """Wait until nothing is owed."""
        async with asyncio.timeout(120):  # the queue is the database's: there is no event to wait for
            while await self.conn.fetchval("select count(*) from broker.owed"):  # noqa: ASYNC110 - as said
                await asyncio.sleep(0.02)

    async def logged(self) -> list[dict[str, Any]]:
        rows = await self.conn.fetch("select event from audit.entry order by id")

        return [orjson.loads(row["event"]) for row in rows]


class Inbox:
    """What subscribers got, and what happens while they get it."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def send(self, message: Message) -> Attempt:
        self.got.append(message.body + str(message.headers).encode())
        return Attempt(ok=True)


@pytest.fixture(autouse=True)
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    made = Inbox()
    monkeypatch.setattr(Receivers, "send", lambda _, __, message: made.send(message))
    return made


@pytest.fixture
async def world(conn: Connection, house: httpx.AsyncClient) -> World:
    made = World(conn, house)
    await made.begin()
    return made
