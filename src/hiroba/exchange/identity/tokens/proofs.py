"""DPoP proofs (RFC 9449 §4.3): who shows a token also shows, for this very call, that they hold the key it is bound to."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.exchange.identity import store as secrets
from hiroba.exchange.identity.tokens import jose, nonces, store

FRESH: Final = 300.0
"""Seconds a proof may be old; its nonce says the same with our own clock."""
DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class InvalidProof(Invalid):
    """This DPoP proof does not prove that the caller holds the key."""


class NonceNeeded(InvalidProof):
    """The proof has to carry a nonce of the house's own."""


class Call(msgspec.Struct, frozen=True):
    """The call that a proof is for: its method, and its address as the house is reached from outside."""

    method: str
    url: str


def call_of(headers: Mapping[str, str]) -> Call:
    """The call that these headers came with: its method and address stand among them as `:method` and `:url`."""
    return Call(headers.get(":method", ""), headers.get(":url", ""))


async def thumbprint(conn: Connection, proof: str, call: Call, token: str | None = None) -> str:
    """The RFC 7638 thumbprint of the key that signed a proof for this call, and for `token` where one is shown."""
    header = jose.header_of(proof, also=("jwk",))
    if header.get("typ") != "dpop+jwt":
        raise InvalidProof("The proof has to be of the type dpop+jwt.")
    key = jose.public_key(header.get("jwk"))
    claims = jose.read(proof, key, jose.CLIENTS_SIGN_WITH, also=("jwk",)).claims
    if claims.get("htm") != call.method or _plain(claims.get("htu")) != _plain(call.url):
        raise InvalidProof("The proof is for another call (htm, htu).")
    if token is not None and claims.get("ath") != hash_of(token):
        raise InvalidProof("The proof is for another token (ath).")
    now = clock.now().timestamp()
    if abs(now - jose.number(claims, "iat")) > FRESH:
        raise InvalidProof("The proof is of another time (iat).")
    if ("exp" in claims and jose.number(claims, "exp") < now) or (
        "nbf" in claims and jose.number(claims, "nbf") > now + FRESH
    ):
        raise InvalidProof("The proof is over, or does not hold yet (exp, nbf).")
    if not nonces.is_fresh(await _secret(conn), claims.get("nonce")):
        raise NonceNeeded
    print_: str = key.thumbprint()
    once = f"dpop {print_} {jose.text(claims, 'jti')}"
    if not await store.first_use(conn, once, clock.now() + timedelta(seconds=2 * FRESH)):
        raise InvalidProof("The proof was used before (jti).")
    return print_


async def nonce(conn: Connection) -> str:
    """A nonce for the caller's next proof."""
    return nonces.make(await _secret(conn))


def hash_of(token: str) -> str:
    """The `ath` of a token: base64url of its SHA-256."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _plain(url: object) -> tuple[str, str, int | None, str] | None:
    """An address as it is compared: no query, no fragment, scheme and host in small letters (RFC 9449 §4.3)."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"


async def ready(conn: Connection) -> None:
    """Make the key of nonces, once and for all: a call that is refused keeps nothing, so it must not be the one that makes it."""
    await _secret(conn)


async def _secret(conn: Connection) -> str:
    return await secrets.secret(conn, "dpop")
