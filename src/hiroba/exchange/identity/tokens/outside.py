"""Access tokens of another OpenID Provider, where the house is set to believe one: Keycloak, or a prefecture's own (RFC 9068).

Such a token is read, not looked up: it is believed for a quarter of an hour at most. Which application it speaks for, whether
that is suspended, and for which purposes it may call are still asked of our own tables at each call.
"""

import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec
import orjson
from joserfc.jwk import KeySet

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.egress import Answer
from hiroba.base.errors import Unavailable
from hiroba.exchange.identity.tokens import access, jose, store
from hiroba.exchange.identity.tokens.access import InvalidToken, Scheme

SIGNED_WITH: Final = ("RS256", "PS256", "ES256", "Ed25519")
BELIEVED: Final = 900.0
"""Seconds a token may hold from now: how long its end over there may be unknown here."""
KEPT: Final = 600.0
"""Seconds the issuer's keys are kept."""
AGAIN: Final = 30.0
"""Seconds between two questions for keys, whether a token names one that is unknown or the issuer did not answer."""
TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""What a token may call itself; an ID token is told from it by its audience."""


class IssuerAway(Unavailable):
    """The other provider does not say by which keys its tokens are signed."""


class Calls(Protocol):
    """What calls outside: the house's egress."""

    async def call(self, method: str, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """One call."""


class _Said(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


class Issuer:
    """Another provider whose access tokens for this house are believed."""

    def __init__(self, issuer: str, audience: str, calls: Calls) -> None:
        self._issuer = issuer
        self._audience = audience
        self._calls = calls
        self._keys: tuple[float, KeySet] | None = None
        self._tried = -AGAIN

    async def shown(self, conn: Connection, scheme: Scheme, token: str, headers: Mapping[str, str]) -> store.Shown:
        """What the token stands for: an application of ours, with the scope and the binding that it carries."""
        try:
            claims = await self._read(token)
            client = jose.text(claims, "client_id" if "client_id" in claims else "azp").replace("\x00", "")
            scope = jose.text(claims, "scope", 4000).split()
            expires = jose.number(claims, "exp")
        except jose.TokenUnreadable as error:
            raise InvalidToken(f"The access token is refused. {error.detail}", scheme) from None
        confirmed = claims.get("cnf")
        thumbprint = confirmed.get("jkt") if isinstance(confirmed, dict) else None
        found = await store.outside(conn, client, scope, thumbprint if isinstance(thumbprint, str) else None, expires)
        if found is None:
            raise InvalidToken("The application of this token is not registered here, or it was suspended.", scheme)
        return await access.proved(conn, found, scheme, token, headers)

    async def _read(self, token: str) -> dict[str, Any]:
        """The claims, the signature checked; keys are asked for again where none of the known ones fits."""
        header = jose.header_of(token)
        if str(header.get("typ", "")).lower() not in TYPES:
            raise jose.TokenUnreadable("It is of another type than an access token.")
        try:
            claims = jose.read(token, await self._key_set(KEPT), SIGNED_WITH).claims
        except jose.TokenUnreadable:
            claims = jose.read(token, await self._key_set(AGAIN), SIGNED_WITH).claims
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer or self._audience not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise jose.TokenUnreadable("It is by another issuer, or for another audience.")
        now = clock.now().timestamp()
        if not now < jose.number(claims, "exp") <= now + BELIEVED:
            raise jose.TokenUnreadable(f"It is over, or holds for more than {BELIEVED:.0f} seconds.")
        if "nbf" in claims and jose.number(claims, "nbf") > now:
            raise jose.TokenUnreadable("It does not hold yet (nbf).")
        return claims

    async def _key_set(self, oldest: float) -> KeySet:
        """The issuer's keys, not older than so many seconds where it answers; asked for twice a minute at most."""
        now = time.monotonic()
        if self._keys is None or self._keys[0] <= now - oldest:
            if now >= self._tried + AGAIN:
                self._tried = now
                self._keys = (now, await self._ask())
            elif self._keys is None:
                raise IssuerAway("Its keys are not known yet.")
        return self._keys[1]

    async def _ask(self) -> KeySet:
        """The keys that the issuer publishes (OpenID Connect Discovery §4)."""
        try:
            said = msgspec.convert(await self._asked(f"{self._issuer}/.well-known/openid-configuration"), _Said)
            keys = KeySet([jose.public_key(one) for one in _signing(await self._asked(said.jwks_uri))])
        except (msgspec.ValidationError, jose.TokenUnreadable) as error:
            raise IssuerAway("What it says of itself cannot be read.") from error
        if said.issuer != self._issuer:
            raise IssuerAway("It calls itself by another name.")
        return keys

    async def _asked(self, url: str) -> Any:
        answer = await self._calls.call("GET", url, headers={"Accept": "application/json"})
        try:
            return orjson.loads(answer.body) if answer.status == 200 else None  # noqa: PLR2004 - OK
        except orjson.JSONDecodeError:
            return None


def _signing(document: Any) -> list[Any]:
    """The keys of a key set that sign, of kinds we know (RFC 7517 §5: others are passed over)."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise jose.TokenUnreadable("There are no keys in it.")
    return [one for one in keys if isinstance(one, dict) and one.get("kty") != "oct" and one.get("use", "sig") == "sig"]
