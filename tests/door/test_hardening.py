"""What every answer tells a browser about itself, and what a browser is given to keep."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import OPERATOR, client_of

from hiroba.base.db import Connection
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
PEOPLE = {"Accept": "text/html", "Accept-Language": "en"}
EVERYWHERE = (
    "/", "/no-such-page", "/robots.txt", "/health/live", "/developers/api/openapi.json", "/sign-in", "/account",
    "/.well-known/openid-configuration", "/open311/v2/services.xml", "/api/v1/municipalities", "/metrics",
    "/ngsi-ld/v1/types", "/ngsi-ld/v1/entities/nothing", "/ngsi-ld/v1/no-such-thing", "/ngsi-ld/",
)  # fmt: skip
"""One address of each kind of answer: pages, files, problems, documents, the exchange's own application."""


@pytest.fixture
async def secure(database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The house as residents reach it, by https, called by a browser."""
    settings = Settings(data=tmp_path, database_url=database, public_url="https://hiroba.test")
    async with client_of(settings) as client:
        client.base_url = httpx.URL("https://hiroba.test")
        client.headers.update(PEOPLE)
        yield client


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_keeps_browsers_from_guessing_framing_and_plain_http(
    secure: httpx.AsyncClient, path: str
) -> None:
    headers = (await secure.get(path)).headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] in {"no-referrer", "same-origin", "strict-origin-when-cross-origin"}
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_text_says_its_charset(secure: httpx.AsyncClient, path: str) -> None:
    answer = await secure.get(path)
    kind = answer.headers.get("content-type", "")
    assert kind or not answer.content
    if kind.startswith("text/") or "xml" in kind:
        assert "charset=utf-8" in kind.lower()


async def test_an_answer_of_the_exchange_is_never_a_document_of_its_own(house: httpx.AsyncClient) -> None:
    assert "sandbox" in (await house.get("/ngsi-ld/v1/types")).headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/account", "/ngsi-ld/v1/entities", "/ngsi-ld/v1/types", "/oauth/token"])
async def test_trace_is_taken_nowhere(house: httpx.AsyncClient, path: str) -> None:
    answer = await house.request("TRACE", path, headers={"X-Secret": "mirror"})
    assert answer.status_code in {404, 405}
    assert "mirror" not in answer.text


async def signed_in(client: httpx.AsyncClient, conn: Connection) -> str:
    """A resident's session, as the browser of `client` holds it; its secret."""
    secret = await sessions.enter(conn, await pairs.add_person(conn), "passkey")
    client.headers["Cookie"] = f"__Host-{SESSION_COOKIE}={secret}"
    return secret


async def test_by_https_cookies_are_this_host_s_alone(secure: httpx.AsyncClient, conn: Connection) -> None:
    link = f"/sign-in/once/{await store.add_sign_in_link(conn, Caller('operator', 'operator'))}"
    page = await secure.get(link)
    token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
    entered = await secure.post(link, data={"_csrf_token": token})
    assert entered.status_code == 303
    chosen = await secure.get("/language/ja")
    lines = [line for answer in (page, entered, chosen) for line in answer.headers.get_list("set-cookie")]
    assert len(lines) >= 3
    for line in lines:
        pair, *attributes = line.split("; ")
        assert pair.startswith("__Host-hiroba_")
        assert {"Secure", "Path=/"} <= set(attributes)
        assert not any(one.lower().startswith("domain") for one in attributes)
        assert "samesite=lax" in line.lower()
        assert len(pair) < 4096
    assert (await secure.get("/desk")).status_code == 200


async def test_by_https_a_cookie_without_the_prefix_is_nobody_s(secure: httpx.AsyncClient, conn: Connection) -> None:
    secret = await signed_in(secure, conn)
    assert (await secure.get("/account")).status_code == 200
    secure.headers["Cookie"] = f"{SESSION_COOKIE}={secret}"
    assert (await secure.get("/account")).status_code == 303


@pytest.mark.parametrize(
    "path", ["/", "/account", "/account/mandates", "/account/log", "/consents", "/search", "/services"]
)
async def test_what_somebody_who_is_signed_in_sees_is_kept_nowhere(
    secure: httpx.AsyncClient, conn: Connection, path: str
) -> None:
    await signed_in(secure, conn)
    assert (await secure.get(path)).headers["cache-control"] == "no-store"


async def test_a_browser_that_signs_out_forgets(secure: httpx.AsyncClient, conn: Connection) -> None:
    await signed_in(secure, conn)
    session = secure.headers.pop("Cookie")
    secure.cookies.set(*session.split("=", 1), domain="hiroba.test")
    token = (await secure.get("/account")).text.split('name="_csrf_token" value="')[1].split('"')[0]
    left = await secure.post("/sign-out", data={"_csrf_token": token})
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert left.headers["cache-control"] == "no-store"
    assert (await secure.get("/account")).status_code == 303


async def test_who_is_not_let_in_is_noted_without_what_was_sent(
    house: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="hiroba.refused"):
        await house.get("/api/v1/organisations", headers={"Authorization": "Bearer no-such-key"})
        await house.get("/ngsi-ld/v1/entities/urn:x:1", headers={"Authorization": "Bearer no-such-key"})
        await house.get("/ngsi-ld/v1/entities/urn:x:1", headers={"Authorization": f"Bearer {OPERATOR}"})
    assert [line.split(" ", 1)[0] for line in caplog.messages] == ["401", "401"]
    assert "GET /api/v1/organisations" in caplog.messages[0]
    assert "GET /entities/{}" in caplog.messages[1]
    assert "no-such-key" not in caplog.text
    assert "urn:x:1" not in caplog.text


async def test_what_fails_unforeseen_says_nothing_outside_and_all_inside(
    house: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("hiroba.exchange.identity.credentials.caller_of", broken)
    monkeypatch.setattr("hiroba.exchange.gateway.access.caller_of", broken, raising=False)
    for path in ("/", "/account", "/ngsi-ld/v1/types"):
        answer = await house.get(path, headers={"Authorization": "Bearer any"})
        assert answer.status_code == 500
        assert "secret of the inside" not in answer.text
        assert "Traceback" not in answer.text
        assert "secret of the inside" in caplog.text
        caplog.clear()


async def test_the_operator_signs_everybody_out(secure: httpx.AsyncClient, conn: Connection) -> None:
    await signed_in(secure, conn)
    assert (await secure.delete("/api/v1/sessions")).status_code in {401, 403}
    assert (await secure.get("/account")).status_code == 200
    key = {"Authorization": f"Bearer {OPERATOR}"}
    assert (await secure.delete("/api/v1/sessions", headers=key)).status_code == 204
    assert (await secure.get("/account")).status_code == 303


async def test_a_session_is_ended_elsewhere_only_after_a_fresh_proof(
    secure: httpx.AsyncClient, conn: Connection
) -> None:
    session = await signed_in(secure, conn)
    page = await secure.get("/account")
    token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
    [kept] = [line.split(";")[0] for line in page.headers.get_list("set-cookie") if "csrf" in line]
    secure.headers["Cookie"] = f"__Host-{SESSION_COOKIE}={session}; {kept}"
    await conn.execute("update identity.session set proved = proved - interval '11 minutes'")
    form = {"_csrf_token": token}
    for action in ("/account/sessions/end-others", "/account/sessions/any/end"):
        asked = await secure.post(action, data=form)
        assert asked.status_code == 303
        assert asked.headers["location"].startswith("/sign-in?")


async def test_sign_ins_are_noted_good_and_bad(
    house: httpx.AsyncClient, conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    link = f"/sign-in/once/{await store.add_sign_in_link(conn, Caller('operator', 'operator'))}"
    token = (await house.get(link, headers=PEOPLE)).text.split('name="_csrf_token" value="')[1].split('"')[0]
    with caplog.at_level(logging.INFO, logger="hiroba"):
        await house.post(link, data={"_csrf_token": token})
        await house.post(link, data={"_csrf_token": token})
        await house.post("/sign-in/recover", data={"_csrf_token": token, "code": "WRONG-CODE"}, headers=PEOPLE)
    entered, spent, wrong = [line for line in caplog.messages if " by " in line or line.startswith("4")]
    assert entered == "operator by link"
    assert spent.startswith("410 POST /sign-in/once/{secret")
    assert wrong == "422 POST /sign-in/recover anyone CodeSpent"
    assert "WRONG" not in caplog.text
    assert link.rsplit("/", 1)[1] not in caplog.text
