"""Persons sign in to applications: asked first, known by another subject to each, answered at the registered address alone."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.exchange.identity.provider.conftest import BACK, ISSUER, PUBLIC, SIMPLE, App, said, submit

from hiroba.base.db import Connection
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.people.subjects import subject_of

pytestmark = pytest.mark.anyio


async def claims_of(app: App, id_token: str) -> dict[str, Any]:
    """The claims of an ID token, its signature checked by the published keys."""
    keys = KeySet.import_key_set((await app.house.get("/oauth/jwks")).json())
    claims: dict[str, Any] = jwt.decode(id_token, keys, algorithms=[app.application.signing_alg]).claims
    return claims


@pytest.mark.parametrize("kind", [SIMPLE, PUBLIC], ids=["a secret", "public"])
async def test_a_person_is_asked_and_then_known_by_the_application_s_own_subject(
    apps: Callable[..., Any], conn: Connection, person: str, kind: Application
) -> None:
    app: App = await apps(kind)
    asked = await app.authorize()
    assert asked.headers["location"].startswith("/consent?id=")
    assert asked.headers["cache-control"] == "no-store"
    back = await app.agreed(asked)
    assert back.headers["location"].startswith(f"{BACK}?")
    answer = said(back)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("the state", ISSUER)
    tokens = (await app.bring(answer["code"])).json()
    claims = await claims_of(app, tokens["id_token"])
    assert claims["sub"] == await subject_of(conn, person, app.application.sector)
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["acr"]) == (
        ISSUER, app.application.id, "the nonce", "passkey",
    )  # fmt: skip
    assert abs(claims["auth_time"] - time.time()) < 600
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    told = [
        await app.house.get("/oauth/userinfo", headers=headers),
        await app.house.post("/oauth/userinfo", headers=headers),
        await app.house.post("/oauth/userinfo", data={"access_token": tokens["access_token"]}),
    ]
    assert [answer.json() for answer in told] == [{"sub": claims["sub"]}] * 3
    in_its_address = await app.house.get("/oauth/userinfo", params={"access_token": tokens["access_token"]})
    assert in_its_address.status_code == 401


async def test_two_applications_cannot_tell_that_it_is_the_same_person(
    apps: Callable[..., Any], person: str, come_in: Callable[..., Any]
) -> None:
    one, two = await apps(), await apps(SIMPLE, id="two", sector="app:two")
    family = [await apps(SIMPLE, id=id_, sector="app:org:clinic") for id_ in ("three", "four")]
    subjects = [(await claims_of(app, (await app.tokens())["id_token"]))["sub"] for app in (one, two, *family)]
    assert len(set(subjects)) == 3
    assert subjects[2] == subjects[3], "these declare one sector, and the consent page says so"
    await come_in()
    other = (await claims_of(one, (await one.tokens())["id_token"]))["sub"]
    assert other not in subjects


async def test_who_agreed_is_not_asked_again_until_more_is_asked(simple: App, person: str) -> None:
    await simple.tokens()
    assert "code" in said(await simple.authorize())
    more = await simple.authorize(scope="openid offline_access")
    assert more.headers["location"].startswith("/consent")
    assert (await simple.authorize(prompt="consent")).headers["location"].startswith("/consent")


async def test_no_is_as_near_as_yes(simple: App, person: str) -> None:
    page = (await simple.house.get((await simple.authorize()).headers["location"])).text
    assert page.count("<button") == page.count('name="answer"') == 2
    answer = said(await simple.agreed(await simple.authorize(), "refuse"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "the state", ISSUER)
    assert (await simple.authorize()).headers["location"].startswith("/consent"), "a no answers one request"


async def test_nobody_else_agrees_for_a_person(simple: App, person: str, come_in: Callable[..., Any]) -> None:
    page = (await simple.authorize()).headers["location"]
    await come_in()
    await submit(simple.house, page, answer="agree")
    await come_in(person)
    assert (await simple.authorize()).headers["location"].startswith("/consent")


async def test_who_is_not_signed_in_is_led_to_the_door_and_back(simple: App, come_in: Callable[..., Any]) -> None:
    asked = await simple.authorize(login_hint="hanako@example.org", acr_values="upstream passkey")
    way = urlsplit(asked.headers["location"])
    assert way.path == "/sign-in"
    assert "level=passkey" in way.query
    assert "hint=hanako%40example.org" in way.query
    page = next(part for part in way.query.split("&") if part.startswith("next=")).removeprefix("next=")
    await come_in(level="mail")
    consent = httpx.URL(f"http://x/?u={page}").params["u"]
    again = await simple.house.get(consent)
    assert (again.status_code, again.headers["location"][:17]) == (303, "/oauth/authorize/"), (
        "a mail link is not enough"
    )
    await come_in()
    assert "code" in said(await submit(simple.house, consent, answer="agree"))


async def test_a_sign_in_that_leaves_nothing_to_ask_ends_on_a_page_that_leads_back(simple: App, person: str) -> None:
    """A browser follows the sign-in form to no other house; a page in between does."""
    await simple.tokens()
    request = (await simple.house.get("/oauth/authorize", params=simple.asking())).headers["location"]
    page = await simple.house.get(f"/consent?id={request.rsplit('/', 1)[1]}")
    assert page.status_code == 200
    assert f'<meta http-equiv="refresh" content="0; url={request}">' in page.text
    assert "code" in said(await simple.house.get(request))


async def test_the_consent_page_lets_its_form_lead_to_the_application_and_nowhere_else(
    simple: App, person: str
) -> None:
    page = await simple.house.get((await simple.authorize()).headers["location"])
    assert "form-action 'self' https://booking.example;" in page.headers["content-security-policy"]
    assert "form-action 'self';" in (await simple.house.get("/")).headers["content-security-policy"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "none"}, "login_required"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": None}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"scope": None}, "invalid_request"),
    ({"scope": "openid purpose:health.checkup@2"}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "dance"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "１"}, "invalid_request"),
    ({"nonce": "n" * 1001}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"dpop_jkt": "x"}, "invalid_request"),
]


async def test_the_application_is_told_what_is_wrong_with_its_request(simple: App) -> None:
    for changed, error in WRONG:
        answer = said(await simple.authorize(**changed))
        assert (answer["error"], answer["state"], answer["iss"]) == (error, "the state", ISSUER), changed


NOT_REGISTERED: list[dict[str, Any]] = [
    {"redirect_uri": "https://evil.example/back"},
    {"redirect_uri": f"{BACK}/"},
    {"redirect_uri": f"{BACK}?x=1"},
    {"redirect_uri": "https://booking.example.evil.example/back"},
    {"redirect_uri": "https://booking.example/back/../evil"},
    {"redirect_uri": "https://BOOKING.example/back"},
    {"redirect_uri": None},
    {"client_id": "nobody"},
    {"client_id": None},
    {"client_id": "\x00"},
    {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
]


async def test_nobody_is_sent_to_an_address_that_is_not_registered(simple: App) -> None:
    for changed in NOT_REGISTERED:
        for headers in ({}, {"Accept": "text/html"}):
            answer = await simple.house.get("/oauth/authorize", params=simple.asking(**changed), headers=headers)
            assert answer.status_code == 400, changed
            assert "location" not in answer.headers, changed


async def test_a_person_is_told_in_their_words_why_they_are_not_led_on(simple: App) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "ja"}
    wrong = await simple.house.get(
        "/oauth/authorize", params=simple.asking(redirect_uri="https://x.example/"), headers=headers
    )
    assert "アプリからの依頼に誤りがあります" in wrong.text
    over = await simple.house.get("/consent?id=unknown", headers=headers)
    assert (over.status_code, "このサインインは終わっています" in over.text) == (410, True)


async def test_a_parameter_that_comes_twice_is_refused(simple: App) -> None:
    query = str(httpx.QueryParams(simple.asking())) + "&redirect_uri=https://evil.example/"
    assert (await simple.house.get(f"/oauth/authorize?{query}")).status_code == 400


async def test_an_app_on_its_own_device_may_use_any_port(apps: Callable[..., Any], person: str) -> None:
    app: App = await apps(id="native", sector="app:native", redirect_uris=("http://127.0.0.1/back",))
    assert (await app.authorize(redirect_uri="http://127.0.0.1:51004/back")).status_code == 303
    for other in ("http://127.0.0.1:51004/other", "http://127.0.0.1:5x/back", "http://127.0.0.1@evil.example/back"):
        assert (await app.authorize(redirect_uri=other)).status_code == 400, other


async def test_what_need_not_be_there_may_be_missing_and_what_is_not_known_is_passed_over(
    simple: App, person: str
) -> None:
    bare = said(await simple.agreed(await simple.authorize(state=None, nonce=None)))
    assert set(bare) == {"code", "iss"}
    assert "nonce" not in await claims_of(simple, (await simple.bring(bare["code"])).json()["id_token"])
    more = {"display": "popup", "ui_locales": "ja", "claims_locales": "ja", "claims": "{}", "unknown": "x"}
    wide = {"scope": "phone openid profile email address", "nonce": "n" * 64}
    assert (await simple.tokens(**more, **wide))["scope"] == "openid", "of persons a number is known, nothing else"


async def test_the_request_may_come_by_post(simple: App, person: str) -> None:
    answer = await simple.house.post("/oauth/authorize", data=simple.asking())
    answer = await simple.house.get(answer.headers["location"])
    assert "code" in said(await simple.agreed(answer))


async def test_a_prompt_of_none_shows_no_page(simple: App, person: str) -> None:
    assert said(await simple.authorize(prompt="none"))["error"] == "consent_required"
    await simple.tokens()
    assert "code" in said(await simple.authorize(prompt="none"))
    assert said(await simple.authorize(prompt="none", acr_values="upstream"))["error"] == "login_required"
    assert "code" in said(await simple.authorize(prompt="none", acr_values="urn:other")), "a wish, no condition"


async def test_a_fresh_sign_in_is_asked_for_and_believed(
    simple: App, person: str, come_in: Callable[..., Any], conn: Connection
) -> None:
    await simple.tokens()
    for changed in ({"prompt": "login"}, {"max_age": "0"}):
        answer = await simple.authorize(**changed)
        assert answer.headers["location"].startswith("/sign-in?"), changed
        assert "fresh=1" in answer.headers["location"]
        waiting = answer.headers["location"].split("id%3D")[1].split("&")[0]
        await come_in(person)
        assert "code" in said(await simple.house.get(f"/oauth/authorize/{waiting}"))
    await conn.execute("update identity.session set proved = proved - interval '1 hour'")
    assert (await simple.authorize(max_age="1800")).headers["location"].startswith("/sign-in")
    assert "code" in said(await simple.authorize(max_age="7200"))


async def test_a_hint_names_the_person_who_is_wanted(simple: App, person: str, come_in: Callable[..., Any]) -> None:
    hint = (await simple.tokens())["id_token"]
    assert "code" in said(await simple.authorize(prompt="none", id_token_hint=hint))
    await come_in()
    await simple.tokens()
    assert said(await simple.authorize(prompt="none", id_token_hint=hint))["error"] == "login_required"
    await come_in(person)
    assert said(await simple.authorize(prompt="none", id_token_hint="nonsense"))["error"] == "login_required"  # noqa: S106


async def test_a_code_works_once_and_its_second_use_ends_what_the_first_brought(simple: App, person: str) -> None:
    code = await simple.code()
    token = (await simple.bring(code)).json()["access_token"]
    second = await simple.bring(code)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert (await simple.post("/oauth/introspect", token=token)).json() == {"active": False}


NOT_FITTING: list[tuple[dict[str, Any], str]] = [
    ({"code_verifier": "x" * 43}, "invalid_grant"),
    ({"code_verifier": "x"}, "invalid_request"),
    ({"code_verifier": None}, "invalid_request"),
    ({"redirect_uri": "https://booking.example/other"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"code": "unknown"}, "invalid_grant"),
    ({"code": None}, "invalid_request"),
]


async def test_a_code_is_brought_with_what_belongs_to_it(simple: App, person: str) -> None:
    code = await simple.code()
    for changed, error in NOT_FITTING:
        answer = await simple.bring(code, **changed)
        assert (answer.status_code, answer.json()["error"]) == (400, error), changed
    assert (await simple.bring(code)).status_code == 200


async def test_a_code_is_its_application_s_alone_and_soon_too_old(
    simple: App, apps: Callable[..., Any], person: str, conn: Connection
) -> None:
    code = await simple.code()
    other: App = await apps(SIMPLE, id="other", sector="app:other")
    other.verifier = simple.verifier
    assert (await other.bring(code)).json()["error"] == "invalid_grant"
    await conn.execute("update identity.authorization_code set expires = now() - interval '1 second'")
    assert (await simple.bring(code)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_works_once_and_its_second_use_ends_everything(simple: App, person: str) -> None:
    first = await simple.tokens()
    second = (await simple.token("refresh_token", refresh_token=first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await claims_of(simple, second["id_token"]))["sub"] == (await claims_of(simple, first["id_token"]))["sub"]
    stolen = await simple.token("refresh_token", refresh_token=first["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    for token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert (await simple.post("/oauth/introspect", token=token)).json() == {"active": False}
    assert (await simple.token("refresh_token", refresh_token=second["refresh_token"])).status_code == 400


async def test_refreshing_goes_on_for_a_year_and_no_longer(simple: App, person: str, conn: Connection) -> None:
    tokens = await simple.tokens(scope="openid offline_access")
    await conn.execute("update identity.token_family set made = made - interval '364 days'")
    later = (await simple.token("refresh_token", refresh_token=tokens["refresh_token"])).json()
    longest = (
        "select max(r.expires - f.made) from identity.refresh_token r join identity.token_family f on f.id = r.family"
    )
    assert await conn.fetchval(longest + " where r.used is null") == timedelta(days=365)
    await conn.execute("update identity.token_family set made = made - interval '1 day'")
    last = await simple.token("refresh_token", refresh_token=later["refresh_token"])
    assert (await simple.token("refresh_token", refresh_token=last.json()["refresh_token"])).status_code == 400


async def test_a_refreshed_token_has_no_more_scope(simple: App, person: str) -> None:
    tokens = await simple.tokens(scope="openid offline_access")
    more = await simple.token("refresh_token", refresh_token=tokens["refresh_token"], scope="openid purpose:publish")
    assert more.json()["error"] == "invalid_scope"
    less = await simple.token("refresh_token", refresh_token=tokens["refresh_token"], scope="openid")
    assert less.json()["scope"] == "openid"


async def test_a_session_s_end_ends_its_tokens_unless_they_may_live_on(
    simple: App, person: str, conn: Connection
) -> None:
    bound, offline = await simple.tokens(), await simple.tokens(scope="openid offline_access")
    await conn.execute("delete from identity.session")
    assert (await simple.post("/oauth/introspect", token=bound["access_token"])).json() == {"active": False}
    assert (await simple.token("refresh_token", refresh_token=bound["refresh_token"])).status_code == 400
    assert (await simple.post("/oauth/introspect", token=offline["access_token"])).json()["active"]
    assert (await simple.token("refresh_token", refresh_token=offline["refresh_token"])).status_code == 200


async def test_revoking_a_refresh_token_ends_the_sign_in(simple: App, person: str) -> None:
    tokens = await simple.tokens()
    assert (await simple.post("/oauth/revoke", token=tokens["refresh_token"])).status_code == 200
    assert (await simple.post("/oauth/introspect", token=tokens["access_token"])).json() == {"active": False}


async def test_an_access_token_opens_no_page_and_a_session_no_endpoint(simple: App, person: str) -> None:
    token = (await simple.tokens())["access_token"]
    assert (await simple.house.get("/oauth/userinfo")).status_code == 401
    simple.house.cookies.delete(SESSION_COOKIE)
    for path in ("/desk", "/api/v1/applications"):
        answer = await simple.house.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, path


async def test_an_application_s_own_token_is_nobody(simple: App) -> None:
    token = (await simple.token("client_credentials", scope="purpose:publish")).json()["access_token"]
    answer = await simple.house.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_the_log_is_told_of_the_agreement_and_of_each_sign_in(simple: App, person: str, conn: Connection) -> None:
    await simple.tokens()
    await simple.tokens()
    lines = await conn.fetch("select kind from audit.entry order by id")
    at_the_door, *told = [line["kind"] for line in lines]
    assert at_the_door == "signed-in"
    assert told == ["granted", "signed-in", "signed-in"]


async def test_who_ends_an_agreement_is_known_no_more_and_the_application_is_told(
    apps: Callable[..., Any], person: str, conn: Connection
) -> None:
    app: App = await apps(backchannel_logout_uri="https://booking.example/out")
    tokens = await app.tokens(scope="openid offline_access")
    code = await app.code()
    page = await app.house.get("/account/applications")
    assert "病院予約" in page.text
    await submit(app.house, "/account/applications", application=app.application.id)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await app.post("/oauth/introspect", token=token)).json() == {"active": False}
    assert (await app.bring(code)).json()["error"] == "invalid_grant"
    assert (await app.authorize()).headers["location"].startswith("/consent")
    assert await conn.fetchval("select count(*) from identity.logout_notice") == 1
    assert await conn.fetchval("select kind from audit.entry order by id desc limit 1") == "withdrawn"
    gone = await app.house.get("/account/applications")
    assert "病院予約" not in gone.text
