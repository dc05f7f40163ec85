"""HTTP receivers as they are met: slow, dead, refusing, redirecting, talkative ones. 2xx is success, and none costs another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
import pytest
from tests.exchange.broker.delivery.conftest import World, address, notice, until

from hiroba.base import clock
from hiroba.base.egress import LOOPBACK, Egress
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import message
from hiroba.exchange.broker.delivery.model import Row, Target
from hiroba.exchange.broker.delivery.receivers import Receivers

pytestmark = pytest.mark.anyio
Behave = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answering(head: bytes) -> Behave:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()

    return behave


async def silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()


class Receiving:
    """A server that behaves as it is told and keeps what it got."""

    def __init__(self, behave: Behave) -> None:
        self.behave, self.got, self.port = behave, [], 0
        self.writers: list[asyncio.StreamWriter] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.got.append((head.decode(), orjson.loads(await reader.readexactly(length))))
                await self.behave(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable]:
    servers, receivings = [], []

    async def start(behave: Behave) -> Receiving:
        receiving = Receiving(behave)
        receivings.append(receiving)
        servers.append(await asyncio.start_server(receiving.handle, "127.0.0.1", 0))
        receiving.port = servers[-1].sockets[0].getsockname()[1]
        return receiving

    yield start
    for server in servers:
        server.close()
    for writer in (writer for receiving in receivings for writer in receiving.writers):
        writer.transport.abort()
    await asyncio.sleep(0.01)


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    egress = Egress(LOOPBACK)
    made = Receivers(egress)
    yield made
    await made.close()
    await egress.close()


async def sent(receivers: Receivers, target: Target) -> Attempt:
    row = Row(number=1, address=address("one"), entity="urn:x:1", trigger="", at=clock.now(), data=b'{"n":1}')
    return await receivers.send(target, message([row], target))


@pytest.mark.parametrize(
    ("answer", "expected"),
    {
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n": Attempt(ok=True),
        b"HTTP/1.1 204 No Content\r\n\r\n": Attempt(ok=True),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n": Attempt(ok=True),
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n": Attempt(
            ok=False, reason="it answered 404", refused=True
        ),
        b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n": Attempt(
            ok=False, reason="it answered 302", refused=True
        ),
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n": Attempt(ok=False, reason="it answered 503"),
        b"HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n": Attempt(ok=False, reason="it answered 429"),
    }.items(),
)
async def test_what_an_answer_means(serve: Callable, receivers: Receivers, answer: bytes, expected: Attempt) -> None:
    server = await serve(answering(answer))
    assert await sent(receivers, Target(uri=f"http://127.0.0.1:{server.port}/a")) == expected
    assert len(server.got) == 1, "a redirect is not followed"


async def test_an_answer_without_end_is_not_listened_to(serve: Callable, receivers: Receivers) -> None:
    server = await serve(endless)
    attempt = await sent(receivers, Target(uri=f"http://127.0.0.1:{server.port}/", timeout=5.0))
    assert (attempt.ok, len(server.got)) == (True, 1)


async def test_an_answer_whose_end_never_comes_is_an_answer(serve: Callable, receivers: Receivers) -> None:
    server = await serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
    assert (await sent(receivers, Target(uri=f"http://127.0.0.1:{server.port}/"))).ok


async def test_who_says_nothing_is_waited_for_as_long_as_the_subscription_says(
    serve: Callable, receivers: Receivers
) -> None:
    server = await serve(silent)
    attempt = await sent(receivers, Target(uri=f"http://127.0.0.1:{server.port}/", timeout=0.05))
    assert (attempt.ok, attempt.refused) == (False, False)
    assert "TimeoutError" in attempt.reason


async def test_who_is_not_there_is_no_refusal(receivers: Receivers) -> None:
    attempt = await sent(receivers, Target(uri="http://127.0.0.1:1/"))
    assert (attempt.ok, attempt.refused) == (False, False)


async def test_what_cannot_be_sent_is_refused_with_a_reason(receivers: Receivers) -> None:
    for target, said in (
        (Target(uri="gopher://x/"), "no way"),
        (Target(uri="http://"), "no http address"),
        (Target(uri="http://127.0.0.1:1/", receiver_info=(("X-A", "a\r\nX-B: b"),)), "cannot be sent"),
    ):
        attempt = await sent(receivers, target)
        assert (attempt.ok, attempt.refused) == (False, True)
        assert said in attempt.reason


async def test_receivers_of_every_kind_together_and_the_good_ones_get_theirs(
    world: World, serve: Callable, receivers: Receivers
) -> None:
    good = await serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    dead = await serve(silent)
    refusing = await serve(answering(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"))
    for name, port in {"good": good.port, "dead": dead.port, "refusing": refusing.port, "absent": 1}.items():
        for number in range(20):
            to = address(f"{name}{number}")
            world.targets[to] = Target(uri=f"http://127.0.0.1:{port}/{name}/{number}")
    world.send = receivers.send
    await world.engine()
    for round_ in range(5):
        await world.owe(*(notice(to, "urn:x:1", round_) for to in world.targets))
    await until(lambda: len(good.got) == 100)
    for number in range(20):
        path = f"POST /good/{number} HTTP/1.1"
        assert [body["data"][0]["n"] for head, body in good.got if head.startswith(path)] == [0, 1, 2, 3, 4]

    async def the_others_are_owed_theirs() -> bool:
        return await world.owed() == 300

    await until(the_others_are_owed_theirs)
