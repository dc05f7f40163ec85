"""Devices at a counter: a code is shown there and typed where somebody is signed in, who sees who asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.identity.provider.conftest import DEVICE, App, submit

from hiroba.base.db import Connection
from hiroba.exchange.identity.people.subjects import subject_of
from hiroba.exchange.identity.provider import devices


async def begin(app: App) -> dict[str, str]:
    answer = await app.post("/oauth/device")
    assert answer.status_code == 200, answer.text
    shown: dict[str, str] = answer.json()
    return shown


@pytest.mark.anyio
async def test_a_device_gets_tokens_after_its_person_agreed_and_only_once(
    public: App, person: str, conn: Connection
) -> None:
    shown = await begin(public)
    code = shown["device_code"]
    assert (await public.token(DEVICE, device_code=code)).json()["error"] == "authorization_pending"
    assert (await public.token(DEVICE, device_code=code)).json()["error"] == "slow_down"
    page = await public.house.get(shown["verification_uri_complete"])
    assert "病院予約" in page.text
    await submit(public.house, f"/device?code={shown['user_code']}", answer="agree")
    tokens = (await public.token(DEVICE, device_code=code)).json()
    assert "refresh_token" not in tokens, "a visit at a counter ends"
    told = await public.house.get("/oauth/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert told.json()["sub"] == await subject_of(conn, person, public.application.sector)
    assert (await public.token(DEVICE, device_code=code)).json()["error"] == "invalid_grant"
    assert (await public.house.get(f"/device?code={shown['user_code']}")).status_code == 422


@pytest.mark.anyio
async def test_a_device_is_told_no(public: App, person: str) -> None:
    shown = await begin(public)
    await submit(public.house, f"/device?code={shown['user_code']}", answer="refuse")
    assert (await public.token(DEVICE, device_code=shown["device_code"])).json()["error"] == "access_denied"
    assert (await public.token(DEVICE, device_code=shown["device_code"])).json()["error"] == "invalid_grant"


@pytest.mark.anyio
async def test_a_code_is_its_device_s_alone_and_over_after_ten_minutes(
    public: App, simple: App, person: str, conn: Connection
) -> None:
    shown = await begin(public)
    other = await simple.token(DEVICE, device_code=shown["device_code"])
    assert other.json()["error"] == "invalid_grant"
    await conn.execute("update identity.device_grant set expires = now()")
    assert (await public.token(DEVICE, device_code=shown["device_code"])).json()["error"] == "expired_token"
    assert (await public.house.get(f"/device?code={shown['user_code']}")).status_code == 422


@pytest.mark.anyio
async def test_a_device_is_given_nothing_but_who_is_there(public: App) -> None:
    assert (await public.post("/oauth/device", scope="openid offline_access")).json()["error"] == "invalid_scope"


@pytest.mark.anyio
async def test_the_code_is_asked_for_only_of_who_is_signed_in(public: App) -> None:
    answer = await public.house.get("/device?code=BCDF-GHJK")
    assert answer.headers["location"] == "/sign-in?next=/device%3Fcode%3DBCDF-GHJK"
    assert (await public.house.post("/device", data={"code": "BCDFGHJK", "answer": "agree"})).status_code in {401, 403}


@given(st.text(alphabet=devices.LETTERS, min_size=8, max_size=8), st.sampled_from(["{}", " {} ", "{}\u3000"]))
def test_however_it_is_typed_the_code_is_the_same(code: str, written: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    for text in (code.lower(), f"{code[:4]}-{code[4:]}", wide, wide.lower()):
        assert devices.typed(written.format(text)) == code
