"""Signing in upstream: our side against the stand-in, which checks what a real provider checks, and against what may be wrong."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.egress import Answer
from hiroba.base.errors import Stop
from hiroba.exchange.identity.people import fake_upstream, upstream
from hiroba.exchange.identity.people.fake_upstream import PATH, NotSo
from hiroba.exchange.identity.people.passkeys import octets
from hiroba.exchange.identity.people.store import attempts
from hiroba.exchange.identity.people.upstream import Upstream, UpstreamAway, UpstreamRefused

pytestmark = pytest.mark.anyio
URL = "http://localhost:8026"
BACK = f"{URL}/sign-in/upstream/return"
ISSUER = f"{URL}{PATH}"


class Bridge:
    """Calls that reach the stand-in without a socket; `forge` may change a token on its way."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.forge: Any = None

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        assert headers is not None
        path = urlsplit(url).path.removeprefix(PATH)
        self.asked.append(f"{method} {path}")
        if path == "/.well-known/openid-configuration":
            return Answer(200, {}, orjson.dumps(fake_upstream.discovery(URL)))
        if path == "/jwks":
            return Answer(200, {}, orjson.dumps(await fake_upstream.jwks(self.conn)))
        form = dict(parse_qsl((body or b"").decode()))
        self.forms.append(form)
        try:
            document = await fake_upstream.token(self.conn, URL, form)
        except NotSo as error:
            return Answer(400, {}, orjson.dumps({"error": error.detail}))
        if self.forge is not None:
            document["id_token"] = self.forge(document["id_token"])
        return Answer(200, {}, orjson.dumps(document))


class Journey:
    """One sign-in up to the moment the browser comes back."""

    def __init__(self, house: Upstream, bridge: Bridge, pending: upstream.Pending, query: dict[str, str]) -> None:
        self.house, self.bridge, self.pending, self.query = house, bridge, pending, query

    async def subject(self, **changed: str | None) -> str:
        answer = {name: text for name, text in (self.query | changed).items() if text is not None}
        return await self.house.subject(self.pending, answer)


async def journey(conn: Connection, person: str = "hanako") -> Journey:
    bridge = Bridge(conn)
    house = Upstream(await fake_upstream.provider(conn, URL), bridge)
    address, pending = await house.begin(BACK)
    asked = fake_upstream.asked(dict(parse_qsl(urlsplit(address).query)), (BACK,))
    back = await fake_upstream.let_in(conn, URL, asked, person)
    return Journey(house, bridge, pending, dict(parse_qsl(urlsplit(back).query)))


async def test_a_person_comes_back_under_the_providers_pairwise_subject(conn: Connection) -> None:
    first = await (await journey(conn)).subject()
    assert await (await journey(conn)).subject() == first
    assert await (await journey(conn, "taro")).subject() != first
    assert "hanako" not in first


async def test_the_request_has_what_the_profile_asks_for(conn: Connection) -> None:
    house = Upstream(await fake_upstream.provider(conn, URL), Bridge(conn))
    address, pending = await house.begin(BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["code_challenge"] == upstream.challenge_of(pending.verifier)
    assert query["acr_values"] == "aal3"
    assert query["scope"] == "openid"
    assert len({query["state"], query["nonce"], pending.verifier}) == 3


async def test_we_prove_who_we_are_by_a_signed_assertion_and_no_secret(conn: Connection) -> None:
    one = await journey(conn)
    await one.subject()
    form = one.bridge.forms[0]
    assert form["client_assertion_type"] == upstream.ASSERTION
    assert "client_secret" not in form
    claims = jwt.decode(form["client_assertion"], one.house.provider.key, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("hiroba", "hiroba", f"{ISSUER}/token")
    assert claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "another"},
        {"state": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"code": None},
        {"error": "access_denied"},
    ],
    ids=str,
)
async def test_an_answer_that_does_not_fit_what_was_begun_is_refused(
    conn: Connection, changed: dict[str, str | None]
) -> None:
    one = await journey(conn)
    with pytest.raises(UpstreamRefused):
        await one.subject(**changed)
    assert one.bridge.forms == []


def claims_of(token: str) -> dict[str, Any]:
    payload: dict[str, Any] = orjson.loads(octets(token.split(".")[1]))
    return payload


async def forged(conn: Connection, how: str) -> Any:
    """A function that makes another token of a good one."""
    key = await fake_upstream._key(conn, "fake-upstream")
    now = int(clock.now().timestamp())
    changes: dict[str, dict[str, Any]] = {
        "another issuer": {"iss": "https://evil.example"},
        "another audience": {"aud": "somebody-else"},
        "one of two audiences, for nobody named": {"aud": ["hiroba", "somebody-else"]},
        "for another party": {"azp": "somebody-else"},
        "another nonce": {"nonce": "another"},
        "no nonce": {"nonce": None},
        "over": {"exp": now - 120},
        "from the future": {"iat": now + 600},
        "never over": {"exp": None},
        "a weaker class": {"acr": "aal1"},
        "no class": {"acr": None},
        "nobody": {"sub": None},
        "an empty subject": {"sub": ""},
    }

    def forge(token: str) -> str:
        claims = {name: value for name, value in (claims_of(token) | changes.get(how, {})).items() if value is not None}
        if how == "unsigned":
            return f"{upstream.text(orjson.dumps({'alg': 'none'}))}.{token.split('.')[1]}."
        if how == "a shared secret":
            secret = OctKey.import_key(orjson.dumps(key.as_dict(private=False)))
            return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, secret, algorithms=["HS256"])
        if how == "a key of its own":
            own = ECKey.generate_key("P-256")
            return jwt.encode({"alg": "ES256", "kid": key.kid, "jwk": own.as_dict(private=False)}, claims, own)
        if how == "an unknown key":
            return jwt.encode({"alg": "ES256", "kid": "unknown"}, claims, key)
        if how == "a critical header":
            head = upstream.text(orjson.dumps({"alg": "ES256", "kid": key.kid, "crit": ["b64"], "b64": False}))
            return ".".join((head, *token.split(".")[1:]))
        if how == "no token":
            return "nonsense"
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)

    return forge


WRONG = (
    "another issuer", "another audience", "one of two audiences, for nobody named", "for another party", "another nonce",
    "no nonce", "over", "from the future", "never over", "a weaker class", "no class", "nobody", "an empty subject", "unsigned",
    "a shared secret", "a key of its own", "an unknown key", "a critical header", "no token",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("how", WRONG)
async def test_a_token_that_is_wrong_in_one_thing_lets_nobody_in(conn: Connection, how: str) -> None:
    one = await journey(conn)
    one.bridge.forge = await forged(conn, how)
    with pytest.raises(UpstreamRefused):
        await one.subject()


async def test_the_same_forge_without_a_change_lets_in(conn: Connection) -> None:
    """Or else the matrix above would prove nothing."""
    one = await journey(conn)
    one.bridge.forge = await forged(conn, "nothing")
    assert await one.subject()


async def test_a_code_is_taken_once(conn: Connection) -> None:
    one = await journey(conn)
    await one.subject()
    with pytest.raises(UpstreamAway):
        await one.subject()


@pytest.mark.parametrize("name", ["code_verifier", "redirect_uri", "code", "client_assertion", "client_assertion_type"])
async def test_the_stand_in_refuses_what_a_provider_refuses(conn: Connection, name: str) -> None:
    one = await journey(conn)
    await one.subject()
    kept = {"person": "hanako", "redirect_uri": BACK, "nonce": "n"}
    kept["code_challenge"] = upstream.challenge_of(one.bridge.forms[0]["code_verifier"])

    async def fresh() -> dict[str, str]:
        code = await attempts.begin(conn, "fake-upstream", kept)
        return one.bridge.forms[0] | {"code": code, "client_assertion": one.house._assertion(f"{ISSUER}/token")}

    with pytest.raises(NotSo):
        await fake_upstream.token(conn, URL, await fresh() | {name: "another"})
    good = await fresh()
    assert await fake_upstream.token(conn, URL, good)
    with pytest.raises(NotSo, match="invalid_client"):  # an assertion is taken once
        await fake_upstream.token(conn, URL, await fresh() | {"client_assertion": good["client_assertion"]})


async def test_what_the_provider_says_of_itself_is_asked_once(conn: Connection) -> None:
    one = await journey(conn)
    await one.subject()
    await one.house.begin(BACK)
    assert one.bridge.asked == ["GET /.well-known/openid-configuration", "GET /jwks", "POST /token"]


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"issuer": "https://evil.example"}'])
async def test_a_provider_that_answers_nonsense_is_said_to_be_away(conn: Connection, body: bytes) -> None:
    class Nonsense:
        async def call(self, *_: Any, **__: Any) -> Answer:
            return Answer(200, {}, body)

    with pytest.raises(UpstreamAway):
        await Upstream(await fake_upstream.provider(conn, URL), Nonsense()).begin(BACK)


def test_a_key_is_a_private_jwk_or_the_start_is_refused(tmp_path) -> None:
    key = ECKey.generate_key("P-256")
    (tmp_path / "good").write_bytes(orjson.dumps(key.as_dict(private=True)))
    (tmp_path / "public").write_bytes(orjson.dumps(key.as_dict(private=False)))
    (tmp_path / "none").write_bytes(b"nonsense")
    assert upstream.key_of(str(tmp_path / "good")).thumbprint() == key.thumbprint()
    for name in ("public", "none", "missing"):
        with pytest.raises(Stop):
            upstream.key_of(str(tmp_path / name))


def test_what_is_kept_of_a_journey_survives_the_way_through_the_table() -> None:
    pending = upstream.Pending("state", "nonce", "verifier", BACK)
    assert msgspec.convert(msgspec.to_builtins(pending), upstream.Pending) == pending


async def test_a_provider_that_says_it_is_another_is_not_believed(conn: Connection) -> None:
    provider = await fake_upstream.provider(conn, URL)
    addresses = {name: f"{provider.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}

    class Says:
        def __init__(self, issuer: str) -> None:
            self.body = orjson.dumps(
                addresses | {"issuer": issuer, "keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
            )

        async def call(self, *_: Any, **__: Any) -> Answer:
            return Answer(200, {}, self.body)

    with pytest.raises(UpstreamAway, match="another name"):
        await Upstream(provider, Says("https://evil.example")).begin(BACK)
    assert await Upstream(provider, Says(provider.issuer)).begin(BACK)
