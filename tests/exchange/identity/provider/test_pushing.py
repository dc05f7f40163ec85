"""Strict applications push their requests, bind codes and tokens to a key, and authenticate by one (FAPI 2.0)."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from tests.exchange.identity.provider.conftest import ISSUER, STRICT, App, assertion, proof, said

from hiroba.base.db import Connection
from hiroba.exchange.identity.provider import clients

pytestmark = pytest.mark.anyio


async def push(app: App, **changed: Any) -> str:
    """A pushed request; its request_uri."""
    asking = app.asking(**changed)
    asking.pop("client_id")
    answer = await app.post("/oauth/par", **asking)
    assert answer.status_code == 201, answer.text
    assert answer.json()["expires_in"] == 90
    uri: str = answer.json()["request_uri"]
    return uri


async def follow(app: App, uri: str, **more: str) -> httpx.Response:
    """The browser goes to the authorization endpoint with a pushed request."""
    answer = await app.house.get("/oauth/authorize", params={"client_id": "strict", "request_uri": uri} | more)
    if answer.status_code == 303:
        answer = await app.house.get(answer.headers["location"])
    return answer


async def test_a_pushed_request_is_answered_with_tokens_bound_to_a_key(strict: App, person: str) -> None:
    answer = said(await strict.agreed(await follow(strict, await push(strict), state="another", scope="none")))
    assert answer["state"] == "the state", "what stands beside the request_uri counts for nothing"
    tokens = (await strict.bring(answer["code"])).json()
    assert tokens["token_type"] == "DPoP"  # noqa: S105
    keys = KeySet.import_key_set((await strict.house.get("/oauth/jwks")).json())
    assert jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims["aud"] == "strict"
    for _ in range(2):
        refreshed = (await strict.token("refresh_token", refresh_token=tokens["refresh_token"])).json()
        assert refreshed["refresh_token"] == tokens["refresh_token"], "bound to two keys, it need not change"
    strict.key = ECKey.generate_key("P-256")
    stolen = await strict.token("refresh_token", refresh_token=tokens["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"


async def test_a_request_that_was_not_pushed_is_refused(strict: App, person: str) -> None:
    assert said(await strict.authorize())["error"] == "invalid_request"


async def test_a_pushed_request_begins_again_until_it_is_answered_and_never_after(strict: App, person: str) -> None:
    uri = await push(strict)
    first, second = await follow(strict, uri), await follow(strict, uri)
    assert "code" in said(await strict.agreed(second))
    assert (await follow(strict, uri)).status_code == 400
    assert (await strict.house.get(first.headers["location"])).status_code == 410, "the other page is over with it"


async def test_a_pushed_request_is_its_application_s_and_soon_over(
    strict: App, simple: App, person: str, conn: Connection
) -> None:
    uri = await push(strict)
    other = await strict.house.get("/oauth/authorize", params={"client_id": simple.application.id, "request_uri": uri})
    assert other.status_code == 400
    await conn.execute("update identity.authorization_request set expires = now()")
    assert (await follow(strict, uri)).status_code == 400


async def test_what_is_wrong_is_said_where_it_is_pushed(strict: App) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"dpop_jkt": "x" * 43}, "invalid_request"),
    ]
    for changed, error in wrong:
        answer = await strict.post("/oauth/par", **strict.asking(**changed))
        assert (answer.status_code, answer.json()["error"]) == (400, error), changed
    assert (await strict.house.get("/oauth/par")).status_code == 405


async def test_a_code_is_bound_to_the_key_that_was_named_or_proved(strict: App, person: str) -> None:
    right, other = strict.key, ECKey.generate_key("P-256")
    for named in (None, right.thumbprint()):
        strict.key = right
        code = said(await _agreed(strict, await push(strict, dpop_jkt=named)))["code"]
        strict.key = other
        assert (await strict.bring(code)).json()["error"] == "invalid_grant", named
        strict.key = right
        assert (await strict.bring(code)).status_code == 200, named


async def _agreed(app: App, uri: str) -> httpx.Response:
    answer = await follow(app, uri)
    return await app.agreed(answer) if answer.headers["location"].startswith("/consent") else answer


async def test_a_clock_that_is_a_little_ahead_is_borne_with(strict: App) -> None:

    for ahead, taken in ((8, True), (90, False)):
        now = int(time.time()) + ahead
        form = {"client_assertion_type": clients.ASSERTION, "client_assertion": assertion("strict", iat=now, nbf=now)}
        answer = await strict.house.post("/oauth/introspect", data=form | {"token": "any"})
        assert (answer.status_code == 200) == taken, ahead
    await strict.token("client_credentials", scope="purpose:publish")
    for off, status in ((-10, 200), (10, 200), (-400, 400)):
        sent = proof(strict.key, "POST", f"{ISSUER}/oauth/token", strict.nonce, iat=int(time.time()) + off)
        form, _ = strict.credentials()
        form |= {"grant_type": "client_credentials", "scope": "purpose:publish"}
        answer = await strict.house.post("/oauth/token", data=form, headers={"DPoP": sent})
        assert answer.status_code == status, off


async def test_a_client_id_beside_the_assertion_is_the_same(strict: App, apps: Callable[..., Any]) -> None:
    await apps(STRICT, id="other", sector="app:other")
    for id_, status in (("strict", 200), ("other", 401)):
        answer = await strict.post("/oauth/introspect", bound=False, token="any", client_id=id_)  # noqa: S106
        assert answer.status_code == status, id_
