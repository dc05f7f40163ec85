"""What every answer says to the browser about itself: where it may load from, who may frame it, what it may ask for."""

from typing import Final
from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import Message, Scope, Send

PERMISSIONS: Final = "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), interest-cohort=()"
HSTS: Final = "max-age=31536000; includeSubDomains"
"""A year of https for this host and those below it (RFC 6797); sent where the house has https."""


def policy(tiles: str, *answered_at: str) -> str:
    """The content security policy: our own files, no inline script or style, and the one host of the map's tiles.

    `answered_at`: where the answer to a form of this page may lead besides this house.
    """
    parts = urlsplit(tiles)
    host = f" {parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob:{host}",
            f"connect-src 'self'{host}",
            "font-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            " ".join(("form-action 'self'", *answered_at)),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def of_programs(*, secure: bool) -> list[tuple[bytes, bytes]]:
    """The same for the exchange, whose answers no browser is to show, run or frame."""
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
        (b"referrer-policy", b"no-referrer"),
        *([(b"strict-transport-security", HSTS.encode())] if secure else ()),
    ]


def adding(headers: list[tuple[bytes, bytes]], send: Send) -> Send:
    """A way to send an answer with `headers` besides its own."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return with_headers


class Headers:
    """Adds the headers to every answer of the door, pages and problems alike (Litestar's `before_send`)."""

    def __init__(self, tiles: str, *, secure: bool) -> None:
        self.always = {
            "Content-Security-Policy": policy(tiles),
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Permissions-Policy": PERMISSIONS,
        }
        if secure:
            self.always["Cross-Origin-Opener-Policy"] = "same-origin"
            self.always["Strict-Transport-Security"] = HSTS

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Add what is missing to the head of an answer."""
        if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in self.always.items():
            headers.setdefault(name, value)
        caller = (scope.get("state") or {}).get("caller")
        if caller is not None and caller.kind != "anyone":
            headers.setdefault("Cache-Control", "no-store")
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.setdefault("Vary", "Accept-Language, Cookie")
