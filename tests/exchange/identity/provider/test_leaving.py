"""Sessions end: by the application's wish, asked first unless it shows whose; and every application that knew it is told."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.exchange.identity.provider.conftest import ISSUER, SIMPLE, App, submit

from hiroba.base.db import Connection
from hiroba.base.egress import Egress
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.provider import lasting, leaving
from hiroba.exchange.identity.provider.store import agreements

pytestmark = pytest.mark.anyio
BYE = "https://booking.example/bye"


async def leave(app: App, **query: str) -> httpx.Response:
    return await app.house.get("/oauth/logout", params=query)


async def test_who_shows_an_id_token_of_this_session_leaves_at_once(simple: App, person: str, conn: Connection) -> None:
    hint = (await simple.tokens())["id_token"]
    answer = await leave(simple, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x y")
    assert answer.headers["location"] == f"{BYE}?state=x%20y"
    assert SESSION_COOKIE not in simple.house.cookies
    assert await conn.fetchval("select count(*) from identity.session") == 0


async def test_anybody_else_is_asked(simple: App, person: str, come_in: Callable[..., Any], conn: Connection) -> None:
    old = (await simple.tokens())["id_token"]
    simple.house.cookies.delete(SESSION_COOKIE)
    await come_in(person)
    id_ = simple.application.id
    for query in ({"id_token_hint": old}, {"client_id": id_}):
        answer = await leave(simple, **query, post_logout_redirect_uri=BYE)
        assert answer.headers["location"].startswith("/leave?"), query
    assert await conn.fetchval("select count(*) from identity.session") == 2
    stayed = await submit(simple.house, answer.headers["location"], answer="stay")
    assert stayed.headers["location"] == BYE
    assert await conn.fetchval("select count(*) from identity.session") == 2
    left = await submit(simple.house, answer.headers["location"], answer="leave")
    assert left.headers["location"] == BYE
    assert await conn.fetchval("select count(*) from identity.session") == 1


async def test_nobody_is_sent_to_an_address_that_is_not_registered_for_leaving(simple: App, person: str) -> None:
    hint = (await simple.tokens())["id_token"]
    for query in (
        {"post_logout_redirect_uri": BYE},
        {"client_id": "nobody", "post_logout_redirect_uri": BYE},
        {"client_id": simple.application.id, "post_logout_redirect_uri": "https://evil.example/"},
        {"id_token_hint": hint, "post_logout_redirect_uri": f"{BYE}/"},
        {"id_token_hint": hint, "client_id": "other", "post_logout_redirect_uri": BYE},
    ):
        for path in ("/oauth/logout", "/leave"):
            answer = await simple.house.get(path, params=query)
            assert (answer.status_code, "location" in answer.headers) == (400, False), (path, query)


async def test_a_wish_by_post_changes_nothing_before_the_redirect(simple: App, person: str) -> None:
    answer = await simple.house.post("/oauth/logout", data={"client_id": simple.application.id})
    assert (answer.status_code, answer.headers["location"][:14]) == (303, "/oauth/logout?")
    assert SESSION_COOKIE in simple.house.cookies


async def test_every_application_that_knew_a_session_is_told_of_its_end(
    apps: Callable[..., Any], person: str, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, bytes]] = []
    answers = [200, 503, 204]

    async def post(egress: Egress, url: str, **call: Any) -> int:
        told.append((url, call["body"]))
        return answers[len(told) - 1]

    monkeypatch.setattr(Egress, "post", post)
    one: App = await apps(backchannel_logout_uri="https://one.example/out")
    two: App = await apps(SIMPLE, id="two", sector="app:two", backchannel_logout_uri="https://two.example/out")
    silent: App = await apps(SIMPLE, id="silent", sector="app:silent")
    tokens = {app.application.id: await app.tokens() for app in (one, two, silent)}
    await leaving.tell(conn, issuer=ISSUER, egress=Egress)
    assert told == [], "the session is still there"
    await conn.execute("delete from identity.session")
    await leaving.tell(conn, issuer=ISSUER, egress=Egress)
    assert sorted(url for url, _ in told) == ["https://one.example/out", "https://two.example/out"]
    await leaving.tell(conn, issuer=ISSUER, egress=Egress)
    assert len(told) == 2, "who did not take it is told again later"
    await conn.execute("update identity.logout_notice set due = now() - interval '1 second'")
    await leaving.tell(conn, issuer=ISSUER, egress=Egress)
    assert told[2][0] == told[1][0]
    assert await conn.fetchval("select count(*) from identity.logout_notice") == 0
    keys = KeySet.import_key_set((await one.house.get("/oauth/jwks")).json())
    body = dict(told)["https://one.example/out"].decode()
    token = jwt.decode(body.removeprefix("logout_token="), keys, algorithms=["RS256"])
    known = jwt.decode(tokens[one.application.id]["id_token"], keys, algorithms=["RS256"]).claims
    assert token.header["typ"] == "logout+jwt"
    assert {name: token.claims[name] for name in ("iss", "aud", "sub", "sid", "events")} == {
        "iss": ISSUER, "aud": one.application.id, "sub": known["sub"], "sid": known["sid"], "events": {leaving.EVENT: {}},
    }  # fmt: skip
    assert "nonce" not in token.claims


async def test_an_application_that_never_answers_is_given_up(
    apps: Callable[..., Any], person: str, conn: Connection
) -> None:
    """Its address is on loopback, where the house does not call unless it is allowed to."""
    app: App = await apps(backchannel_logout_uri="http://127.0.0.1:9/out")
    await app.tokens()
    await conn.execute("delete from identity.session")
    for count in range(1, agreements.RETRIES + 1):
        await leaving.tell(conn, issuer=ISSUER, egress=Egress)
        await conn.execute("update identity.logout_notice set due = now()")
        assert await conn.fetchval("select count(*) from identity.logout_notice") == (count < agreements.RETRIES)


async def test_what_is_over_is_removed(simple: App, strict: App, person: str, conn: Connection) -> None:
    await simple.tokens()
    await simple.authorize(prompt="consent")
    await simple.code()
    await simple.token("client_credentials", scope="purpose:publish")
    await simple.post("/oauth/device", scope="openid")
    pushed = await strict.post("/oauth/par", **strict.asking())
    assert pushed.status_code == 201
    tables = (
        "access_token", "refresh_token", "token_family", "used_once", "authorization_request", "authorization_code",
        "device_grant",
    )  # fmt: skip

    async def counts() -> list[int]:
        return [await conn.fetchval(f"select count(*) from identity.{table}") for table in tables]  # noqa: S608 - above

    before = await counts()
    assert all(before)
    await lasting.forget_what_is_over(conn)
    assert await counts() == before
    for table in tables:
        if table != "token_family":
            await conn.execute(f"update identity.{table} set expires = now() - interval '1 second'")  # noqa: S608 - above
    await lasting.forget_what_is_over(conn)
    assert await counts() == [0] * len(tables)
