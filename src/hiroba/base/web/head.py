"""HEAD answers wherever GET does: the same headers, no body (RFC 9110 §9.3.2)."""

from typing import cast

from litestar.types import HTTPScope, Message, Send


def as_get(scope: HTTPScope, send: Send) -> tuple[HTTPScope, Send]:
    """The request as a GET, and a way to send its answer that leaves the body out."""

    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return cast("HTTPScope", {**scope, "method": "GET"}), headers_only
