"""Signing in at an upstream OpenID Provider: the profile of デジタル認証アプリ, as a relying party (OpenID Connect Core 1.0).

Code flow only, PKCE with S256 (RFC 7636), the client proves itself by a signed assertion (`private_key_jwt`, RFC 7523),
`acr_values`, state and nonce, the issuer named in the answer where the provider does so (RFC 9207). What we take is the
provider's own pairwise `sub`, nothing else: no name, no address.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, cast
from urllib.parse import urlencode, urlsplit

import msgspec
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, KeySetSerialization, RSAKey
from joserfc.jwt import ClaimsOption

from hiroba.base import clock
from hiroba.base.egress import Answer
from hiroba.base.errors import Forbidden, Problem, Stop
from hiroba.base.ids import ulid
from hiroba.exchange.identity.people.passkeys import text

ALGORITHMS: Final = ("ES256", "PS256", "RS256")
"""Signatures that are believed; neither `none` nor a shared secret is among them."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BELIEVED: Final = timedelta(hours=1)
"""How long what the provider says of itself is kept."""
UNREADABLE: Final = (JoseError, ValueError, KeyError, TypeError)
"""What documents and tokens raise that are not what they should be; msgspec's own is a ValueError."""
LEEWAY: Final = 60
"""Seconds that the provider's clock may differ."""


class UpstreamAway(Problem):
    """The other sign-in does not answer as it should."""

    status = 502


class UpstreamRefused(Forbidden):
    """The other sign-in was left, or its answer is not right."""


class Calls(Protocol):
    """How the provider is called: `Egress`."""

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One call."""


class Provider(msgspec.Struct, frozen=True):
    """An upstream provider and who we are there."""

    issuer: str
    client: str
    key: ECKey | RSAKey
    acr: str = ""
    """Acceptable classes of authentication, with spaces; the answer must name one of them. Empty: any."""
    fake: bool = False
    """Whether it is the stand-in of this house."""


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class Pending(msgspec.Struct, frozen=True):
    """What the answer must fit; kept with the browser's attempt."""

    state: str
    nonce: str
    verifier: str
    redirect: str


class Upstream:
    """The relying party's side of one provider."""

    def __init__(self, provider: Provider, calls: Calls) -> None:
        self.provider = provider
        self._calls = calls
        self._known: tuple[datetime, Metadata, KeySet] | None = None

    async def begin(self, redirect: str) -> tuple[str, Pending]:
        """Where the browser is sent, and what its answer must fit."""
        metadata, _ = await self._about()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = Pending(state, nonce, verifier, redirect)
        asked = {
            "response_type": "code",
            "client_id": self.provider.client,
            "redirect_uri": redirect,
            "scope": "openid",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge_of(pending.verifier),
            "code_challenge_method": "S256",
        }
        if self.provider.acr:
            asked["acr_values"] = self.provider.acr
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}", pending

    async def subject(self, pending: Pending, answer: Mapping[str, str]) -> str:
        """The provider's `sub` of who came back with `answer`, everything about it checked."""
        metadata, keys = await self._about()
        if not secrets.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise UpstreamRefused("This answer belongs to another sign-in. Please begin again.")
        named = answer.get("iss")
        if named != metadata.issuer and (named is not None or metadata.authorization_response_iss_parameter_supported):
            raise UpstreamRefused("This answer comes from another provider.")
        if "error" in answer or not answer.get("code"):
            raise UpstreamRefused("Nothing was changed. You can try again, or use another way.")
        token = await self._token(metadata, pending, answer["code"])
        try:
            return self._read(token, keys, pending)
        except UNREADABLE:
            metadata, keys = await self._about(again=True)  # the provider may have new keys
            try:
                return self._read(token, keys, pending)
            except UNREADABLE as error:
                raise UpstreamRefused("The provider's word cannot be verified.") from error

    async def _token(self, metadata: Metadata, pending: Pending, code: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect,
            "code_verifier": pending.verifier,
            "client_id": self.provider.client,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(metadata.token_endpoint),
        }
        document = await self._asked("POST", metadata.token_endpoint, urlencode(form).encode())
        token = document.get("id_token")
        if not isinstance(token, str):
            raise UpstreamAway("Its token endpoint gave no ID token.")
        return token

    def _assertion(self, audience: str) -> str:
        """Who we are, signed (RFC 7523 §2.2): for this audience, once, for a minute."""
        now = int(clock.now().timestamp())
        key = self.provider.key
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        claims = {"iss": self.provider.client, "sub": self.provider.client, "aud": audience, "jti": ulid()}
        header = {"alg": algorithm, "kid": key.kid} if key.kid else {"alg": algorithm}
        return jwt.encode(header, claims | {"iat": now, "exp": now + 60}, key, algorithms=[algorithm])

    def _read(self, token: str, keys: KeySet, pending: Pending) -> str:
        """The `sub` of an ID token (OpenID Connect Core §3.1.3.7); UNREADABLE where anything is wrong with it."""
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        audiences = claims.get("aud")
        acr: ClaimsOption = {"essential": True, "values": self.provider.acr.split()} if self.provider.acr else {}
        jwt.JWTClaimsRegistry(
            now=int(clock.now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client},
            nonce={"essential": True, "value": pending.nonce},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            azp={"essential": isinstance(audiences, list) and len(audiences) > 1, "value": self.provider.client},
            acr=acr,
        ).validate(claims)
        return str(claims["sub"])

    async def _about(self, *, again: bool = False) -> tuple[Metadata, KeySet]:
        """What the provider says of itself and its keys, asked once an hour."""
        now = clock.now()
        if self._known is None or again or self._known[0] < now - BELIEVED:
            issuer = self.provider.issuer
            said = await self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                metadata = msgspec.convert(said, Metadata)
                keys = KeySet.import_key_set(cast("KeySetSerialization", await self._asked("GET", metadata.jwks_uri)))
            except UNREADABLE as error:
                raise UpstreamAway("What it says of itself cannot be read.") from error
            if metadata.issuer != issuer:
                raise UpstreamAway("It calls itself by another name.")
            self._known = (now, metadata, keys)
        return self._known[1], self._known[2]

    async def _asked(self, method: str, url: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = await self._calls.call(method, url, headers=headers, body=body)
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            document = None
        if answer.status != 200 or not isinstance(document, dict):  # noqa: PLR2004 - OK
            raise UpstreamAway(f"It answered {answer.status}. Please try again, or use another way.")
        return document


def key_of(file: str) -> ECKey | RSAKey:
    """Our private key at a provider, out of a file with a JWK."""
    try:
        key = JWKRegistry.import_key(orjson.loads(Path(file).read_text()))
    except (*UNREADABLE, OSError) as error:
        raise Stop(f"HIROBA_UPSTREAM_KEY: {file} holds no JWK.") from error
    if not isinstance(key, ECKey | RSAKey) or not key.is_private:
        raise Stop("HIROBA_UPSTREAM_KEY names no private key, EC P-256 or RSA.")
    return key


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return text(hashlib.sha256(verifier.encode()).digest())
