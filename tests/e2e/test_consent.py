"""The pages that ask whether an application may know a person: on a phone and a desk, without scripts, in a real browser."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
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

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Page(BaseHTTPRequestHandler):
    """A page of the application."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"back")

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


class Asking:
    """An application of its own port, registered at the house, and windows in which somebody is signed in."""

    def __init__(self, site: Any, look: Callable[..., Any], back: str) -> None:
        self._site, self._look, self.back = site, look, back
        operator = {"Authorization": f"Bearer {site.key}"}
        organisation = {"title": {"ja": "みほん市立みほん病院", "en": "Mihon City Hospital"}}
        application = {
            "organisation": "org:clinic", "title": {"ja": "病院予約", "en": "Hospital bookings"}, "auth_method": "none",
            "sector": "app:org:clinic", "policy_uri": "https://booking.example/policy", "redirect_uris": [back],
            "post_logout_redirect_uris": [back],
            "grants": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        }  # fmt: skip
        for path, body in (("organisations/org:clinic", organisation), ("applications/reception", application)):
            httpx.put(f"{site.url}/api/v1/{path}", json=body, headers=operator, timeout=60).raise_for_status()
        query = {
            "client_id": "reception", "response_type": "code", "scope": "openid offline_access", "redirect_uri": back,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "x",
        }  # fmt: skip
        self.request = f"/oauth/authorize?{urlencode(query)}"

    def window(self, *arguments: Any, **more: Any) -> Any:
        """A window in which a new person is signed in."""
        seen = self._look(*arguments, **more)
        # a thread of its own: the browser's library keeps a loop in this one
        with ThreadPoolExecutor(1) as threads:
            secret = threads.submit(lambda: asyncio.run(self._session())).result()
        seen.page.context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": self._site.url}])
        return seen

    async def _session(self) -> str:
        async with single(Cluster(self._site.data / "postgres").url()) as conn:
            return await sessions.enter(conn, await pairs.add_person(conn), "passkey")

    def press(self, page: Any, number: int) -> dict[str, list[str]]:
        """Press a button of the page; what the application is told in the end."""
        page.locator("main button").nth(number).click()
        page.wait_for_url(f"{self.back}*")
        return parse_qs(urlsplit(page.url).query)


@pytest.fixture
def asking(site: Any, look: Callable[..., Any]) -> Iterator[Asking]:
    """An application that asks."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Asking(site, look, f"http://127.0.0.1:{server.server_port}/back")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("size", "language", "name"), [("phone", "ja-JP", "病院予約"), ("desk", "en-GB", "Hospital bookings")]
)
def test_the_consent_page_is_accessible_and_leads_to_the_application(
    asking: Asking, size: str, language: str, name: str
) -> None:
    seen = asking.window(size, language=language)
    page = seen.open(asking.request)
    assert name in page.inner_text("h1")
    assert violations(page) == []
    assert too_wide(page) <= 0
    yes, no = (button.bounding_box() for button in page.locator("main button").all())
    assert yes["height"] == no["height"] >= 48
    assert asking.press(page, 1)["error"] == ["access_denied"]
    assert asking.press(seen.open(asking.request), 0)["code"]
    assert seen.complaints == []
    page = seen.open("/account/applications")
    assert violations(page) == []


def test_it_asks_is_answered_and_leads_on_without_scripts(asking: Asking, site: Any) -> None:
    """After a sign-in that leaves nothing to ask, a page in between leads on by itself."""
    page = asking.window("phone", javascript=False).open(asking.request)
    assert asking.press(page, 0)["code"]
    waiting = httpx.get(f"{site.url}{asking.request}", timeout=60).headers["location"].rsplit("/", 1)[1]
    page.goto(f"{site.url}/consent?id={waiting}", wait_until="commit")
    page.wait_for_url(f"{asking.back}?code=*")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_pages_for_devices_and_for_leaving_are_accessible(asking: Asking, site: Any, size: str) -> None:
    shown = (
        httpx.post(f"{site.url}/oauth/device", data={"client_id": "reception"}, timeout=60).json()["user_code"].lower()
    )
    page = asking.window(size).open("/device?code=BCDFGHJK")
    assert page.locator("[aria-invalid]").count() == 1
    assert violations(page) == []
    page.fill("#code", shown)
    page.locator("main button").click()
    assert shown in page.inner_text("main")
    assert violations(page) == []
    assert too_wide(page) <= 0
    page.locator("main button").first.click()
    assert violations(page) == []
    wish = urlencode({"client_id": "reception", "post_logout_redirect_uri": asking.back})
    page.goto(f"{site.url}/oauth/logout?{wish}")
    assert violations(page) == []
    asking.press(page, 0)
