"""A stand-in for the upstream provider, for tests and demonstrations: it lets anybody be one of a few invented people.

It speaks the same protocol as the real one (discovery, code flow with PKCE S256, `private_key_jwt`, pairwise `sub`, `acr`,
nonce) and checks what a real one checks, so that our side of it is the same code. It is only ever run on loopback.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.exchange.identity import store
from hiroba.exchange.identity.people.passkeys import text
from hiroba.exchange.identity.people.store import attempts
from hiroba.exchange.identity.people.upstream import ASSERTION, LEEWAY, UNREADABLE, Provider, challenge_of

PATH: Final = "/fake-upstream"
CLIENT: Final = "hiroba"
ACR: Final = "aal3"


class FakePerson(msgspec.Struct, frozen=True):
    """Somebody who does not exist, by name in two languages."""

    id: str
    name: dict[str, str]


PEOPLE: Final = (
    FakePerson("hanako", {"ja": "見本 花子", "en": "Hanako Mihon"}),
    FakePerson("taro", {"ja": "見本 太郎", "en": "Taro Mihon"}),
    FakePerson("ume", {"ja": "例示 うめ", "en": "Ume Reiji"}),
    FakePerson("ken", {"ja": "試験 健", "en": "Ken Shiken"}),
)


class NotSo(Invalid):
    """The request to the stand-in is not right."""


class Asked(msgspec.Struct, frozen=True):
    """An authorization request, checked."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


async def provider(conn: Connection, url: str) -> Provider:
    """The house itself as the stand-in's one client."""
    return Provider(f"{url}{PATH}", CLIENT, await _key(conn, "fake-upstream-client"), ACR, fake=True)


def discovery(url: str) -> dict[str, Any]:
    """What the stand-in says of itself."""
    here = f"{url}{PATH}"
    return {
        "issuer": here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "jwks_uri": f"{here}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "acr_values_supported": [ACR],
        "authorization_response_iss_parameter_supported": True,
    }


async def jwks(conn: Connection) -> dict[str, Any]:
    """The public key its tokens are verified with."""
    return {"keys": [(await _key(conn, "fake-upstream")).as_dict(private=False)]}


def asked(query: Mapping[str, str], redirects: tuple[str, ...]) -> Asked:
    """The authorization request in a query, or what is wrong with it."""
    request = Asked(*(query.get(name, "") for name in Asked.__struct_fields__))
    if request.client_id != CLIENT or request.redirect_uri not in redirects:
        raise NotSo("This client or its redirect URI is not registered.")
    wrong = {
        "response_type": query.get("response_type") != "code",
        "scope": "openid" not in query.get("scope", "").split(),
        "code_challenge_method": query.get("code_challenge_method") != "S256",
        "code_challenge": not request.code_challenge,
        "state": not request.state,
        "nonce": not request.nonce,
        "acr_values": not {ACR, ""} & set(query.get("acr_values", "").split(" ")),
    }
    if any(wrong.values()):
        raise NotSo(f"Not as the profile asks: {', '.join(name for name, bad in wrong.items() if bad)}.")
    return request


async def let_in(conn: Connection, url: str, request: Asked, person: str) -> str:
    """Where the browser goes back to, with a code for `person`."""
    if person not in {one.id for one in PEOPLE}:
        raise NotSo("Nobody here is called that.")
    code = await attempts.begin(conn, "fake-upstream", {"person": person} | msgspec.to_builtins(request))
    return _back(url, request, {"code": code})


def let_go(url: str, request: Asked) -> str:
    """Where the browser goes back to when the person does not want to."""
    return _back(url, request, {"error": "access_denied"})


async def token(conn: Connection, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The answer of the token endpoint: an ID token for a code, once, to the client that proves itself and its verifier."""
    await _check_client(conn, f"{url}{PATH}", form)
    kept = await attempts.take(conn, form.get("code", ""), "fake-upstream")
    if (
        kept is None
        or form.get("grant_type") != "authorization_code"
        or form.get("redirect_uri") != kept["redirect_uri"]
        or challenge_of(form.get("code_verifier", "")) != kept["code_challenge"]
    ):
        raise NotSo("invalid_grant")
    key, now = await _key(conn, "fake-upstream"), int(clock.now().timestamp())
    pairwise = await subject_of(conn, kept["person"])
    claims = {
        "iss": f"{url}{PATH}", "sub": pairwise, "aud": CLIENT, "nonce": kept["nonce"], "acr": ACR,
        "iat": now, "auth_time": now, "exp": now + 300,
    }  # fmt: skip
    signed = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])
    return {
        "access_token": text(hmac.digest(pairwise.encode(), signed.encode(), "sha256")),
        "token_type": "Bearer",
        "id_token": signed,
    }


async def subject_of(conn: Connection, person: str) -> str:
    """Under which name the house knows one of the invented people."""
    secret = await store.secret(conn, "fake-upstream-pairs")
    return text(hmac.digest(secret.encode(), person.encode(), "sha256"))


async def _check_client(conn: Connection, issuer: str, form: Mapping[str, str]) -> None:
    """`private_key_jwt`: signed by the client's key, for this issuer or endpoint, unexpired, never used before."""
    try:
        key = await _key(conn, "fake-upstream-client")
        claims = jwt.decode(form.get("client_assertion", ""), key, algorithms=["ES256"]).claims
        jwt.JWTClaimsRegistry(
            now=int(clock.now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": CLIENT},
            sub={"essential": True, "value": CLIENT},
            aud={"essential": True, "values": [issuer, f"{issuer}/token"]},
            exp={"essential": True},
            jti={"essential": True},
        ).validate(claims)
    except UNREADABLE as error:
        raise NotSo("invalid_client") from error
    if form.get("client_assertion_type") != ASSERTION or not await attempts.first_use(conn, f"jti {claims['jti']}"):
        raise NotSo("invalid_client")


def _back(url: str, request: Asked, answer: dict[str, str]) -> str:
    return f"{request.redirect_uri}?{urlencode(answer | {'state': request.state, 'iss': f'{url}{PATH}'})}"


async def _key(conn: Connection, name: str) -> ECKey:
    """A signing key, the same for every process: derived from a secret of the house."""
    seed = await store.secret(conn, name)
    return ECKey.derive_key(seed, "P-256", parameters={"use": "sig"}, auto_kid=True)
