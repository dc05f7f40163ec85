"""The provider's endpoints for programs. An error is an answer, so that what it has to leave behind (a used proof) stays."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.datastructures import State

from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.guards import headers_of
from hiroba.exchange.identity.provider import clients, devices, errors, granting, keys, looking, metadata, proving
from hiroba.exchange.identity.provider.browser import push
from hiroba.exchange.identity.provider.errors import NOT_KEPT
from hiroba.exchange.identity.provider.forms import form_of, needed
from hiroba.exchange.identity.provider.granting import Asking
from hiroba.exchange.identity.tokens import access, proofs

Way = Callable[[Connection, Asking], Awaitable[dict[str, Any]]]
WAYS: Final[dict[str, Way]] = {
    "authorization_code": granting.for_a_code,
    "refresh_token": granting.for_a_refresh_token,
    "client_credentials": granting.for_itself,
    "urn:ietf:params:oauth:grant-type:device_code": devices.for_a_device,
}
"""The ways to tokens."""
HOUR: Final = {"Cache-Control": "public, max-age=3600"}


class Programs(Controller):
    """What applications call. Each authenticates itself in the request (or has nothing to hide)."""

    tags = ("OpenID Provider",)
    opt = {"may": (ANYONE,), "exclude_from_csrf": True}  # noqa: RUF012 - Litestar's own declaration
    exception_handlers = {Exception: errors.foreseen}  # noqa: RUF012 - as above

    @get(
        ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
        sync_to_thread=False, summary="What the OpenID Provider can do",
    )  # fmt: skip
    def discovery(self, state: State) -> Response[dict[str, Any]]:
        """The provider's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3)."""
        return Response(metadata.document(state.settings.url), headers=HOUR)

    @get(metadata.KEYS, summary="The provider's public keys")
    async def key_set(self, conn: GivenConnection) -> Response[dict[str, Any]]:
        """The key set (RFC 7517 §5)."""
        return Response({"keys": await keys.published(conn)}, headers=HOUR)

    @post(metadata.TOKEN, status_code=200, summary="Get tokens")
    async def token(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The token endpoint (RFC 6749 §3.2)."""
        return await _answered(conn, request, _tokens)

    @post(metadata.PUSH, status_code=201, summary="Push an authorization request")
    async def push(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The pushed authorization request endpoint (RFC 9126 §2)."""
        return await _answered(conn, request, push, status=201)

    @post(metadata.DEVICE, status_code=200, summary="Begin a sign-in on a device without a browser")
    async def device(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The device authorization endpoint (RFC 8628 §3.1)."""
        return await _answered(conn, request, devices.begin)

    @post(metadata.INTROSPECT, status_code=200, summary="What a token stands for")
    async def introspect(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The introspection endpoint (RFC 7662 §2)."""
        return await _answered(conn, request, looking.introspect)

    @post(metadata.REVOKE, status_code=200, summary="Give a token up")
    async def revoke(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The revocation endpoint (RFC 7009 §2)."""
        return await _answered(conn, request, looking.revoke)

    @get(metadata.USERINFO, summary="Who the access token's person is")
    async def userinfo(self, conn: GivenConnection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
        """The UserInfo endpoint (OpenID Connect Core §5.3)."""
        return await _person(conn, request)

    @post(metadata.USERINFO, status_code=200, summary="Who the access token's person is")
    async def userinfo_by_post(
        self, conn: GivenConnection, request: Request[Any, Any, State]
    ) -> Response[dict[str, Any]]:
        """The same by POST (OpenID Connect Core §5.3.1)."""
        return await _person(conn, request)


Work = Callable[[Connection, Asking], Awaitable[dict[str, Any]]]


async def _answered(
    conn: Connection, request: Request[Any, Any, State], work: Work, status: int = 200
) -> Response[dict[str, Any]]:
    """The application authenticated, its key proved where it sends a proof, and then the work."""
    issuer: str = request.app.state.settings.url
    headers = headers_of(request)
    given = dict(NOT_KEPT)
    try:
        form = await form_of(request)
        application = await clients.authenticated(conn, headers, form, issuer)
        thumbprint = await proving.thumbprint(conn, headers) if _binds(work) else None
        if thumbprint is not None:
            given["DPoP-Nonce"] = await proofs.nonce(conn)
        document = await work(conn, Asking(issuer, application, form, thumbprint))
    except Problem as error:
        return errors.answer(error, {name: text for name, text in given.items() if name == "DPoP-Nonce"})
    return Response(document, status_code=status, media_type=MediaType.JSON, headers=given)


def _binds(work: Work) -> bool:
    """Whether a proof sent along says to which key something is to be bound."""
    return work in (_tokens, push)


async def _tokens(conn: Connection, asking: Asking) -> dict[str, Any]:
    """Tokens by the way that the grant_type names."""
    application, way = asking.application, WAYS.get(needed(asking.form, "grant_type"))
    if way is None:
        raise errors.UnsupportedGrantType
    if asking.form["grant_type"] not in application.grants:
        raise errors.UnauthorizedClient
    if application.dpop_bound and asking.thumbprint is None:
        raise errors.InvalidProof("This application's tokens are bound to a key: send a DPoP proof.")
    return await way(conn, asking)


async def _person(conn: Connection, request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
    try:
        # the guard has seen the proof of a token in the header, and a proof works once
        document = await looking.person(conn, await access.known(conn, *await _bearer(request)))
    except Problem as error:
        return errors.answer(error)
    return Response(document, headers=NOT_KEPT)


async def _bearer(request: Request[Any, Any, State]) -> tuple[access.Scheme, str]:
    """The access token of a call: in its header, or in the form of a POST (RFC 6750 §2.1, §2.2); never in its address."""
    if request.method == "POST" and "authorization" not in request.headers and "content-type" in request.headers:
        return "Bearer", needed(await form_of(request), "access_token")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    kinds: dict[str, access.Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}
    if scheme.lower() not in kinds:
        raise access.InvalidToken("Send the access token in the Authorization header.")
    return kinds[scheme.lower()], token.strip()
