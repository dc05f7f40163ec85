"""Who asks at the token endpoint and beside it: client authentication by signed assertion or secret (RFC 6749 §2.3, RFC 7523)."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_plus

import orjson
from joserfc import jws

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.organisations import store as registered
from hiroba.exchange.identity.organisations.model import Application, AuthMethod
from hiroba.exchange.identity.provider.errors import InvalidClient, InvalidRequest
from hiroba.exchange.identity.tokens import jose, store

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = 600.0
"""Seconds an assertion may hold from now."""
SKEW: Final = 30.0
"""Seconds by which the clock of an application may be ahead."""


async def authenticated(
    conn: Connection, headers: Mapping[str, str], form: Mapping[str, str], issuer: str
) -> Application:
    """The application that asks, which showed that it is the one it says in the one way it is registered for."""
    basic = headers.get("authorization", "")
    assertion = form.get("client_assertion")
    if "client_secret" in form or (basic and assertion):
        raise InvalidRequest("Authenticate once: by client_secret_basic or by private_key_jwt.")
    if assertion is not None:
        application = await _by_assertion(conn, assertion, form, issuer)
    elif basic:
        application = await _by_secret(conn, basic)
    else:
        application = await _known(conn, form.get("client_id", ""), "none")
    if form.get("client_id", application.id) != application.id:
        raise InvalidClient("The client_id is another one than that of the credentials.")
    return application


async def _known(conn: Connection, id_: str, method: AuthMethod) -> Application:
    application = await registered.application(conn, id_)
    if application is None or application.auth_method != method or application.state == "suspended":
        raise InvalidClient
    return application


async def _by_secret(conn: Connection, authorization: str) -> Application:
    """client_secret_basic. Ids may hold a colon, secrets do not, and clients differ in whether they encode it."""
    challenge = (("WWW-Authenticate", 'Basic realm="applications"'),)
    scheme, _, credentials = authorization.partition(" ")
    try:
        id_, _, secret = b64decode(credentials.strip(), validate=True).decode("ascii").rpartition(":")
        id_, secret = unquote_plus(id_, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:
        scheme = ""
    if scheme.lower() != "basic":
        raise InvalidClient("The credentials cannot be read.", headers=challenge)
    try:
        application = await _known(conn, id_.replace("\x00", ""), "client_secret_basic")
    except InvalidClient:
        raise InvalidClient(headers=challenge) from None
    if not await registered.is_secret_of(conn, application.id, secret):
        raise InvalidClient(headers=challenge)
    return application


async def _by_assertion(conn: Connection, assertion: str, form: Mapping[str, str], issuer: str) -> Application:
    """private_key_jwt (OpenID Connect Core §9): signed by a registered key, for us alone, once."""
    if form.get("client_assertion_type") != ASSERTION:
        raise InvalidRequest(f"client_assertion_type has to be {ASSERTION}.")
    try:
        application = await _known(conn, _claimed_issuer(assertion), "private_key_jwt")
        keys = jose.public_keys(application.jwks)
        claims = jose.read(assertion, keys, jose.CLIENTS_SIGN_WITH).claims
        expires = _check(claims, application.id, issuer)
        once = f"assertion {application.id} {jose.text(claims, 'jti')}"
    except jose.TokenUnreadable as error:
        raise InvalidClient(f"The client_assertion is refused. {error.detail}") from None
    if not await store.first_use(conn, once, expires):
        raise InvalidClient("The client_assertion was used before (jti).")
    return application


def _claimed_issuer(assertion: str) -> str:
    """Who the assertion says it is by: believed only as far as choosing the keys to check it with."""
    jose.header_of(assertion)
    try:
        claims: Any = orjson.loads(
            jws.extract_compact(assertion.encode("ascii"), registry=jose.REGISTRY).payload or b""
        )
    except jose.MISREAD:
        claims = None
    if not isinstance(claims, dict):
        raise jose.TokenUnreadable("It says nothing.")
    return jose.text(claims, "iss").replace("\x00", "")


def _check(claims: dict[str, Any], id_: str, issuer: str) -> datetime:
    """Until when the assertion holds, or the problem with what it says. Its audience is the issuer alone (FAPI 2.0 §5.3.2)."""
    now = clock.now().timestamp()
    if claims.get("iss") != id_ or claims.get("sub") != id_:
        raise jose.TokenUnreadable("Its iss and sub have to be the client_id.")
    if claims.get("aud") != issuer:
        raise jose.TokenUnreadable("Its aud has to be the issuer, and nothing else.")
    expires = jose.number(claims, "exp")
    if not now < expires <= now + LONGEST:
        raise jose.TokenUnreadable(f"Its exp has to be within the next {LONGEST:.0f} seconds.")
    if any(jose.number(claims, name) > now + SKEW for name in ("nbf", "iat") if name in claims):
        raise jose.TokenUnreadable("It is from the future (nbf, iat).")
    return datetime.fromtimestamp(expires, UTC)
