"""Signed tokens that are not what they should be, on every endpoint that reads one: each is refused with an OAuth error."""

import base64
import hmac
import time
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from tests.exchange.identity.provider.conftest import ASSERTING, ISSUER, SIMPLE, App, assertion, proof, said, signed

from hiroba.exchange.identity.provider import clients
from hiroba.exchange.identity.tokens import jose

OTHER = ECKey.generate_key("P-256", {"kid": "one"})
LARGER = ECKey.generate_key("P-384")
WEAK = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xc1" * 128).rstrip(b"=").decode(), "e": "AQAB"}
CHECKUP = "purpose:health.checkup@2"
LATER = int(time.time()) + 3600
EARLIER = int(time.time()) - 3600


def raw(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    """A compact JWS with whatever signature."""
    parts = (orjson.dumps(header), claims if isinstance(claims, bytes) else orjson.dumps(claims), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def misused(public: Key, claims: dict[str, Any], **header: Any) -> str:
    """Signed by HS256 with the public key as the shared secret: whoever reads `alg` in the token would believe it."""
    secret = public.as_pem(private=False)
    unsigned = raw({"alg": "HS256"} | header, claims).rpartition(".")[0]
    signature = hmac.digest(secret, unsigned.encode(), "sha256")
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def confused_assertions() -> dict[str, str]:
    """Client assertions that must not authenticate anybody."""
    good = claims_of(assertion("strict"))
    head, body, tail = assertion("strict").split(".")
    return {
        "alg none": raw({"alg": "none"}, good),
        "alg None": raw({"alg": "None"}, good),
        "alg none with a signature": raw({"alg": "none"}, good, b"x"),
        "alg HS256 keyed by the public key": misused(ASSERTING, good),
        "alg RS256": raw({"alg": "RS256"}, good, b"x" * 256),
        "no alg": raw({"typ": "JWT"}, good, b"x"),
        "alg a number": raw({"alg": 256}, good, b"x"),
        "by another key of the same kid": assertion("strict", OTHER),
        "by another key that it brings": assertion("strict", OTHER, {"jwk": OTHER.as_dict(private=False)}),
        "jku": assertion("strict", OTHER, {"jku": "https://evil.example/jwks"}),
        "x5u": assertion("strict", OTHER, {"x5u": "https://evil.example/x"}),
        "x5c": assertion("strict", header={"x5c": ["MIIB"]}),
        "a kid nobody knows": assertion("strict", header={"kid": "two"}),
        "a kid that is a path": assertion("strict", header={"kid": "../../../dev/null"}),
        "a kid that is a question": assertion("strict", header={"kid": "' or true --"}),
        "crit": raw({"alg": "ES256", "crit": ["exp"], "exp": 1}, good, b"x"),
        "crit unencoded": raw({"alg": "ES256", "crit": ["b64"], "b64": False}, good, b"x"),
        "expired": assertion("strict", exp=EARLIER),
        "far too long": assertion("strict", exp=LATER),
        "no exp": assertion("strict", exp=None),
        "exp a text": assertion("strict", exp="soon"),
        "exp true": assertion("strict", exp=True),
        "exp endless": assertion("strict", exp=1 << 70),
        "not yet": assertion("strict", nbf=LATER),
        "from the future": assertion("strict", iat=LATER),
        "for another": assertion("strict", aud="https://other.example"),
        "for us and another": assertion("strict", aud=[ISSUER, "https://other.example"]),
        "for an endpoint": assertion("strict", aud=f"{ISSUER}/oauth/token"),
        "for us in a list": assertion("strict", aud=[ISSUER]),
        "for nobody": assertion("strict", aud=None),
        "of another subject": assertion("strict", sub="org:clinic/app:booking"),
        "of another issuer": assertion("org:clinic/app:booking"),
        "of nobody": assertion("nobody"),
        "without a name of its own": assertion("strict", jti=None),
        "with a number for a name": assertion("strict", jti=1),
        "cut": f"{head}.{body}",
        "cut signature": f"{head}.{body}.{tail[:-4]}",
        "other claims": f"{head}.{raw({}, good | {'exp': LATER}).split('.')[1]}.{tail}",
        "five parts": f"{head}.{body}.{tail}.x.y",
        "empty parts": "..",
        "a list": raw({"alg": "ES256"}, [1], b"x"),
        "not JSON": raw({"alg": "ES256"}, b"{", b"x"),
        "deep": raw({"alg": "ES256"}, b"[" * 10_000, b"x"),
        "long": "x" * 20_000,
        "not ASCII": "あ.い.う",
        "a zero byte in it": raw({"alg": "ES256"}, good | {"iss": "strict\x00"}, b"x"),
    }


ENDPOINTS = {
    "/oauth/token": {"grant_type": "client_credentials", "scope": CHECKUP},
    "/oauth/par": {"response_type": "code"},
    "/oauth/introspect": {"token": "any"},
    "/oauth/revoke": {"token": "any"},
    "/oauth/device": {},
}


@pytest.mark.anyio
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_no_confused_assertion_authenticates(strict: App, simple: App, path: str) -> None:
    form = ENDPOINTS[path] | {"client_assertion_type": clients.ASSERTION}
    taken = {}
    for why, token in confused_assertions().items():
        answer = await strict.house.post(path, data=form | {"client_assertion": token})
        if (answer.status_code, answer.json().get("error")) != (401, "invalid_client"):
            taken[why] = answer.text
    assert taken == {}
    good = assertion("strict")
    first, second = [await strict.house.post(path, data=form | {"client_assertion": good}) for _ in range(2)]
    assert first.status_code != 401, "it is the confusion that is refused"
    assert (second.status_code, second.json()["error"]) == (401, "invalid_client"), "once"


def confused_proofs(key: Key, method: str, url: str, nonce: str, token: str) -> dict[str, str]:
    """DPoP proofs that must prove nothing."""

    def one(by: Key = key, header: dict[str, Any] | None = None, **changed: Any) -> str:
        return proof(by, method, url, nonce, token=token, header=header, **changed)

    good, public = claims_of(one()), key.as_dict(private=False)
    shared = OctKey.generate_key(256)
    return {
        "nothing": "",
        "alg none": raw({"alg": "none", "typ": "dpop+jwt", "jwk": public}, good),
        "a shared key": signed(shared, good, alg="HS256", typ="dpop+jwt", jwk=shared.as_dict()),
        "HS256 keyed by the public key": misused(key, good, typ="dpop+jwt", jwk=public),
        "another type": one(header={"typ": "JWT"}),
        "no type": one(header={"typ": None}),
        "no key": one(header={"jwk": None}),
        "a key that is none": one(header={"jwk": {"kty": "EC"}}),
        "a list for a key": raw({"alg": "ES256", "typ": "dpop+jwt", "jwk": []}, good, b"x"),
        "its private key": one(header={"jwk": key.as_dict(private=True)}),
        "another's key": one(header={"jwk": OTHER.as_dict(private=False)}),
        "another curve": signed(key, good, typ="dpop+jwt", jwk=LARGER.as_dict(private=False)),
        "a weak key": raw({"alg": "PS256", "typ": "dpop+jwt", "jwk": WEAK}, good, b"x"),
        "RS256": raw({"alg": "RS256", "typ": "dpop+jwt", "jwk": public}, good, b"x"),
        "jku": one(header={"jku": "https://evil.example/jwks"}),
        "crit": raw({"alg": "ES256", "typ": "dpop+jwt", "jwk": public, "crit": ["exp"]}, good, b"x"),
        "another method": one(htm="PATCH"),
        "another address": one(htu=f"{url}/other"),
        "another house": one(htu=url.replace("hiroba.test", "evil.example")),
        "an address that is none": one(htu=7),
        "an address with a broken port": one(htu="http://hiroba.test:x/"),
        "over": one(exp=EARLIER),
        "not yet": one(nbf=LATER),
        "yesterday": one(iat=EARLIER),
        "tomorrow": one(iat=LATER),
        "no time": one(iat=None),
        "no name": one(jti=None),
        "a name too long": one(jti="x" * 1000),
        "twice": f"{one()},{one()}",
    }


@pytest.mark.anyio
async def test_no_confused_proof_binds_a_token(strict: App) -> None:
    for path, form in list(ENDPOINTS.items())[:2]:
        await strict.post(path, bound=True, **form)
        for why, token in confused_proofs(strict.key, "POST", ISSUER + path, strict.nonce, "").items():
            members, _ = strict.credentials()
            answer = await strict.house.post(path, data=members | form, headers={"DPoP": token})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), (path, why)


@pytest.mark.anyio
async def test_no_confused_proof_opens_anything(strict: App) -> None:
    token = (await strict.token("client_credentials", scope=CHECKUP)).json()["access_token"]
    for path in ("/ngsi-ld/v1/types", "/oauth/userinfo", "/api/v1/municipalities"):
        confused = confused_proofs(strict.key, "GET", ISSUER + path, strict.nonce, token)
        confused["no token's"] = proof(strict.key, "GET", ISSUER + path, strict.nonce)
        confused["another key's"] = proof(OTHER, "GET", ISSUER + path, strict.nonce, token=token)
        for why, one in confused.items():
            answer = await strict.house.get(path, headers={"Authorization": f"DPoP {token}", "DPoP": one})
            assert answer.status_code == 401, (path, why, answer.text)
            assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof"'), (path, why)


@pytest.mark.anyio
async def test_a_nonce_that_is_not_ours_is_answered_with_one_that_is(strict: App) -> None:
    for nonce in (None, "", "x", "x" * 32, "あ" * 32, base64.urlsafe_b64encode(b"\x00" * 24).decode(), 7):
        members, _ = strict.credentials()
        sent = proof(strict.key, "POST", f"{ISSUER}/oauth/token", nonce)
        form = members | ENDPOINTS["/oauth/token"]
        answer = await strict.house.post("/oauth/token", data=form, headers={"DPoP": sent})
        assert answer.json()["error"] == "use_dpop_nonce", nonce
        assert answer.headers["dpop-nonce"], nonce


@pytest.mark.anyio
async def test_no_confused_hint_names_a_person_or_a_session(simple: App, apps: Callable[..., Any], person: str) -> None:
    good = (await simple.tokens())["id_token"]
    other: App = await apps(SIMPLE, id="other", sector="app:other")
    keys = (await simple.house.get("/oauth/jwks")).json()["keys"]
    rsa = next(key for key in keys if key["alg"] == "RS256")
    claims = claims_of(good)
    head, _, tail = good.split(".")
    confused = {
        "alg none": raw({"alg": "none"}, claims),
        "HS256 keyed by the public key": misused(RSAKey.import_key(rsa), claims, kid=rsa["kid"]),
        "another key": signed(OTHER, claims, kid=rsa["kid"]),
        "a key it brings": signed(OTHER, claims, jwk=OTHER.as_dict(private=False)),
        "jku": signed(OTHER, claims, jku="https://evil.example/jwks"),
        "crit": raw({"alg": "RS256", "crit": ["exp"]}, claims, b"x"),
        "other claims": f"{head}.{raw({}, claims | {'sub': 'x'}).split('.')[1]}.{tail}",
        "another application's": (await other.tokens())["id_token"],
        "an access token": (await simple.tokens())["access_token"],
        "nonsense": "x",
    }
    for why, hint in confused.items():
        refused = said(await simple.authorize(prompt="none", id_token_hint=hint))
        assert refused["error"] == "login_required", why
        query = {"client_id": simple.application.id, "id_token_hint": hint}
        answer = await simple.house.get("/oauth/logout", params=query)
        assert answer.status_code == 400, why
    assert "code" in said(await simple.authorize(prompt="none", id_token_hint=good))


@pytest.mark.anyio
async def test_a_strange_body_is_refused_with_an_oauth_error(simple: App) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies: list[tuple[dict[str, str], bytes]] = [
        ({"Content-Type": "application/json"}, b'{"grant_type": "client_credentials"}'),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
        ({}, b"grant_type=client_credentials"),
        (form, b"grant_type=client_credentials&grant_type=refresh_token"),
        (form, b"grant_type=%ff"),
        (form, b"\xff\xfe"),
        (form, b"grant_type=a%00b"),
        (form, b"a=1&" * 100),
        (form, b"a=" + b"x" * 100_000),
        (form, b""),
    ]
    basic = {"Authorization": httpx.BasicAuth(simple.application.id, simple.secret)._auth_header}
    for path in ENDPOINTS:
        for headers, body in bodies:
            answer = await simple.house.post(path, content=body, headers=headers | basic)
            if path == "/oauth/device" and not body:
                continue  # a device asks for openid without a word
            assert 400 <= answer.status_code < 500, (path, body[:50])
            assert answer.json()["error"] in {"invalid_request", "unsupported_grant_type"}, (path, body[:50])


@given(
    st.text(max_size=300)
    | st.from_regex(r"[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}", fullmatch=True)
)
def test_any_text_is_read_or_refused_with_a_problem(token: str) -> None:
    with pytest.raises(jose.TokenUnreadable):
        jose.read(token, ASSERTING, jose.CLIENTS_SIGN_WITH)
