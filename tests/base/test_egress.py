"""Outgoing calls: only public addresses, in whatever spelling, unless a network is allowed by name."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from tests.certificates import Authority

from hiroba.base.egress import LOOPBACK, CallFailed, CallRefused, Egress

pytestmark = pytest.mark.anyio

Reply = Callable[[bytes], bytes]


class Server:
    """A server of this test: it remembers what it was asked and answers as it is told."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.asked, self.port = reply, [], 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(asked)
        answer = self.reply(asked)
        if answer:
            writer.write(answer)
            await writer.drain()
        else:
            await reader.read()  # says nothing until the caller goes away
        writer.close()


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


Serve = Callable[[Reply], Awaitable[Server]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as open_ones:

        async def start(reply: Reply) -> Server:
            server = Server(reply)
            listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
            server.port = listening.sockets[0].getsockname()[1]
            open_ones.callback(listening.close)
            return server

        yield start


@pytest.fixture
async def closed() -> AsyncIterator[Egress]:
    """Calls as a house makes them whose operator allowed nothing."""
    egress = Egress()
    yield egress
    await egress.close()


@pytest.fixture
async def loopback() -> AsyncIterator[Egress]:
    egress = Egress(LOOPBACK)
    yield egress
    await egress.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.255.0.9", "0.0.0.0",  # noqa: S104 - called, not bound
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::10.0.0.1]",
    ],
)  # fmt: skip
async def test_an_address_that_is_not_public_is_refused(closed: Egress, host: str) -> None:
    with pytest.raises(CallRefused, match="not a public address"):
        await closed.call("GET", f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1", "127.0.0.1.", "127.000.000.001", "0",
        "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1",
    ],
)  # fmt: skip
async def test_no_spelling_of_loopback_reaches_it(closed: Egress, serve: Serve, host: str) -> None:
    server = await serve(lambda _: ok(b"inside"))
    with pytest.raises((CallRefused, CallFailed)):
        await closed.call("GET", f"http://{host}:{server.port}/", seconds=2)
    assert server.asked == []


async def test_a_name_that_leads_to_loopback_is_refused(closed: Egress, serve: Serve) -> None:
    server = await serve(lambda _: ok(b"inside"))
    with pytest.raises(CallRefused, match="leads to an address that is not public"):
        await closed.call("GET", f"http://localhost:{server.port}/")
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "http:///nothing",
        "example.org",
        "http://[::1",
        "http://example.org:99999/",
    ],
)
async def test_what_is_no_http_address_is_refused(closed: Egress, url: str) -> None:
    with pytest.raises(CallRefused, match=r"is no (http )?address"):
        await closed.call("GET", url)


@pytest.mark.parametrize("user", ["somebody", "somebody:secret", "example.org"])
async def test_an_address_with_a_user_name_is_refused(loopback: Egress, serve: Serve, user: str) -> None:
    server = await serve(lambda _: ok(b"inside"))
    with pytest.raises(CallRefused, match="user name"):
        await loopback.call("GET", f"http://{user}@127.0.0.1:{server.port}/")
    assert server.asked == []


async def test_a_network_that_is_allowed_can_be_called(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda _: ok(b"hello"))
    answer = await loopback.call("GET", f"http://127.0.0.1:{server.port}/path?a=1", headers={"x-one": "1"})
    assert (answer.status, answer.body) == (200, b"hello")
    assert server.asked[0].startswith(b"GET /path?a=1 HTTP/1.1\r\n")
    assert b"x-one: 1" in server.asked[0].lower()


async def test_a_redirect_to_an_address_that_is_not_public_is_refused(serve: Serve) -> None:
    inside = await serve(lambda _: ok(b"inside"))
    door = await serve(lambda _: redirect(f"http://127.0.0.2:{inside.port}/"))
    egress = Egress(["127.0.0.1/32"])
    with pytest.raises(CallRefused, match=r"127\.0\.0\.2 is not a public address"):
        await egress.call("GET", f"http://127.0.0.1:{door.port}/")
    assert inside.asked == []
    await egress.close()


async def test_a_redirect_elsewhere_does_not_take_the_key_along(loopback: Egress, serve: Serve) -> None:
    other = await serve(lambda _: ok(b"other"))
    door = await serve(lambda _: redirect(f"http://127.0.0.1:{other.port}/"))
    headers = {"Authorization": "Bearer secret", "X-Kind": "plain"}
    answer = await loopback.call("GET", f"http://127.0.0.1:{door.port}/", headers=headers)
    assert answer.body == b"other"
    assert b"secret" in door.asked[0]
    assert b"secret" not in other.asked[0]
    assert b"plain" in other.asked[0]


async def test_a_relative_redirect_is_followed(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda asked: ok(b"there") if asked.startswith(b"GET /b/c") else redirect("c"))
    assert (await loopback.call("GET", f"http://127.0.0.1:{server.port}/b/a")).body == b"there"


async def test_redirects_end(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda _: redirect("/again"))
    with pytest.raises(CallFailed, match="redirects more than 5 times"):
        await loopback.call("GET", f"http://127.0.0.1:{server.port}/")
    assert len(server.asked) == 6


async def test_a_redirected_post_is_given_back_as_it_is(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda _: redirect("/elsewhere"))
    assert (await loopback.call("POST", f"http://127.0.0.1:{server.port}/", body=b"{}")).status == 302
    assert len(server.asked) == 1


async def test_an_answer_longer_than_the_limit_is_a_failure(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda _: ok(b"x" * 1001))
    url = f"http://127.0.0.1:{server.port}/"
    with pytest.raises(CallFailed, match="more than 1000 bytes"):
        await loopback.call("GET", url, limit=1000)
    assert len((await loopback.call("GET", url, limit=1001)).body) == 1001


async def test_an_answer_that_does_not_come_is_a_failure(loopback: Egress, serve: Serve) -> None:
    server = await serve(lambda _: b"")
    with pytest.raises(CallFailed, match="did not answer: TimeoutError"):
        await loopback.call("GET", f"http://127.0.0.1:{server.port}/", seconds=0.2)


async def test_a_server_that_is_not_there_is_a_failure(loopback: Egress, free_port) -> None:
    with pytest.raises(CallFailed, match="did not answer"):
        await loopback.call("GET", f"http://127.0.0.1:{free_port()}/")


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The address of a server that speaks TLS as `localhost`, and who vouches for it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ok(b"hello"))
            await writer.drain()
        writer.close()

    authority = Authority(tmp_path)
    pair = authority.vouch_for("localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.certificate, pair.key)
    async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/", authority.certificate


async def test_an_authority_that_the_operator_names_is_trusted_by_every_way_of_calling(
    secure: tuple[str, Path],
) -> None:
    url, authority = secure
    egress = Egress(LOOPBACK, str(authority))
    assert (await egress.call("GET", url)).body == b"hello"
    assert await egress.post(url, headers={}, body=b"{}") == 200
    await egress.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_reason(
    secure: tuple[str, Path], loopback: Egress
) -> None:
    url, _ = secure
    for calling in (loopback.call("GET", url), loopback.post(url, headers={}, body=b"{}")):
        with pytest.raises(CallFailed, match="has a certificate that is not trusted: unable to get local issuer"):
            await calling
