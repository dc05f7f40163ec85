"""Who calls a Litestar route, and whether the route was declared for them: `opt={"may": (ANYONE,)}`."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from hiroba.exchange.identity import credentials
from hiroba.exchange.identity.callers import Caller

GivenCaller = NamedDependency[Caller]
SESSION_COOKIE = credentials.SESSION_COOKIE


async def known(request: Request[Any, Any, Any]) -> Caller:
    """The caller of this request, asked once; a dependency of every handler."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


async def declared(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let in whom the route declares, and nobody where it declares nobody."""
    # a route without a form token takes keys alone: a browser sends its session cookie for whoever asks it to
    cookies = {} if handler.opt.get("exclude_from_csrf") else connection.cookies
    async with connection.app.state.pool.acquire() as conn:
        caller = await credentials.caller_of(conn, headers_of(connection), cookies, connection.app.state.issuer)
    connection.scope["state"]["caller"] = caller
    caller.must_be(handler.opt.get("may", ()))


def headers_of(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    """The headers of a call with its method and address, as HTTP/2 has them (RFC 9113 §8.3.1): a DPoP proof is for these."""
    headers = dict(connection.headers)
    if "dpop" in headers:
        path = (connection.scope.get("raw_path") or connection.scope["path"].encode()).decode("latin-1")
        house: str = connection.app.state.settings.url
        headers |= {":method": str(connection.scope.get("method", "")), ":url": house + path}
    return headers
