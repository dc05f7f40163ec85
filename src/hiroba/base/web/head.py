"""HEAD answers wherever GET does: the same head, no body (RFC 9110 §9.3.2)."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send


async def answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let `app` answer; a HEAD as it would answer the GET, its body kept back."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
        await app(scope, receive, send)
        return

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    await app({**scope, "method": "GET"}, receive, headed)
