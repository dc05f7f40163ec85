"""Access tokens of another provider: believed where the house is set to, as far as our own tables say."""

import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.conftest import client_of
from tests.exchange.identity.provider.conftest import ISSUER, SIMPLE, proof, signed

from hiroba.base.db import Connection
from hiroba.base.egress import Answer, CallFailed, Egress
from hiroba.exchange.identity import credentials
from hiroba.exchange.identity.organisations import store
from hiroba.exchange.identity.organisations.model import Organisation
from hiroba.exchange.identity.tokens import outside
from hiroba.exchange.identity.tokens.outside import Issuer, IssuerAway
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
THEIRS = "https://keycloak.example/realms/osaka"
KEY = ECKey.generate_key("P-256", {"kid": "theirs"})
HOLDER = ECKey.generate_key("P-256")
TYPES = "/ngsi-ld/v1/types"


class Realm:
    """A provider elsewhere, as far as we ask it: its metadata and its keys."""

    def __init__(self) -> None:
        self.keys = [KEY.as_dict(private=False), {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}]
        self.asked: list[str] = []
        self.away = False

    async def call(self, method: str, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        del method, headers
        self.asked.append(url)
        if self.away:
            raise CallFailed
        document = {"keys": self.keys} if url.endswith("/certs") else {"issuer": THEIRS, "jwks_uri": f"{THEIRS}/certs"}
        return Answer(200, {}, orjson.dumps(document))


def token(key: Any = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """An access token that holds, but for what is changed (None: left out)."""
    now = int(time.time())
    claims = {
        "iss": THEIRS, "aud": [ISSUER, "account"], "iat": now, "exp": now + 300, "client_id": SIMPLE.id,
        "scope": "profile purpose:health.checkup@2",
    } | changed  # fmt: skip
    header = {"typ": "at+jwt", "kid": "theirs"} | (header or {})
    return signed(key, {name: value for name, value in claims.items() if value is not None}, **header)


@pytest.fixture
async def application(conn: Connection) -> None:
    await store.put_organisation(conn, Organisation("org:clinic", {"ja": "病院"}, "271403"))
    await store.put_application(conn, SIMPLE)


async def test_a_token_of_theirs_speaks_for_an_application_of_ours(conn: Connection, application: None) -> None:
    issuer = Issuer(THEIRS, ISSUER, Realm())
    caller = await credentials.caller_of(conn, {"authorization": f"Bearer {token()}"}, issuer=issuer)
    assert (caller.kind, caller.id, caller.organisation) == ("client", SIMPLE.id, "271403")
    assert caller.purpose == "health.checkup@2"
    more = token(client_id=None, azp=SIMPLE.id, scope="purpose:other@1")
    caller = await credentials.caller_of(conn, {"authorization": f"Bearer {more}"}, issuer=issuer)
    assert caller.names == frozenset(), "a purpose is given here, whatever is said there"
    await conn.execute("update identity.application set state = 'suspended'")
    with pytest.raises(outside.InvalidToken):
        await credentials.caller_of(conn, {"authorization": f"Bearer {token()}"}, issuer=issuer)


async def test_what_is_not_a_token_for_this_house_is_refused(conn: Connection, application: None) -> None:
    issuer = Issuer(THEIRS, ISSUER, Realm())
    now = int(time.time())
    refused = {
        "another issuer": token(iss="https://other.example"),
        "another audience": token(aud="account"),
        "no audience": token(aud=None),
        "over": token(exp=now - 1),
        "for a day": token(exp=now + 86400),
        "not yet": token(nbf=now + 600),
        "no end": token(exp=None),
        "an application nobody knows": token(client_id="nobody"),
        "no application": token(client_id=None),
        "no scope": token(scope=None),
        "another key": token(ECKey.generate_key("P-256")),
        "a key it brings": token(HOLDER, {"jwk": HOLDER.as_dict(private=False)}),
        "jku": token(header={"jku": "https://evil.example/"}),
        "an ID token": token(header={"typ": "id+jwt"}),
        "a logout token": token(header={"typ": "logout+jwt"}),
        "cut": token()[:-9],
    }
    for why, one in refused.items():
        with pytest.raises(outside.InvalidToken):
            assert await credentials.caller_of(conn, {"authorization": f"Bearer {one}"}, issuer=issuer), why


async def test_keys_are_asked_for_again_when_they_change_and_not_at_each_token(
    conn: Connection, application: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm = Realm()
    issuer = Issuer(THEIRS, ISSUER, realm)
    newer = RSAKey.generate_key(2048, {"kid": "newer"})

    async def holds(one: str) -> bool:
        try:
            return bool(await credentials.caller_of(conn, {"authorization": f"Bearer {one}"}, issuer=issuer))
        except outside.InvalidToken:
            return False

    moment = time.monotonic()
    monkeypatch.setattr(outside.time, "monotonic", lambda: moment)
    assert await holds(token())
    assert await holds(token())
    assert len(realm.asked) == 2
    realm.keys = [newer.as_dict(private=False)]
    rotated = token(newer, {"kid": "newer", "alg": "RS256"})
    assert not await holds(rotated)
    assert len(realm.asked) == 2, "not so soon"
    moment += outside.AGAIN
    assert await holds(rotated)
    assert len(realm.asked) == 4
    realm.away = True
    assert not await holds(token(HOLDER))
    assert await holds(rotated), "an issuer that is away for a moment takes nobody's token"


async def test_an_issuer_that_is_away_is_not_asked_at_each_call(conn: Connection) -> None:
    realm = Realm()
    realm.away = True
    issuer = Issuer(THEIRS, ISSUER, realm)
    for error in (CallFailed, IssuerAway, IssuerAway):
        with pytest.raises(error):
            await credentials.caller_of(conn, {"authorization": f"Bearer {token()}"}, issuer=issuer)
    assert len(realm.asked) == 1


@pytest.fixture
async def trusting(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The house, set to believe the realm."""
    monkeypatch.setattr(Egress, "call", Realm().call)
    settings = Settings(data=tmp_path, database_url=database, public_url=ISSUER, token_issuer=THEIRS)
    async with client_of(settings) as client:
        yield client


async def test_the_exchange_takes_it_and_a_bound_one_with_its_proof_alone(
    trusting: httpx.AsyncClient, conn: Connection, application: None
) -> None:
    assert (await trusting.get(TYPES, headers={"Authorization": f"Bearer {token()}"})).status_code == 200
    assert (await trusting.get(TYPES, headers={"Authorization": f"Bearer {token(aud='x')}"})).status_code == 401
    bound = token(cnf={"jkt": HOLDER.thumbprint()})
    assert (await trusting.get(TYPES, headers={"Authorization": f"Bearer {bound}"})).status_code == 401
    asked = await trusting.get(
        TYPES, headers={"Authorization": f"DPoP {bound}", "DPoP": proof(HOLDER, "GET", "", None)}
    )
    assert asked.status_code == 401
    nonce = ""
    for _ in range(2):
        sent = proof(HOLDER, "GET", ISSUER + TYPES, nonce, token=bound)
        answer = await trusting.get(TYPES, headers={"Authorization": f"DPoP {bound}", "DPoP": sent})
        nonce = answer.headers.get("dpop-nonce", "")
    assert answer.status_code == 200


async def test_without_the_setting_such_a_token_is_an_unknown_key(house: httpx.AsyncClient) -> None:
    assert (await house.get(TYPES, headers={"Authorization": f"Bearer {token()}"})).status_code == 401
