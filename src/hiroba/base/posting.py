"""HTTP/1.1 as one side of a kept connection sees it: a POST goes out, the status comes back, the body is passed over.

For very many small messages, of whose answers only the status counts. No socket is opened here: `egress` does that.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Final, cast

UNREAD: Final = 1 << 16
"""Bytes of an answer that are passed over to keep the connection; with more it is closed."""
ENOUGH: Final = 1.0
"""Seconds the rest of an answer is waited for once its status is there; then the connection is closed."""
NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"}
)
"""Headers that say how the message itself is made: a caller's are left out."""


class BrokenAnswer(Exception):  # noqa: N818 - what it is
    """What came back is not HTTP."""


class Lost(Exception):  # noqa: N818 - what it is
    """The connection ended before a word of the answer."""


def request(path: str, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a POST; ValueError where a header cannot be sent."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Hiroba",
        "Accept: */*",
        f"Content-Length: {len(body)}",
    ]
    for name, value in headers.items():
        if not NAME.fullmatch(name) or CONTROL.search(value):
            raise ValueError(f"the header {name[:50]!r} cannot be sent")
        if name.lower() not in OURS:
            lines.append(f"{name}: {value.strip()}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Conversation(asyncio.Protocol):
    """One connection: one message at a time."""

    def __init__(self) -> None:
        self.reusable = True
        """Whether another message may follow."""
        self.since = 0.0
        """When it was last used."""
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self._status = 0
        self._left = 0
        """Bytes of the body that are still to come; negative: it ends with the connection."""
        self._chunked = False
        self._passed = 0
        """Bytes of a body in chunks that have come."""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """It has ended, perhaps in the middle."""
        self.reusable = False
        if self._timer is not None:
            self._timer.cancel()
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        if self._status or self._buffer:
            answer.set_exception(BrokenAnswer("the answer was cut off"))
        else:
            answer.set_exception(Lost("the connection was closed"))

    def close(self) -> None:
        """End it."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    async def post(self, data: bytes) -> int:
        """Send a message; the status of the answer, when all of it has come."""
        if self._transport is None or self._transport.is_closing():
            raise Lost("the connection was closed")
        self._buffer, self._status, self._left, self._chunked, self._passed = b"", 0, 0, False, 0
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        try:
            status: int = await answer
        except BaseException:
            self.close()
            raise
        self.since = asyncio.get_running_loop().time()
        return status

    def data_received(self, data: bytes) -> None:
        """Some of an answer, or what nobody asked for."""
        if self._answer is None:
            self.close()
            return
        self._buffer = self._buffer + data if self._buffer else data
        try:
            if self._status or self._head():
                if self._body():
                    self._done()
                elif self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(ENOUGH, self._enough)
        except (BrokenAnswer, ValueError) as error:
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_exception(BrokenAnswer(str(error)))
            self.close()

    def _head(self) -> bool:
        """Read the status and what is said of the body; False where not all of it is here."""
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                if len(head) > UNREAD:
                    raise BrokenAnswer("its head is too long")
                return False
            version, status = head[:9], head[9:12]
            if not version.startswith(b"HTTP/1.") or not status.isdigit():
                raise BrokenAnswer("it is not HTTP/1")
            self._buffer = rest
            if status[:1] != b"1":  # interim answers are passed over
                self._begin_body(int(status), version, head)
                return True

    def _begin_body(self, status: int, version: bytes, head: bytes) -> None:
        self._status, self._left = status, -1
        keeps = version == b"HTTP/1.1 "
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            name, value = name.lower(), value.strip()
            if name == b"content-length" and not self._chunked:
                self._left = int(value) if value.isdigit() else -1
            elif name == b"transfer-encoding":
                self._chunked, self._left = True, 0
            elif name == b"connection" and b"close" in value.lower():
                keeps = False
        if self._status in {204, 304}:
            self._left, self._chunked = 0, False
        self.reusable = keeps and self._left >= 0

    def _body(self) -> bool:
        """Pass over the body; whether its end, or enough of it, is here."""
        if self._left < 0 or self._left > UNREAD:
            self.reusable = False  # its end is not waited for
            return True
        while self._chunked:
            size, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                break
            length = int(size.split(b";")[0], 16)
            if length < 0:
                raise BrokenAnswer("a chunk has no length")
            self._passed += length
            if self._passed > UNREAD:
                self.reusable = False
                return True
            if len(rest) < length + 2:
                break
            self._buffer = rest[length + 2 :]
            if not length:
                self._chunked = False
        if self._chunked:
            return False
        if len(self._buffer) < self._left:
            return False
        self.reusable &= len(self._buffer) == self._left
        return True

    def _enough(self) -> None:
        self.reusable = False
        self._done()

    def _done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(self._status)
        if not self.reusable:
            self.close()
