"""Organisations and applications: registered by the operator, checked, and known by the keys they hold."""

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.exchange.identity import credentials
from hiroba.exchange.identity import store as keys
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.organisations import store
from hiroba.exchange.identity.organisations.model import Application, Organisation, check

CLINIC = "/api/v1/organisations/org:clinic"
BOOKING = "/api/v1/applications/org:clinic/app:booking"
BODY: dict[str, Any] = {
    "organisation": "org:clinic",
    "title": {"ja": "病院予約", "en": "Hospital bookings"},
    "redirect_uris": ["https://booking.example/back"],
    "purposes": ["health.checkup@2"],
}
PUBLIC_KEY = ECKey.generate_key("P-256").as_dict(private=False)
APPLICATION = Application(
    id="booking", organisation="org:clinic", title={"ja": "予約"}, redirect_uris=("https://a.example/",)
)


@pytest.fixture
async def clinic(operator: httpx.AsyncClient) -> httpx.AsyncClient:
    assert (await operator.put(CLINIC, json={"title": {"ja": "みほん病院"}})).status_code == 204
    return operator


@pytest.mark.anyio
async def test_an_application_is_registered_and_its_secret_is_shown_once(clinic: httpx.AsyncClient) -> None:
    first = (await clinic.put(BOOKING, json=BODY)).json()
    second = (await clinic.put(BOOKING, json=BODY | {"state": "production"})).json()
    renewed = (await clinic.put(f"{BOOKING}?new_secret=true", json=BODY)).json()
    assert len(first["client_secret"]) == 43
    assert second["client_secret"] is None
    assert renewed["client_secret"] not in (None, first["client_secret"])
    known = (await clinic.get(BOOKING)).json()
    assert known["id"] == "org:clinic/app:booking"
    assert known["sector"] == "app:org:clinic/app:booking"
    assert [one["id"] for one in (await clinic.get("/api/v1/applications?organisation=org:clinic")).json()] == [
        known["id"]
    ]


@pytest.mark.anyio
async def test_nobody_but_the_operator_registers(house: httpx.AsyncClient) -> None:
    for path in (CLINIC, BOOKING):
        assert (await house.put(path, json=BODY)).status_code == 401
    assert (await house.get("/api/v1/applications")).status_code == 401


@pytest.mark.anyio
async def test_an_application_of_nobody_is_refused(operator: httpx.AsyncClient) -> None:
    answer = await operator.put(BOOKING, json=BODY)
    assert answer.status_code == 404
    assert "org:clinic" in answer.json()["detail"]


@pytest.mark.anyio
async def test_the_sector_of_an_application_is_fixed(clinic: httpx.AsyncClient) -> None:
    assert (await clinic.put(BOOKING, json=BODY)).status_code == 200
    assert (await clinic.put(BOOKING, json=BODY | {"sector": "app:org:clinic"})).status_code == 409
    shared = await clinic.put("/api/v1/applications/other", json=BODY | {"sector": "app:org:clinic"})
    assert shared.json()["application"]["sector"] == "app:org:clinic"
    assert (await clinic.put("/api/v1/applications/third", json=BODY | {"sector": "app:other"})).status_code == 400


@pytest.mark.anyio
async def test_a_key_of_an_application_is_known_by_its_client_id_until_it_is_suspended(conn: Connection) -> None:
    await store.put_organisation(conn, Organisation("org:clinic", {"ja": "病院"}))
    await store.put_application(conn, APPLICATION)
    caller = Caller("client", "", "org:clinic", frozenset({"health.checkup@2"}))
    headers = {"authorization": f"Bearer {await keys.add_key(conn, caller, title='Bookings', application='booking')}"}
    known = await credentials.caller_of(conn, headers)
    assert (known.kind, known.id, known.organisation, known.purpose) == (
        "client",
        "booking",
        "org:clinic",
        "health.checkup@2",
    )
    await conn.execute("update identity.application set state = 'suspended'")
    with pytest.raises(credentials.UnknownCredentials):
        await credentials.caller_of(conn, headers)


@pytest.mark.parametrize(
    "uri",
    [
        "http://a.example/",
        "https://a.example/#part",
        "https://a.example/#",
        "https://user@a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.example/",
        "https:///x",
        "https://*.example/",
        "https://a.example/ x",
        "https://例え.example/",
        "com.example.app:/back",
    ],
)
def test_a_browser_is_sent_to_complete_and_safe_addresses_only(uri: str) -> None:
    for changed in ({"redirect_uris": (uri,)}, {"post_logout_redirect_uris": (uri,)}):
        with pytest.raises(Invalid):
            check(_with(**changed))


@pytest.mark.parametrize(
    "uri", ["https://a.example/x?y=1", "http://127.0.0.1:8000/", "http://[::1]/x", "http://localhost/"]
)
def test_https_and_this_very_device_are_such_addresses(uri: str) -> None:
    check(_with(redirect_uris=(uri,)))


def test_an_app_on_a_phone_may_have_a_scheme_of_its_own() -> None:
    check(_with(auth_method="none", redirect_uris=("com.example.app:/back",)))


@pytest.mark.parametrize(
    "changed",
    [
        {"title": {"en": "Bookings"}},
        {"auth_method": "private_key_jwt"},
        {"auth_method": "private_key_jwt", "jwks": {"keys": []}},
        {"auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "EC"}]}},
        {"auth_method": "private_key_jwt", "jwks": {"keys": [OctKey.generate_key(256).as_dict()]}},
        {"auth_method": "private_key_jwt", "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}},
        {"jwks": {"keys": [PUBLIC_KEY]}},
        {"auth_method": "none", "grants": ("authorization_code", "client_credentials")},
        {"redirect_uris": ()},
        {"purposes": ("two words",)},
    ],
    ids=range(10),
)
def test_what_cannot_be_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check(_with(**changed))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused_with_a_problem(uri: str) -> None:
    try:
        check(_with(redirect_uris=(uri,)))
    except Invalid:
        return
    assert uri.startswith(("https://", "http://"))


def _with(**changed: Any) -> Application:

    return msgspec.structs.replace(APPLICATION, **changed)
