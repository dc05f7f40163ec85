"""Officers come in by a link that works once."""

import httpx
import pytest

from hiroba.base.db import Connection
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import SESSION_COOKIE

pytestmark = pytest.mark.anyio
SAKAI_OFFICER = Caller("officer", "", "271403", frozenset({"reports"}))


async def form_token(house: httpx.AsyncClient, path: str) -> str:
    return (await house.get(path)).text.split('name="_csrf_token" value="')[1].split('"')[0]


async def sign_in(house: httpx.AsyncClient, conn: Connection, caller: Caller) -> httpx.Response:
    secret = await store.add_sign_in_link(conn, caller)
    path = f"/sign-in/once/{secret}"
    return await house.post(path, data={"_csrf_token": await form_token(house, path)})


async def test_looking_at_a_link_does_not_use_it_up(house: httpx.AsyncClient, conn: Connection) -> None:
    secret = await store.add_sign_in_link(conn, SAKAI_OFFICER)
    for _ in range(3):
        seen = await house.get(f"/sign-in/once/{secret}")
        assert seen.status_code == 200
        assert seen.headers["cache-control"] == "no-store"
    token = await form_token(house, f"/sign-in/once/{secret}")
    assert (await house.post(f"/sign-in/once/{secret}", data={"_csrf_token": token})).status_code == 303


async def test_a_link_signs_in_once(house: httpx.AsyncClient, conn: Connection) -> None:
    secret = await store.add_sign_in_link(conn, SAKAI_OFFICER)
    path = f"/sign-in/once/{secret}"
    token = await form_token(house, path)
    first = await house.post(path, data={"_csrf_token": token})
    second = await house.post(path, data={"_csrf_token": token}, headers={"Accept": "text/html"})
    assert (first.status_code, first.headers["location"]) == (303, "/desk")
    cookie = next(line for line in first.headers.get_list("set-cookie") if line.startswith(SESSION_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert second.status_code == 410
    assert second.headers["content-type"].startswith("text/html")


async def test_a_link_is_not_followed_without_the_forms_token(house: httpx.AsyncClient, conn: Connection) -> None:
    secret = await store.add_sign_in_link(conn, SAKAI_OFFICER)
    assert (await house.post(f"/sign-in/once/{secret}")).status_code == 403


async def test_the_desk_is_closed_to_visitors_and_names_the_caller(house: httpx.AsyncClient, conn: Connection) -> None:
    closed = await house.get("/desk", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert closed.status_code == 401
    assert "officers who are signed in" in closed.text
    await store.put_municipality(conn, store.Municipality("271403", {"ja": "堺市", "en": "Sakai"}), None)
    await sign_in(house, conn, SAKAI_OFFICER)
    opened = await house.get("/desk", headers={"Accept-Language": "en"})
    assert opened.status_code == 200
    assert "Sakai" in opened.text or "271403" in opened.text


async def test_signing_out_ends_the_session(house: httpx.AsyncClient, conn: Connection) -> None:
    await sign_in(house, conn, SAKAI_OFFICER)
    session = house.cookies[SESSION_COOKIE]
    token = await form_token(house, "/desk")
    assert (await house.post("/sign-out", data={"_csrf_token": token})).status_code == 303
    assert SESSION_COOKIE not in house.cookies
    house.cookies.set(SESSION_COOKIE, session)
    assert (await house.get("/desk")).status_code == 401
