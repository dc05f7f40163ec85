"""The pages that ask whether an application may know a person: on a phone and a desk, without scripts, in a real browser."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from tests.e2e.test_door import too_wide, violations

from hiroba.base.db import single
from hiroba.base.db.cluster import Cluster
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs

BACK = "http://127.0.0.1:1/back"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
BODY = {
    "organisation": "org:clinic", "title": {"ja": "病院予約", "en": "Hospital bookings"}, "redirect_uris": [BACK],
    "post_logout_redirect_uris": [BACK], "policy_uri": "https://booking.example/policy",
    "grants": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "auth_method": "none", "sector": "app:org:clinic",
}  # fmt: skip
QUERY = {
    "client_id": "booking", "response_type": "code", "redirect_uri": BACK, "scope": "openid offline_access",
    "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "x",
}  # fmt: skip


@pytest.fixture
def signed_in(site: Any, look: Callable[..., Any]) -> Callable[..., Any]:
    """A function that opens a window in which a new person is signed in, before a house with an application."""
    operator = {"Authorization": f"Bearer {site.key}"}
    organisation = {"title": {"ja": "みほん市立みほん病院", "en": "Mihon City Hospital"}}
    httpx.put(f"{site.url}/api/v1/organisations/org:clinic", json=organisation, headers=operator).raise_for_status()
    httpx.put(f"{site.url}/api/v1/applications/booking", json=BODY, headers=operator).raise_for_status()

    async def secret() -> str:
        async with single(Cluster(site.data / "postgres").url()) as conn:
            return await sessions.enter(conn, await pairs.add_person(conn), "passkey")

    def opened(*arguments: Any, **more: Any) -> Any:
        seen = look(*arguments, **more)
        # a thread of its own: the browser's library keeps a loop in this one
        cookie = _elsewhere(secret)
        seen.page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": site.url}])
        seen.page.context.route(f"{BACK}*", lambda route: route.fulfill(status=200, body="back"))
        return seen

    return opened


def _elsewhere(work: Callable[[], Any]) -> Any:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - beside its one use

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


def said(page: Any) -> dict[str, list[str]]:
    """What the application was told."""
    assert page.url.startswith(BACK), page.url
    return parse_qs(urlsplit(page.url).query)


@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("language", ["ja-JP", "en-GB"])
def test_the_consent_page_is_accessible_and_leads_to_the_application(
    signed_in: Callable[..., Any], size: str, language: str
) -> None:
    seen = signed_in(size, language=language)
    page = seen.open(f"/oauth/authorize?{urlencode(QUERY)}")
    assert "病院予約" in page.inner_text("h1") if language == "ja-JP" else "Hospital bookings" in page.inner_text("h1")
    assert violations(page) == []
    assert too_wide(page) <= 0
    yes, no = page.locator("main button").all()
    assert yes.bounding_box()["height"] == no.bounding_box()["height"] >= 48
    no.click()
    assert said(page)["error"] == ["access_denied"]
    seen.open(f"/oauth/authorize?{urlencode(QUERY)}")
    page.locator("main button").first.click()
    assert said(page)["code"]
    assert seen.complaints == []


def test_it_asks_and_is_answered_without_scripts(signed_in: Callable[..., Any]) -> None:
    page = signed_in("phone", javascript=False).open(f"/oauth/authorize?{urlencode(QUERY)}")
    page.locator("main button").first.click()
    assert said(page)["code"]


def test_after_a_sign_in_the_page_in_between_leads_on_by_itself(signed_in: Callable[..., Any], site: Any) -> None:
    for javascript in (True, False):
        seen = signed_in("phone", javascript=javascript)
        page = seen.open(f"/oauth/authorize?{urlencode(QUERY)}")
        page.locator("main button").first.click()
        answer = httpx.get(f"{site.url}/oauth/authorize?{urlencode(QUERY)}")
        waiting = answer.headers["location"].rsplit("/", 1)[1]
        page.goto(f"{site.url}/consent?id={waiting}", wait_until="commit")
        page.wait_for_url(f"{BACK}*")
        assert said(page)["code"]


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_pages_for_devices_and_for_leaving_are_accessible(
    signed_in: Callable[..., Any], site: Any, size: str
) -> None:
    seen = signed_in(size)
    shown = httpx.post(f"{site.url}/oauth/device", data={"client_id": "booking"}).json()
    page = seen.open("/device")
    assert violations(page) == []
    page.fill("#code", "BCDFGHJK")
    page.locator("main button").click()
    assert page.locator("[aria-invalid]").count() == 1
    assert violations(page) == []
    page.fill("#code", shown["user_code"].lower())
    page.locator("main button").click()
    assert shown["user_code"].lower() in page.inner_text("main")
    assert violations(page) == []
    assert too_wide(page) <= 0
    page.locator("main button").first.click()
    assert violations(page) == []
    page = seen.open(f"/oauth/logout?{urlencode({'client_id': 'booking', 'post_logout_redirect_uri': BACK})}")
    assert violations(page) == []
    page.locator("main button").first.click()
    assert page.url == BACK
