"""The one place where a key, a session or an access token becomes a Caller."""

from collections.abc import Mapping
from typing import Final

from hiroba.base.db import Connection
from hiroba.base.errors import Unauthorized
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import NOBODY, Caller
from hiroba.exchange.identity.tokens import access
from hiroba.exchange.identity.tokens.store import PREFIX

SESSION_COOKIE: Final = "hiroba_session"
NOTHING: Final[Mapping[str, str]] = {}


class UnknownCredentials(Unauthorized):
    """This key or token is not known, or it was revoked."""


async def caller_of(conn: Connection, headers: Mapping[str, str], cookies: Mapping[str, str] = NOTHING) -> Caller:
    """Who calls, by what they carry; `headers` has lower-case names. What is not known is refused rather than ignored."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() == "dpop" or (scheme.lower() == "bearer" and secret.startswith(PREFIX)):
        found = await access.shown(conn, "DPoP" if scheme.lower() == "dpop" else "Bearer", secret, headers)
        return access.caller(found)
    if scheme.lower() == "bearer":
        caller = await store.caller_of_key(conn, secret)
        if caller is None:
            raise UnknownCredentials
        return caller
    if session := cookies.get(SESSION_COOKIE):
        return await store.caller_of_session(conn, session) or NOBODY
    return NOBODY


def is_key(headers: Mapping[str, str]) -> bool:
    """Whether the credential is a key: keys alone may be remembered for a moment."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and not secret.strip().startswith(PREFIX)
