"""What tests of delivery share: subscriptions in a dictionary, receivers that only write down, engines on a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import orjson
import pytest

from hiroba.base import clock
from hiroba.base.db import Pool, transaction
from hiroba.exchange.broker.delivery.engine import Engine
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import Message
from hiroba.exchange.broker.delivery.model import Address, Notice, Target
from hiroba.exchange.broker.delivery.outbox import Outbox

Answer = Callable[[Target, dict], Awaitable[Attempt]]


def address(name: object) -> Address:
    return Address("Notification", "", f"urn:ngsi-ld:Subscription:{name}")


def notice(to: Address, entity: str, number: int = 0, **more: object) -> Notice:
    return Notice(address=to, entity=entity, at=clock.now(), data=orjson.dumps({"id": entity, "n": number}), **more)


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if found is True or (not isinstance(found, bool) and await found):
                return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict]:
    """The loop that server workers run on: it is stricter about connections that are closed."""
    return "asyncio", {"use_uvloop": True}


class World:
    """Subscriptions, one receiver for all, and what it got."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.targets: dict[Address, Target] = {}
        self.got: list[dict] = []
        self.answer: Answer | None = None
        self.engines: list[Engine] = []
        self.outbox = Outbox()

    async def engine(self, outbox: Outbox | None = None) -> Engine:
        made = Engine(self.pool, outbox or self.outbox, {"Notification": self.targets.get}, self.send)
        await made.start()
        self.engines.append(made)
        return made

    async def send(self, target: Target, message: Message) -> Attempt:
        notification = orjson.loads(message.body)
        if self.answer is not None:
            attempt = await self.answer(target, notification)
            if not attempt.ok:
                return attempt
        self.got.append(notification)
        return Attempt(ok=True)

    async def owe(self, *notices: Notice) -> None:
        for one in notices:
            self.targets.setdefault(one.address, Target(uri=f"http://receiver/{one.address.subscription}"))
        async with transaction(self.pool) as conn:
            then = await self.outbox.owe(conn, notices)
        if then is not None:
            then()

    def numbers(self, to: Address) -> list[int]:
        return [item["n"] for got in self.got if got["subscriptionId"] == to.subscription for item in got["data"]]

    async def owed(self) -> int:
        async with self.pool.acquire() as conn:
            return await conn.fetchval("select count(*) from broker.owed")

    async def nothing_is_owed(self) -> None:
        async def empty() -> bool:
            return await self.owed() == 0

        await until(empty)


@pytest.fixture
async def world(pool: Pool) -> AsyncIterator[World]:
    made = World(pool)
    yield made
    for engine in made.engines:
        await engine.stop()


def all_in(notices: Sequence[dict]) -> list[int]:
    return [item["n"] for got in notices for item in got["data"]]
