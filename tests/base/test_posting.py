"""Posting over kept connections: every way an answer may be made, and every way it may be broken."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.egress import LOOPBACK, CallFailed, CallRefused, Egress
from hiroba.base.posting import BrokenAnswer, Conversation, request

pytestmark = pytest.mark.anyio
ANSWERS = {
    b"HTTP/1.1 204 No Content\r\n\r\n": (204, True),
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok": (200, True),
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\nok": (200, False),
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok": (200, False),
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n": (201, True),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n": (503, True),
    b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n": (302, True),
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end": (200, False),
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n": (200, False),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n": (200, False),
}
BROKEN = (b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 70_000)


class Wire(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.ended = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.ended = True


async def heard(parts: list[bytes]) -> tuple[int, bool]:
    conversation, wire = Conversation(), Wire()
    conversation.connection_made(wire)
    asking = asyncio.ensure_future(conversation.post(b"POST"))
    await asyncio.sleep(0)
    for part in parts:
        conversation.data_received(part)
    if conversation._answer is not None:
        conversation.connection_lost(None)
    status = await asking
    assert conversation.reusable is not wire.ended
    return status, conversation.reusable


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.items())
async def test_an_answer_is_understood_whole(answer: bytes, expected: tuple[int, bool]) -> None:
    assert await heard([answer]) == expected


@given(st.sampled_from(sorted(ANSWERS)), st.lists(st.integers(1, 40), max_size=12))
def test_an_answer_is_understood_in_any_pieces(answer: bytes, sizes: list[int]) -> None:
    parts, rest = [], answer
    for size in sizes:
        parts, rest = [*parts, rest[:size]], rest[size:]
    status, reusable = asyncio.run(heard([part for part in [*parts, rest] if part]))
    assert (status, reusable) == ANSWERS[answer]


@pytest.mark.parametrize("answer", BROKEN)
async def test_what_is_no_answer_is_said_to_be_broken(answer: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        await heard([answer])


@given(st.binary(max_size=200))
def test_nonsense_ends_in_a_status_or_in_a_problem(data: bytes) -> None:
    with suppress(BrokenAnswer):
        asyncio.run(heard([b"HTTP/1.1 200 OK\r\n", data]))


def test_a_header_cannot_smuggle_another() -> None:
    for name, value in {"X-A": "a\r\nX-B: b", "X A": "a", "X-A:": "a", "": "a"}.items():
        with pytest.raises(ValueError, match="cannot be sent"):
            request("/", "h", {name: value}, b"")
    assert b"7\r\n" not in request("/", "h", {"Content-Length": "7"}, b"")


class Server:
    """It answers each request with the next of its answers; after an empty one it closes."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers, self.asked, self.connections, self.port = answers, [], 0, 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            self.asked.append(head + await reader.readexactly(length))
            answer = self.answers.pop(0)
            if not answer:
                break
            writer.write(answer)
        writer.close()


Serve = Callable[[list[bytes]], "asyncio.Future[Server]"]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def serve() -> AsyncIterator[Callable]:
    listening = []

    async def start(answers: list[bytes]) -> Server:
        server = Server(answers)
        listening.append(await asyncio.start_server(server.handle, "127.0.0.1", 0))
        server.port = listening[-1].sockets[0].getsockname()[1]
        return server

    yield start
    for one in listening:
        one.close()


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress(LOOPBACK)
    yield made
    await made.close()


async def test_one_connection_serves_many_posts(serve: Callable, egress: Egress) -> None:
    server = await serve([OK] * 5)
    for number in range(5):
        url = f"http://127.0.0.1:{server.port}/a?b={number}"
        assert await egress.post(url, headers={"X-N": "ä"}, body=b"%d" % number) == 200
    assert server.connections == 1
    assert server.asked[4].startswith(b"POST /a?b=4 HTTP/1.1\r\n")
    assert b"\r\nX-N: \xc3\xa4\r\n" in server.asked[4]
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in server.asked[4]
    assert server.asked[4].endswith(b"\r\n\r\n4")


async def test_a_kept_connection_that_was_closed_is_replaced(serve: Callable, egress: Egress) -> None:
    server = await serve([OK, b"", OK])
    url = f"http://127.0.0.1:{server.port}/"
    assert [await egress.post(url, headers={}, body=b"") for _ in range(2)] == [200, 200]
    assert server.connections == 2


async def test_connections_nobody_uses_are_let_go(serve: Callable, egress: Egress, monkeypatch) -> None:
    idle, other = await serve([OK]), await serve([OK])
    assert await egress.post(f"http://127.0.0.1:{idle.port}/", headers={}, body=b"") == 200
    monkeypatch.setattr("hiroba.base.egress.KEPT", -1.0)
    assert await egress.post(f"http://127.0.0.1:{other.port}/", headers={}, body=b"") == 200
    assert [port for _, _, port in egress._kept] == [other.port]


async def test_a_server_that_closes_or_says_nothing_has_not_answered(serve: Callable, egress: Egress) -> None:
    server = await serve([b""])
    with pytest.raises(CallFailed, match="Lost"):
        await egress.post(f"http://127.0.0.1:{server.port}/", headers={}, body=b"")
    silent = await serve([b"HTTP/1.1 200", b"never"])
    with pytest.raises(CallFailed, match="Timeout"):
        await egress.post(f"http://127.0.0.1:{silent.port}/", headers={}, body=b"", seconds=0.1)
    assert not egress._kept.get(("http", "127.0.0.1", silent.port))


async def test_what_may_not_be_called_is_not_posted_to_either(serve: Callable) -> None:
    server = await serve([OK])
    closed = Egress()
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(CallRefused):
            await closed.post(f"http://{host}:{server.port}/", headers={}, body=b"")
    with pytest.raises(CallRefused):
        await closed.post("ftp://example.org/", headers={}, body=b"")
    assert server.connections == 0
