"""The one door for outgoing calls: a name is resolved once, its address checked and pinned, each redirect checked again.

Private, loopback and link-local addresses are closed, whatever spelling they come in, unless `allow` names their network.
Whom TLS trusts is said once, for every protocol: the authorities of the system, and those that the operator names besides.
Nothing else in the house opens a socket; a test keeps it so.
"""

import asyncio
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hiroba.base.errors import Problem, Stop
from hiroba.base.posting import BrokenAnswer, Conversation, Lost, request

REDIRECTS = 5
KEPT = 30.0
"""Seconds an unused connection of `post` may be used again."""
REMEMBERED = 20_000
"""Addresses of `post` whose form is remembered."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = ("127.0.0.0/8", "::1/128")
Spoken = TypeVar("Spoken", bound=asyncio.Protocol)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that a redirect to another host does not get."""


class CallRefused(Problem):
    """The house does not call that address."""

    status = 403


class CallFailed(Problem):
    """The other side did not answer as hoped."""

    status = 502


class AnswerTooLong(CallFailed):
    """The other side answers with more than is taken."""


class Answer(msgspec.Struct, frozen=True):
    """What came back: at most the number of bytes that were allowed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Pinned(AbstractResolver):
    """A resolver that gives only addresses the house may call; aiohttp connects to exactly these."""

    def __init__(self, allow: tuple[Network, ...]) -> None:
        self._allow = allow

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results = []
        for kind, _, protocol, _, address in found:
            if self.may_call(str(address[0])):
                results.append(
                    ResolveResult(
                        hostname=host,
                        host=str(address[0]),
                        port=port,
                        family=kind,
                        proto=protocol,
                        flags=socket.AI_NUMERICHOST,
                    )
                )
        if not results:
            raise CallRefused(
                f"{host} leads to an address that is not public. HIROBA_EGRESS_ALLOW may name its network."
            )
        return results

    async def close(self) -> None:
        """Nothing is kept."""

    def may_call(self, address: str) -> bool:
        """Whether this numeric address is public or allowed."""
        ip = _inner(ipaddress.ip_address(address.split("%", maxsplit=1)[0]))
        public = ip.is_global and not ip.is_multicast and not ip.is_reserved
        return public or any(ip in network for network in self._allow)


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one carries inside it (mapped, 6to4, NAT64), or the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


class Egress:
    """Calls to the outside, for one process; close it when the process ends."""

    def __init__(self, allow: Iterable[str] = (), authorities: str = "") -> None:
        """`authorities` is a PEM file of certificates that are trusted besides the system's."""
        self._resolver = _Pinned(tuple(ipaddress.ip_network(network, strict=False) for network in allow))
        self._session: aiohttp.ClientSession | None = None
        self._authorities = authorities
        self._targets: dict[str, URL] = {}
        self._kept: dict[tuple[str, str, int], list[Conversation]] = {}
        self._looked = 0.0

    async def close(self) -> None:
        """Let the connections go."""
        for conversations in self._kept.values():
            for conversation in conversations:
                conversation.close()
        if self._session is not None:
            await self._session.close()

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        limit: int = 1 << 20, seconds: float = 10.0,
    ) -> Answer:  # fmt: skip
        """One call, redirects followed for GET and HEAD; an answer longer than `limit` bytes is a failure, not a cut."""
        session = self._opened()
        timeout = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, 5.0))
        try:
            target = self._checked(url)
            for _ in range(REDIRECTS + 1):
                async with session.request(
                    method, target, headers=headers, data=body, timeout=timeout, allow_redirects=False
                ) as answer:
                    location = answer.headers.get("location")
                    if answer.status in {301, 302, 303, 307, 308} and location and method in {"GET", "HEAD"}:
                        following = self._checked(location, target)
                        if following.origin() != target.origin():
                            headers = {
                                name: text for name, text in (headers or {}).items() if name.lower() not in SECRET
                            }
                        target = following
                        continue
                    content = bytearray()
                    async for chunk in answer.content.iter_chunked(1 << 16):
                        content += chunk
                        if len(content) > limit:
                            raise AnswerTooLong(f"{url} answers with more than {limit} bytes.")
                    return Answer(answer.status, dict(answer.headers), bytes(content))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CallFailed(f"{url} {_said(error)}.") from error
        raise CallFailed(f"{url} redirects more than {REDIRECTS} times.")

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes, seconds: float = 10.0) -> int:
        """Hand something over: the status of the answer, whose body is not looked at; a redirect is an answer.

        Connections are kept. One that the other side closed in the meantime is replaced: the message may arrive twice.
        """
        target = self._target(url)
        try:
            data = request(target.raw_path_qs, _authority(target), headers, body)
        except ValueError as error:
            raise CallRefused(f"{url[:200]}: {error}.") from error
        place = (target.scheme, target.raw_host or "", target.port or 0)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    known = self._still_open(self._kept.get(place, []))
                    conversation = known or await self._converse(target)
                    try:
                        status = await conversation.post(data)
                        break
                    except Lost:
                        if known is None:
                            raise
        except (OSError, Lost, BrokenAnswer) as error:  # TimeoutError is an OSError
            raise CallFailed(f"{url} {_said(error)}.") from error
        if conversation.reusable:
            self._kept.setdefault(place, []).append(conversation)
        return status

    def _still_open(self, kept: list[Conversation]) -> Conversation | None:
        """The connection that was used last, unless that is long ago."""
        fresh = asyncio.get_running_loop().time() - KEPT
        while kept:
            conversation = kept.pop()
            if conversation.reusable and conversation.since > fresh:
                return conversation
            conversation.close()
        return None

    def _let_idle_go(self) -> None:
        """Close what nobody has used for a while; looked for when a connection is opened, and not at each."""
        now = asyncio.get_running_loop().time()
        if now < self._looked + KEPT:
            return
        self._looked = now
        for key, kept in list(self._kept.items()):
            for one in kept:
                if one.since <= now - KEPT:
                    one.close()
            if not (open_ones := [one for one in kept if one.reusable]):
                del self._kept[key]
            else:
                self._kept[key] = open_ones

    async def _converse(self, target: URL) -> Conversation:
        self._let_idle_go()
        secure = target.scheme == "https"
        transport, conversation = await self._dial(target.raw_host or "", target.port or 0, Conversation, secure=secure)
        del transport
        return conversation

    def _target(self, url: str) -> URL:
        """The address, checked; those that are called again and again only once."""
        target = self._targets.get(url)
        if target is None:
            if len(self._targets) >= REMEMBERED:
                self._targets.clear()
            target = self._targets[url] = self._checked(url)
        return target

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be called, looked up once: connect to exactly these."""
        try:
            return [found["host"] for found in await self._resolver.resolve(host, port)]
        except OSError as error:
            raise CallFailed(f"There is no address of {host}.") from error

    async def connect(
        self, host: str, port: int, *, secure: bool = False, seconds: float = 10.0
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection for another protocol than HTTP; `secure` is TLS, the other side's certificate checked for `host`."""
        reader = asyncio.StreamReader()
        try:
            async with asyncio.timeout(seconds):
                transport, protocol = await self._dial(
                    host, port, lambda: asyncio.StreamReaderProtocol(reader), secure=secure
                )
        except OSError as error:  # TimeoutError is one
            raise CallFailed(f"{host}:{port} {_said(error)}.") from error
        return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())

    async def _dial(
        self, host: str, port: int, protocol: Callable[[], Spoken], *, secure: bool
    ) -> tuple[asyncio.Transport, Spoken]:
        """A connection to the first address of a host that takes one."""
        addresses = await self.resolve(host, port)
        for address in addresses:
            try:
                return await asyncio.get_running_loop().create_connection(
                    protocol,
                    address,
                    port,
                    ssl=self.tls if secure else None,
                    server_hostname=host if secure else None,
                )
            except OSError:
                if address == addresses[-1]:
                    raise
        raise CallFailed(f"There is no address of {host}.")

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What every encrypted connection trusts: the other side's certificate is checked."""
        return trusting(self._authorities)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=self._resolver, limit=200, use_dns_cache=False, ssl=self.tls)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=True, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _checked(self, url: str, base: URL | None = None) -> URL:
        """The address as it will be called: it is checked in the very form that aiohttp connects to, ①②⑦.0.0.1 and all."""
        try:
            target = base.join(URL(url)) if base is not None else URL(url)
            host, _ = target.host, target.port
        except ValueError:
            raise CallRefused(f"{url[:200]} is no address that can be called.") from None
        if target.scheme not in {"http", "https"} or not host or target.raw_user is not None:
            raise CallRefused(f"{url[:200]} is no http address without a user name.")
        try:
            literal = str(ipaddress.ip_address(host))
        except ValueError:
            return target  # a name: the resolver looks at what it leads to
        if not self._resolver.may_call(literal):
            raise CallRefused(f"{host} is not a public address. HIROBA_EGRESS_ALLOW may name its network.")
        return target


def trusting(authorities: str) -> ssl.SSLContext:
    """TLS that checks names and trusts the system's authorities and those in a PEM file; Stop where that cannot be read."""
    context = ssl.create_default_context()
    if authorities:
        try:
            context.load_verify_locations(authorities)
        except OSError as error:  # ssl.SSLError is one
            raise Stop(f"{authorities} is no PEM file of certificates: {error}. HIROBA_EGRESS_CA names it.") from error
    return context


def _said(error: Exception) -> str:
    """What happened to a call, as the rest of a sentence: a certificate that is refused is told with why."""
    cause = getattr(error, "certificate_error", error)  # aiohttp wraps it
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {cause.verify_message.rstrip('.')}"
    return f"did not answer: {type(error).__name__}"


def _authority(target: URL) -> str:
    """What stands in the Host header."""
    host = f"[{target.raw_host}]" if ":" in (target.raw_host or "") else target.raw_host
    return f"{host}:{target.explicit_port}" if target.explicit_port else f"{host}"


def ask_ourselves(url: str, seconds: float = 2.0) -> tuple[int, dict[str, Any] | bytes]:
    """GET from a server of our own on this machine, as the supervisor does while it waits; (0, b"") where nothing answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could bind there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
