"""What the provider signs with, and how a key gives way to the next: published first, used later, kept until nobody asks.

A process holds no key between two requests: a rotation is seen by all at once.
"""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet, RSAKey

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.organisations.model import ALGORITHMS, Algorithm
from hiroba.exchange.identity.provider.store import keys as store

USED: Final = timedelta(days=90)
"""How long a key signs."""
SHOWN_BEFORE: Final = timedelta(days=1)
"""How long a key is published before it signs, so that whoever keeps the key set for a day knows it."""
SHOWN_AFTER: Final = timedelta(days=90)
"""How long a key is published after the next one took over: ID tokens come back as hints long after they expired."""


async def rotate(conn: Connection) -> None:
    """Make the next key of an algorithm where the present one has signed long enough; drop those nobody asks for any more."""
    now = clock.now()
    for algorithm in ALGORITHMS:
        kept = [one for one in await store.signing_keys(conn) if one.alg == algorithm]
        if kept and kept[0].active <= now - USED:
            await _make(conn, algorithm, SHOWN_BEFORE)
        for newer, older in pairwise(kept):
            if newer.active <= now - SHOWN_AFTER:
                await store.drop_signing_key(conn, older.kid)


async def published(conn: Connection) -> list[dict[str, Any]]:
    """The public keys (RFC 7517 §5): those that sign, those that will, those that did; made where there are none."""
    for algorithm in ALGORITHMS:
        await _signing(conn, algorithm)
    return [
        _key(one).as_dict(private=False, kid=one.kid, alg=one.alg, use="sig") for one in await store.signing_keys(conn)
    ]


async def key_set(conn: Connection) -> KeySet:
    """The published keys, to check what comes back to us."""
    return KeySet([JWKRegistry.import_key(one) for one in await published(conn)])


async def sign(conn: Connection, algorithm: Algorithm, typ: str, claims: dict[str, Any]) -> str:
    """The claims as a compact JWS of the house."""
    kept = await _signing(conn, algorithm)
    header = {"alg": kept.alg, "kid": kept.kid, "typ": typ}
    return jws.serialize_compact(header, orjson.dumps(claims), _key(kept), algorithms=[kept.alg])


async def _signing(conn: Connection, algorithm: Algorithm) -> store.SigningKey:
    """The newest key of an algorithm whose time has come; made at first use."""
    now = clock.now()
    for _ in range(2):
        for one in await store.signing_keys(conn):
            if one.alg == algorithm and one.active <= now:
                return one
        await _make(conn, algorithm, timedelta())
        now = clock.now()
    raise RuntimeError(f"no key for {algorithm} could be made")


async def _make(conn: Connection, algorithm: Algorithm, later: timedelta) -> None:
    # making an RSA key takes a tenth of a second of one core: not on the event loop
    key = await asyncio.to_thread(_generate, algorithm)
    private = orjson.dumps(key.as_dict(private=True)).decode()
    await store.add_signing_key(conn, key.thumbprint(), algorithm, private, clock.now() + later)


def _generate(algorithm: Algorithm) -> Key:
    return RSAKey.generate_key(3072) if algorithm == "RS256" else ECKey.generate_key("P-256")


def _key(kept: store.SigningKey) -> Key:
    return JWKRegistry.import_key(orjson.loads(kept.private))
