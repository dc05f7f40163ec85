"""Where the house has https, cookies wear `__Host-` outside: no other host and no plain connection can plant one.

Inside, handlers know them by their plain names. What comes without the prefix is none of ours and does not come in.
"""

from typing import Final

from litestar.types import HTTPScope, Message, Send

PREFIX: Final = b"__Host-"
FORCED: Final = frozenset({b"secure", b"path", b"domain"})
"""Attributes that the prefix decides: secure, for the whole house and for no other."""


def inside(scope: HTTPScope) -> HTTPScope:
    """The request with its cookies under their plain names."""
    headers = [(name, _ours(value) if name == b"cookie" else value) for name, value in scope["headers"]]
    return {**scope, "headers": [(name, value) for name, value in headers if value or name != b"cookie"]}


def outside(send: Send) -> Send:
    """A way to send an answer whose cookies wear the prefix."""

    async def prefixed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, _worn(value) if name.lower() == b"set-cookie" else value) for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await send(message)

    return prefixed


def _ours(cookies: bytes) -> bytes:
    pairs = (pair.strip() for pair in cookies.split(b";"))
    return b"; ".join(pair.removeprefix(PREFIX) for pair in pairs if pair.startswith(PREFIX))


def _worn(cookie: bytes) -> bytes:
    pair, *attributes = (part.strip() for part in cookie.split(b";"))
    kept = (one for one in attributes if one.partition(b"=")[0].lower() not in FORCED)
    return b"; ".join((PREFIX + pair, *kept, b"Path=/", b"Secure"))
