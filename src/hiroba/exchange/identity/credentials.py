"""The one place where a key, a session or an access token becomes a Caller."""

from collections.abc import Mapping
from typing import Final

from hiroba.base.db import Connection
from hiroba.base.errors import Unauthorized
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import NOBODY, Caller
from hiroba.exchange.identity.tokens import access
from hiroba.exchange.identity.tokens.outside import Issuer
from hiroba.exchange.identity.tokens.store import PREFIX

SESSION_COOKIE: Final = "hiroba_session"
NOTHING: Final[Mapping[str, str]] = {}


class UnknownCredentials(Unauthorized):
    """This key or token is not known, or it was revoked."""


async def caller_of(
    conn: Connection, headers: Mapping[str, str], cookies: Mapping[str, str] = NOTHING, issuer: Issuer | None = None
) -> Caller:
    """Who calls, by what they carry; `headers` has lower-case names. What is not known is refused rather than ignored.

    `issuer`: another provider whose access tokens are believed as well.
    """
    scheme, secret = _carried(headers)
    sent: access.Scheme = "DPoP" if scheme == "dpop" else "Bearer"
    if issuer is not None and scheme in {"dpop", "bearer"} and _is_signed(secret):
        return access.caller(await issuer.shown(conn, sent, secret, headers))
    if scheme == "dpop" or (scheme == "bearer" and secret.startswith(PREFIX)):
        return access.caller(await access.shown(conn, sent, secret, headers))
    if scheme == "bearer":
        caller = await store.caller_of_key(conn, secret)
        if caller is None:
            raise UnknownCredentials
        return caller
    if session := cookies.get(SESSION_COOKIE):
        return await store.caller_of_session(conn, session) or NOBODY
    return NOBODY


def is_key(headers: Mapping[str, str]) -> bool:
    """Whether the credential is a key: keys alone may be remembered for a moment."""
    scheme, secret = _carried(headers)
    return scheme == "bearer" and not secret.startswith(PREFIX) and not _is_signed(secret)


def _carried(headers: Mapping[str, str]) -> tuple[str, str]:
    """The scheme of the Authorization header in small letters, and what follows it."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return scheme.lower(), secret.strip()


def _is_signed(secret: str) -> bool:
    """Whether this looks like a token of another provider: a compact JWS."""
    return secret.startswith("eyJ") and secret.count(".") == 2  # noqa: PLR2004 - the parts of a JWS
