"""What the token endpoint gives: an access token, and with a person also an ID token and a way to go on (RFC 6749 §5.1)."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.people.subjects import subject_of
from hiroba.exchange.identity.provider import keys
from hiroba.exchange.identity.provider.store import refreshing
from hiroba.exchange.identity.tokens import store
from hiroba.exchange.identity.tokens.store import Family

ACCESS: Final = timedelta(minutes=10)
"""How long an access token holds."""
ID_TOKEN: Final = timedelta(minutes=10)
"""How long an ID token may be believed for a sign-in."""
REFRESH: Final = timedelta(days=30)
"""How long a refresh token waits for its next use."""
ALTOGETHER: Final = timedelta(days=365)
"""How long a sign-in goes on by refreshing, however often; then its person signs in anew."""


class SignedIn(msgspec.Struct, frozen=True):
    """What an ID token says besides who: by whom, the request's nonce, and the session as the application knows it."""

    issuer: str
    nonce: str = ""
    sid: str = ""


async def access(conn: Connection, family: Family, scope: list[str]) -> dict[str, Any]:
    """An access token of a family, as the answer says it."""
    now = clock.now()
    token = await store.add_access_token(conn, family.id, scope, now, now + ACCESS)
    return {
        "access_token": token,
        "token_type": "DPoP" if family.thumbprint else "Bearer",
        "expires_in": int(ACCESS.total_seconds()),
        "scope": " ".join(scope),
    }


async def refresh(conn: Connection, family: Family) -> str:
    """A refresh token of a family."""
    return await refreshing.add_refresh_token(conn, family.id, min(clock.now() + REFRESH, family.made + ALTOGETHER))


async def id_token(
    conn: Connection, application: Application, family: Family, signed_in: SignedIn, access_token: str
) -> str:
    """Who signed in, when, and how surely (OpenID Connect Core §2); the subject is the application's own (§8.1)."""
    now = int(clock.now().timestamp())
    assert family.person is not None  # noqa: S101 - only families of a person have ID tokens
    claims: dict[str, Any] = {
        "iss": signed_in.issuer,
        "sub": await subject_of(conn, family.person, application.sector),
        "aud": application.id,
        "exp": now + int(ID_TOKEN.total_seconds()),
        "iat": now,
        "at_hash": _half_hash(access_token),
    }
    if family.proved is not None:
        claims["auth_time"] = int(family.proved.timestamp())
    optional = {"acr": family.level, "nonce": signed_in.nonce, "sid": signed_in.sid}
    claims |= {name: value for name, value in optional.items() if value}
    return await keys.sign(conn, application.signing_alg, "JWT", claims)


def _half_hash(token: str) -> str:
    """The `at_hash` of an access token: the left half of its SHA-256 (OpenID Connect Core §3.1.3.6)."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
