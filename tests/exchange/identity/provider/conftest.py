"""A house with applications of each kind, and a small application of our own that speaks the protocol step by step."""

import hashlib
import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key

from hiroba.base.db import Connection
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.organisations import store
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.provider import clients

ISSUER = "http://hiroba.test"
BACK = "https://booking.example/back"
HIDDEN = re.compile('<input type="hidden" name="([^"]*)" value="([^"]*)">')
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EVERYTHING = ("authorization_code", "refresh_token", "client_credentials", DEVICE)
ASSERTING = ECKey.generate_key("P-256", {"kid": "one"})
"""The key by which the strict application authenticates."""


def signed(key: Key, claims: dict[str, Any], /, **header: Any) -> str:
    """A compact JWS."""
    return jws.serialize_compact(
        {"alg": "ES256"} | header, json.dumps(claims), key, algorithms=["ES256", "PS256", "Ed25519", "HS256", "RS256"]
    )


def assertion(client_id: str, key: Key = ASSERTING, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A client assertion that holds, but for what is changed (None: left out)."""
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    }
    claims |= changed
    return signed(key, {name: value for name, value in claims.items() if value is not None}, **(header or {}))


def proof(
    key: Key,
    method: str,
    url: str,
    nonce: object,
    /,
    *,
    token: str = "",
    header: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A DPoP proof that holds, but for what is changed (None: left out)."""
    claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_hex(8), "nonce": nonce}
    if token:
        claims["ath"] = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    claims |= changed
    header = {"typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | (header or {})
    said = {name: value for name, value in claims.items() if value is not None}
    return signed(key, said, **{name: value for name, value in header.items() if value is not None})


class App:
    """An application that has been registered, before a house."""

    def __init__(self, house: httpx.AsyncClient, application: Application, secret: str = "") -> None:
        self.house, self.application, self.secret = house, application, secret
        self.key: Key = ECKey.generate_key("P-256")
        """What its tokens are bound to, where it binds them."""
        self.verifier = secrets.token_urlsafe(48)
        self.nonce = ""

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """Form members and headers by which it authenticates."""
        id_ = self.application.id
        if self.application.auth_method == "private_key_jwt":
            return {"client_assertion_type": clients.ASSERTION, "client_assertion": assertion(id_)}, {}
        if self.application.auth_method == "none":
            return {"client_id": id_}, {}
        return {}, {"Authorization": httpx.BasicAuth(id_, self.secret)._auth_header}

    async def post(self, path: str, *, bound: bool | None = None, **form: str) -> httpx.Response:
        """A call of an endpoint for applications; `bound`: with a proof, its nonce learnt as the house asks for it."""
        bound = self.application.dpop_bound if bound is None else bound
        for _ in range(2):
            members, headers = self.credentials()
            if bound:
                headers["DPoP"] = proof(self.key, "POST", ISSUER + path, self.nonce)
            answer = await self.house.post(path, data=members | form, headers=headers)
            self.nonce = answer.headers.get("dpop-nonce", self.nonce)
            if answer.status_code != 400 or answer.json()["error"] != "use_dpop_nonce":
                return answer
        return answer

    async def token(self, grant_type: str, **more: Any) -> httpx.Response:
        """A call of the token endpoint."""
        return await self.post("/oauth/token", grant_type=grant_type, **more)

    def asking(self, **changed: Any) -> dict[str, str]:
        """The parameters of an authorization request, but for what is changed (None: left out)."""
        params = {
            "client_id": self.application.id, "response_type": "code", "redirect_uri": self.application.redirect_uris[0],
            "scope": "openid", "code_challenge": self.challenge, "code_challenge_method": "S256",
            "state": "the state", "nonce": "the nonce",
        }  # fmt: skip
        return {name: value for name, value in (params | changed).items() if value is not None}

    async def authorize(self, **changed: Any) -> httpx.Response:
        """An authorization request, followed as far as the provider itself leads."""
        answer = await self.house.get("/oauth/authorize", params=self.asking(**changed))
        while answer.status_code == 303 and answer.headers["location"].startswith("/oauth/authorize"):
            answer = await self.house.get(answer.headers["location"])
        return answer

    async def agreed(self, answer: httpx.Response, words: str = "agree") -> httpx.Response:
        """The answer to the request after the person said `words` on the consent page it led to."""
        page = answer.headers["location"]
        assert page.startswith("/consent?"), page
        return await submit(self.house, page, answer=words)

    async def code(self, **changed: Any) -> str:
        """A code for whoever is signed in, who agrees if asked."""
        answer = await self.authorize(**changed)
        if answer.headers["location"].startswith("/consent"):
            answer = await self.agreed(answer)
        return said(answer)["code"]

    async def tokens(self, **changed: Any) -> dict[str, Any]:
        """Tokens for whoever is signed in."""
        answer = await self.bring(await self.code(**changed))
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def bring(self, code: str, /, **changed: Any) -> httpx.Response:
        """A code brought to the token endpoint."""
        form = {
            "code": code,
            "redirect_uri": self.application.redirect_uris[0],
            "code_verifier": self.verifier,
        } | changed
        return await self.token(
            "authorization_code", **{name: value for name, value in form.items() if value is not None}
        )


async def submit(house: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    """A form of the door sent as a browser does, and its answer followed as far as the provider itself leads."""
    page = await house.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    sent = page.text[page.text.index('method="post"') :]
    hidden = {name: unescape(value) for name, value in HIDDEN.findall(sent)}
    answer = await house.post(sent.split('action="')[1].split('"')[0], data=hidden | form)
    while answer.status_code == 303 and answer.headers["location"].startswith("/oauth/"):
        answer = await house.get(answer.headers["location"])
    return answer


def said(answer: httpx.Response) -> dict[str, str]:
    """The parameters that the browser is sent back with."""
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


SIMPLE = Application(
    id="org:clinic/app:booking", organisation="org:clinic", title={"ja": "病院予約", "en": "Hospital bookings"},
    grants=EVERYTHING, purposes=("health.checkup@2", "publish"), redirect_uris=(BACK,),
    post_logout_redirect_uris=("https://booking.example/bye",), state="production",
)  # fmt: skip
STRICT = msgspec.structs.replace(
    SIMPLE, id="strict", auth_method="private_key_jwt", jwks={"keys": [ASSERTING.as_dict(private=False)]},
    signing_alg="ES256", dpop_bound=True, pushed_only=True,
)  # fmt: skip
PUBLIC = msgspec.structs.replace(
    SIMPLE, id="public", auth_method="none", grants=("authorization_code", "refresh_token", DEVICE), purposes=()
)  # fmt: skip


@pytest.fixture
def apps(house: httpx.AsyncClient, conn: Connection) -> Callable[..., Any]:
    """A function that registers an application and gives it, ready to speak."""

    async def registered(application: Application = SIMPLE, **changed: Any) -> App:
        application = msgspec.structs.replace(application, **changed).with_sector()
        await store.put_organisation(conn, Organisation("org:clinic", {"ja": "みほん病院", "en": "Mihon Hospital"}))
        await store.put_application(conn, application)
        method = application.auth_method
        secret = await store.renew_secret(conn, application.id) if method == "client_secret_basic" else ""
        return App(house, application, secret)

    return registered


@pytest.fixture
async def simple(apps: Callable[..., Any]) -> App:
    """Authenticates by a secret; its tokens are bearer tokens."""
    app: App = await apps()
    return app


@pytest.fixture
async def strict(apps: Callable[..., Any]) -> App:
    """Authenticates by a signed assertion, pushes its requests, binds its tokens."""
    app: App = await apps(STRICT)
    return app


@pytest.fixture
async def public(apps: Callable[..., Any]) -> App:
    """Can keep no secret."""
    app: App = await apps(PUBLIC)
    return app


@pytest.fixture
def come_in(house: httpx.AsyncClient, conn: Connection) -> Callable[..., Any]:
    """A function by which a new person, or one who is known, signs in to the house."""

    async def entered(person: str = "", level: Any = "passkey") -> str:
        person = person or await pairs.add_person(conn)
        secret = await sessions.enter(
            conn, person, level, before=house.cookies.get(SESSION_COOKIE, "", domain="hiroba.test") or ""
        )
        house.cookies.set(SESSION_COOKIE, secret, domain="hiroba.test")
        return person

    return entered


@pytest.fixture
async def person(come_in: Callable[..., Any]) -> str:
    """A person who is signed in."""
    entered: str = await come_in()
    return entered
