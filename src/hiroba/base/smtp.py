"""Letters to a mail server: SMTP submission (RFC 6409) over a connection that egress opened.

`smtps://user:password@host:465` speaks TLS from the start; `smtp://host:587` turns to it by STARTTLS, and goes on without
only where the host is this machine.
"""

import asyncio
import base64
from typing import Final
from urllib.parse import unquote, urlsplit

from hiroba.base.egress import Egress
from hiroba.base.errors import Stop
from hiroba.base.mail import Letter, PostClosed, message

LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
SECONDS: Final = 20
LOST: Final = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)
"""What a broken talk raises; TimeoutError is an OSError."""


def is_local(url: str) -> bool:
    """Whether a mail server's address is this machine's own, which egress would otherwise not call."""
    return urlsplit(url).hostname in LOCAL


class Smtp:
    """A mail server that takes letters in."""

    def __init__(self, egress: Egress, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self.secure = parts.scheme == "smtps"
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise Stop(f"HIROBA_MAIL cannot be read: {parts.scheme}://… Write smtps://user:password@host:465")
        self.host, self.port = parts.hostname, parts.port or (465 if self.secure else 587)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.egress, self.sender = egress, sender

    async def send(self, letter: Letter) -> None:
        """Hand a letter to the server."""
        try:
            async with asyncio.timeout(SECONDS):
                reader, writer = await self.egress.connect(self.host, self.port, secure=self.secure)
                try:
                    await self._hand_over(_Talk(reader, writer), letter)
                finally:
                    writer.close()
        except (
            OSError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ValueError,
        ) as error:  # TimeoutError is an OSError
            raise PostClosed("Please try again in a moment, or use another way.") from error

    async def _hand_over(self, talk: "_Talk", letter: Letter) -> None:
        await talk.hear("220")
        offered = await talk.say("EHLO hiroba", "250")
        if not self.secure and "STARTTLS" in offered.upper():
            await talk.say("STARTTLS", "220")
            await talk.writer.start_tls(self.egress.tls, server_hostname=self.host)
            await talk.say("EHLO hiroba", "250")
        elif not self.secure and self.host not in LOCAL:
            raise PostClosed("The mail server offers no encryption.")
        if self.user:
            secret = base64.b64encode(f"\0{self.user}\0{self.password}".encode()).decode()
            await talk.say(f"AUTH PLAIN {secret}", "235")
        await talk.say(f"MAIL FROM:<{self.sender}>", "250")
        await talk.say(f"RCPT TO:<{letter.to}>", "25")
        await talk.say("DATA", "354")
        lines = message(letter, self.sender).as_bytes().replace(b"\r\n.", b"\r\n..")
        await talk.say(lines.removesuffix(b"\r\n").decode("ascii", "surrogateescape") + "\r\n.", "250")
        await talk.say("QUIT", "2")


class _Talk:
    """Commands and answers (RFC 5321 §4.2): what the server says must begin as expected."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, line: str, expected: str) -> str:
        self.writer.write(f"{line}\r\n".encode("ascii", "surrogateescape"))
        await self.writer.drain()
        return await self.hear(expected)

    async def hear(self, expected: str) -> str:
        heard = []
        while True:
            line = (await self.reader.readuntil(b"\n")).decode("ascii", "replace").rstrip()
            heard.append(line)
            if line[3:4] != "-":
                break
        if not line.startswith(expected):
            raise PostClosed("The mail server does not take this letter.")
        return "\n".join(heard)
