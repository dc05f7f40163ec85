"""A signed token from outside, read with suspicion (RFC 8725): who reads it says which algorithms and keys may be meant.

Nothing in a token chooses how it is checked: no algorithm but the listed ones, no address of a key, no `crit`.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from hiroba.base.errors import Invalid

CLIENTS_SIGN_WITH: Final = ("ES256", "PS256", "Ed25519")
"""What applications sign with (FAPI 2.0 Security Profile §5.4.1; Ed25519 under its name of RFC 9864)."""
LONGEST: Final = 16_000
"""Characters of a token that is looked at."""
RSA: Final = range(342, 684)
"""Characters of the modulus of RSA keys from 2048 to 4096 bits."""
HEADER: Final = frozenset({"alg", "typ", "kid", "cty", "x5t", "x5t#S256"})
"""Header parameters that may stand there; those that name a key elsewhere (jku, x5u, x5c) or change the reading may not."""
MISREAD: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What the libraries raise about nonsense."""
REGISTRY: Final = jws.JWSRegistry(algorithms=("RS256", *CLIENTS_SIGN_WITH), strict_check_header=False)
REGISTRY.max_header_length = 4096


class TokenUnreadable(Invalid):
    """This signed token is not what it should be."""


class Read(msgspec.Struct, frozen=True):
    """A token whose signature was checked."""

    header: dict[str, Any]
    claims: dict[str, Any]


def header_of(token: str, also: Collection[str] = ()) -> dict[str, Any]:
    """The header of a compact JWS, unchecked, or the problem with it. `also`: parameters that may stand there besides."""
    if len(token) > LONGEST or token.count(".") != 2:  # noqa: PLR2004 - the parts of a compact JWS (RFC 7515 §7.1)
        raise TokenUnreadable("It is no compact JWS.")
    try:
        header: dict[str, Any] = jws.extract_compact(token.encode("ascii"), registry=REGISTRY).headers()
        names = set(header)
    except MISREAD:
        raise TokenUnreadable("It is no compact JWS.") from None
    if strange := names - HEADER - set(also):
        raise TokenUnreadable(f"Its header must not carry {', '.join(sorted(strange))[:100]}.")
    return header


def public_key(jwk: Any) -> Key:
    """A public key that is strong enough, or the problem with it."""
    try:
        if jwk["kty"] == "oct" or (jwk["kty"] == "RSA" and len(jwk["n"].rstrip("=")) not in RSA):
            raise TokenUnreadable("The key is symmetric, or too weak or too large.")
        key = JWKRegistry.import_key(jwk)
        private = key.is_private
        key.thumbprint()
    except MISREAD:
        raise TokenUnreadable("The key cannot be read as a JWK.") from None
    if private:
        raise TokenUnreadable("The key carries its private part: it is no secret any more.")
    return key


def public_keys(jwks: Any) -> KeySet:
    """Public keys (RFC 7517 §5), each strong enough, or the problem with them."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list) or not jwks["keys"]:
        raise TokenUnreadable("There are no keys in it.")
    return KeySet([public_key(one) for one in jwks["keys"]])


def read(token: str, keys: Key | KeySet, algorithms: Collection[str], *, also: Collection[str] = ()) -> Read:
    """What a token says, its signature checked by one of `keys` under one of `algorithms`, or the problem with it."""
    header = header_of(token, also)
    if header.get("alg") not in algorithms:
        raise TokenUnreadable(f"It has to be signed with {' or '.join(algorithms)}.")
    candidates = [key for key in (keys.keys if isinstance(keys, KeySet) else [keys]) if _may_be(key, header)]
    for key in candidates:
        try:
            checked = jws.deserialize_compact(token.encode("ascii"), key, registry=REGISTRY)
            claims = orjson.loads(checked.payload or b"")
        except MISREAD:
            continue
        if isinstance(claims, dict):
            return Read(header, claims)
    raise TokenUnreadable("Its signature is by none of the keys that may sign here.")


def _may_be(key: Key, header: dict[str, Any]) -> bool:
    """Whether this key is meant: by its id where both name one, and made for the algorithm."""
    named = header.get("kid") is None or key.kid is None or key.kid == header["kid"]
    return named and key.alg in (None, header["alg"])


def number(claims: dict[str, Any], name: str) -> float:
    """A claim that is a point in time (RFC 7519 §2 NumericDate), or the problem that it is none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 << 40:
        raise TokenUnreadable(f"Its {name} has to be a point in time.")
    return float(value)


def text(claims: dict[str, Any], name: str, longest: int = 500) -> str:
    """A claim that is a text, or the problem that it is none."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise TokenUnreadable(f"Its {name} has to be a text.")
    return value
