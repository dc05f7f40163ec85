"""Applications get tokens for themselves: authenticated, for one purpose, bound where they bind, ended at once."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.exchange.identity.provider.conftest import ISSUER, SIMPLE, STRICT, App, proof

from hiroba.base.db import Connection
from hiroba.exchange.identity import credentials
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.provider import keys
from hiroba.exchange.identity.provider.store import keys as signing_keys

pytestmark = pytest.mark.anyio
CHECKUP = "purpose:health.checkup@2"
TYPES = "/ngsi-ld/v1/types"
THING = {"id": "urn:ngsi-ld:Thing:1", "type": "Thing", "size": 1}


async def own(app: App, scope: str = CHECKUP, **more: Any) -> dict[str, Any]:
    answer = await app.token("client_credentials", scope=scope, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    return document


async def test_the_provider_says_what_it_can_under_both_addresses(house: httpx.AsyncClient) -> None:
    one = (await house.get("/.well-known/openid-configuration")).json()
    assert one == (await house.get("/.well-known/oauth-authorization-server")).json()
    assert one["issuer"] == ISSUER
    assert one["code_challenge_methods_supported"] == ["S256"]
    assert one["response_types_supported"] == ["code"]
    keys = (await house.get(one["jwks_uri"])).json()["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "RS256"]
    assert not any({"d", "p", "q"} & set(key) for key in keys)


async def test_what_the_metadata_names_is_there(house: httpx.AsyncClient) -> None:
    metadata = (await house.get("/.well-known/openid-configuration")).json()
    for name, address in metadata.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            path = address.removeprefix(ISSUER)
            answers = [await house.get(path), await house.post(path)]
            assert {404} != {answer.status_code for answer in answers}, name
            assert {404, 405} != {answer.status_code for answer in answers}, name


@pytest.mark.parametrize("kind", [SIMPLE, STRICT], ids=["a secret", "a key"])
async def test_a_token_calls_for_its_one_purpose(apps: Callable[..., Any], conn: Connection, kind: Application) -> None:
    app: App = await apps(kind)
    got = await own(app)
    assert got["token_type"] == ("DPoP" if kind is STRICT else "Bearer")
    headers = {"authorization": f"{got['token_type']} {got['access_token']}"}
    if kind is STRICT:
        headers |= {":method": "GET", ":url": ISSUER + TYPES}
        headers["dpop"] = proof(app.key, "GET", ISSUER + TYPES, app.nonce, token=got["access_token"])
    caller = await credentials.caller_of(conn, headers)
    assert (caller.kind, caller.id, caller.organisation) == ("client", app.application.id, "org:clinic")
    assert (caller.purpose, caller.names) == ("health.checkup@2", {"health.checkup@2"})


async def test_any_other_scope_is_refused(simple: App) -> None:
    for scope in ("", "purpose:other@1", "openid", f"{CHECKUP} purpose:publish", "health.checkup@2"):
        answer = await simple.token("client_credentials", scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope


async def test_a_token_writes_only_for_the_purpose_of_publishing(simple: App) -> None:
    wrong, right = await own(simple), await own(simple, "purpose:publish")

    async def write(token: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return (await simple.house.post("/ngsi-ld/v1/entities", json=THING, headers=headers)).status_code

    assert await write(wrong) == 403
    assert await write(right) == 201


async def test_what_holds_ends_at_once(simple: App, conn: Connection) -> None:
    """Revoked, its application suspended, its purpose taken away: the very next call is refused."""

    async def read(token: str) -> int:
        return (await simple.house.get(TYPES, headers={"Authorization": f"Bearer {token}"})).status_code

    first, second = (await own(simple))["access_token"], (await own(simple))["access_token"]
    assert (await read(first), await read(second)) == (200, 200)
    assert (await simple.post("/oauth/revoke", token=first)).status_code == 200
    assert (await read(first), await read(second)) == (401, 200)
    await conn.execute("update identity.application set purposes = '{}'")
    caller = await credentials.caller_of(conn, {"authorization": f"Bearer {second}"})
    assert (caller.names, caller.purpose) == (frozenset(), "")
    await conn.execute("update identity.application set state = 'suspended'")
    assert await read(second) == 401
    assert (await simple.token("client_credentials", scope=CHECKUP)).json()["error"] == "invalid_client"


async def test_a_bound_token_is_worth_nothing_without_its_key(strict: App) -> None:
    token = (await own(strict))["access_token"]
    url = ISSUER + TYPES

    async def read(scheme: str = "DPoP", **headers: str) -> httpx.Response:
        return await strict.house.get(TYPES, headers={"Authorization": f"{scheme} {token}"} | headers)

    assert (await read(dpop=proof(strict.key, "GET", url, strict.nonce, token=token))).status_code == 200
    refused = {
        "no proof": await read(),
        "as a bearer token": await read("Bearer"),
        "by another key": await read(dpop=proof(ECKey.generate_key("P-256"), "GET", url, strict.nonce, token=token)),
        "for another call": await read(dpop=proof(strict.key, "POST", url, strict.nonce, token=token)),
        "for another address": await read(dpop=proof(strict.key, "GET", url + "x", strict.nonce, token=token)),
        "for another token": await read(dpop=proof(strict.key, "GET", url, strict.nonce, token="other")),  # noqa: S106
        "for no token": await read(dpop=proof(strict.key, "GET", url, strict.nonce)),
    }
    for why, answer in refused.items():
        assert answer.status_code == 401, why
        assert answer.headers["www-authenticate"].startswith("DPoP error="), why


async def test_a_proof_works_once_and_with_a_fresh_nonce_alone(strict: App) -> None:
    token = (await own(strict))["access_token"]
    once = proof(strict.key, "GET", ISSUER + TYPES, strict.nonce, token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": once}
    assert [(await strict.house.get(TYPES, headers=headers)).status_code for _ in range(2)] == [200, 401]
    without = proof(strict.key, "GET", ISSUER + TYPES, None, token=token)
    asked = await strict.house.get(TYPES, headers=headers | {"DPoP": without})
    assert 'error="use_dpop_nonce"' in asked.headers["www-authenticate"]
    again = proof(strict.key, "GET", ISSUER + TYPES, asked.headers["dpop-nonce"], token=token)
    assert (await strict.house.get(TYPES, headers=headers | {"DPoP": again})).status_code == 200


async def test_the_scheme_of_a_token_is_read_in_any_case(simple: App, strict: App) -> None:
    bearer, bound = (await own(simple))["access_token"], (await own(strict))["access_token"]
    for scheme in ("bearer", "BEARER"):
        assert (await simple.house.get(TYPES, headers={"Authorization": f"{scheme} {bearer}"})).status_code == 200
    for scheme in ("dpop", "DPOP"):
        sent = proof(strict.key, "GET", ISSUER + TYPES, strict.nonce, token=bound)
        headers = {"Authorization": f"{scheme} {bound}", "DPoP": sent}
        assert (await strict.house.get(TYPES, headers=headers)).status_code == 200


async def test_an_application_that_binds_gets_no_bearer_tokens(strict: App) -> None:
    answer = await strict.post("/oauth/token", grant_type="client_credentials", scope=CHECKUP, bound=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_introspection_tells_an_application_of_its_own_tokens_alone(simple: App, strict: App) -> None:
    token = (await own(strict))["access_token"]
    told = (await strict.post("/oauth/introspect", token=token, bound=False)).json()
    assert (told["active"], told["client_id"], told["scope"]) == (True, "strict", CHECKUP)
    assert told["cnf"] == {"jkt": strict.key.thumbprint()}
    assert told["exp"] - told["iat"] == 600
    assert (await simple.post("/oauth/introspect", token=token)).json() == {"active": False}
    assert (await simple.post("/oauth/introspect", token="unknown")).json() == {"active": False}  # noqa: S106


async def test_nobody_revokes_another_s_token(simple: App, strict: App) -> None:
    token = (await own(simple))["access_token"]
    assert (await strict.post("/oauth/revoke", token=token, bound=False)).status_code == 200
    assert (await simple.post("/oauth/introspect", token=token)).json()["active"]


async def test_a_public_application_has_neither_credentials_nor_introspection(public: App) -> None:
    own_ = await public.token("client_credentials", scope=CHECKUP)
    assert (own_.status_code, own_.json()["error"]) == (400, "unauthorized_client")
    told = await public.post("/oauth/introspect", token="any")  # noqa: S106
    assert (told.status_code, told.json()["error"]) == (401, "invalid_client")


ENDPOINTS = ("/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke", "/oauth/device")
NO_CREDENTIALS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {}),
    ({"Authorization": "Basic bm8"}, {}),
    ({"Authorization": "Basic ====="}, {}),
    ({"Authorization": "Basic b3JnOmNsaW5pYy9hcHA6Ym9va2luZzp3cm9uZw=="}, {}),
    ({"Authorization": "Digest x"}, {}),
    ({}, {"client_id": "org:clinic/app:booking"}),
    ({}, {"client_id": "nobody"}),
    ({}, {"client_id": "\x00"}),
]


async def test_who_does_not_authenticate_gets_nothing(simple: App) -> None:
    for path, (headers, form) in product(ENDPOINTS, NO_CREDENTIALS):
        answer = await simple.house.post(path, headers=headers, data={"grant_type": "client_credentials"} | form)
        assert answer.status_code in {400, 401}, (path, headers, form)
        assert answer.json()["error"] in {"invalid_client", "invalid_request"}, (path, headers, form)
        if answer.status_code == 401 and "Authorization" in headers:
            assert answer.headers["www-authenticate"].startswith("Basic"), (path, headers)


async def test_credentials_are_sent_once_in_one_way(simple: App, strict: App) -> None:
    basic = {"Authorization": httpx.BasicAuth(simple.application.id, simple.secret)._auth_header}
    asserted, _ = strict.credentials()
    for form in (asserted, {"client_id": simple.application.id, "client_secret": simple.secret}):
        answer = await simple.house.post(
            "/oauth/token", data={"grant_type": "client_credentials"} | form, headers=basic
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_secret_with_an_encoded_id_is_the_same(simple: App) -> None:
    """RFC 6749 §2.3.1 wants the id encoded; many clients do not."""
    for id_ in ("org:clinic/app:booking", "org%3Aclinic%2Fapp%3Abooking"):
        headers = {"Authorization": httpx.BasicAuth(id_, simple.secret)._auth_header}
        form = {"grant_type": "client_credentials", "scope": CHECKUP}
        assert (await simple.house.post("/oauth/token", data=form, headers=headers)).status_code == 200


async def test_codes_and_tokens_are_kept_as_hashes_alone(simple: App, conn: Connection) -> None:
    token = (await own(simple))["access_token"]
    rows = await conn.fetch("select t::text, f::text from identity.access_token t, identity.token_family f")
    assert rows
    assert not any(
        token in value or token.removeprefix("hiroba_at_") in value for row in rows for value in row.values()
    )


async def test_a_key_is_published_before_it_signs_and_kept_after(conn: Connection, house: httpx.AsyncClient) -> None:
    first = {key["kid"] for key in await keys.published(conn)}
    await keys.rotate(conn)
    assert {key["kid"] for key in await keys.published(conn)} == first, "too early"
    await conn.execute("update identity.signing_key set active = active - interval '91 days'")
    await keys.rotate(conn)
    assert len(await keys.published(conn)) == 4
    signing = {(await keys._signing(conn, algorithm)).kid for algorithm in ("RS256", "ES256")}
    assert signing == first, "the next ones are published and do not sign yet"
    await conn.execute("update identity.signing_key set active = active - $1::interval", timedelta(days=1, seconds=1))
    assert not first & {(await keys._signing(conn, algorithm)).kid for algorithm in ("RS256", "ES256")}
    await conn.execute("update identity.signing_key set active = active - $1::interval", timedelta(days=90))
    await keys.rotate(conn)
    assert not first & {one.kid for one in await signing_keys.signing_keys(conn)}
