"""Who read my data, in a browser: phone and desk, with and without scripts; the list verified, a changed one found."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Page, Route
from tests.e2e.test_door import too_wide, violations
from tests.exchange.gateway.conftest import CHECKUP, made_active

from hiroba.base.db.cluster import Cluster
from hiroba.exchange.audit.log import Data, Event, append_in
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.subjects import LOG, subject_of

LAW = "災害対策基本法49条の11第3項"
BOOKING = "org:clinic/app:booking"


async def somebody(url: str) -> str:
    """A person with an ordinary month; the secret of their session."""
    conn: Any = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            if not await purposes.of(conn, ["health.checkup@1"]):
                await made_active(conn, "health.checkup", CHECKUP)
            names = {"ja": "むつ中央病院", "en": "Mutsu Hospital"}
            await organisations.put_organisation(conn, Organisation("org:clinic", names))
            await organisations.put_application(conn, Application(
                id=BOOKING, organisation="org:clinic", title={"ja": "健診予約", "en": "Check-up bookings"},
                state="production", redirect_uris=("https://booking.example/back",), purposes=("health.checkup@1",),
            ))  # fmt: skip
            person = await pairs.add_person(conn)
            me = await subject_of(conn, person, LOG)
            now = datetime.now(UTC)
            data = [Data("Person", ("birthDate", "allergy"))]
            read = {"recipient": BOOKING, "purpose": "health.checkup@1", "data": data, "until": "2027-04-01T00:00:00Z"}
            await append_in(conn, [
                Event(now - timedelta(minutes=9), "signed-in", me),
                *[Event(now - timedelta(minutes=8 - turn), "read", me, ground=LAW, **read) for turn in range(3)],
                Event(now - timedelta(minutes=4), "refused", me, recipient=BOOKING, purpose="health.checkup@1", note="no grant"),
                Event(now - timedelta(minutes=2), "looked", me, recipient="org:clinic", note="Looked at this list"),
            ])  # fmt: skip
            return await sessions.enter(conn, person, "passkey")
    finally:
        await conn.close()


@pytest.fixture
def mine(look: Callable[..., Any], site: Any) -> Callable[..., Any]:
    """A function that opens the page as a fresh person."""
    with ThreadPoolExecutor() as beside:  # the browser's own event loop runs in this thread
        secret = beside.submit(lambda: asyncio.run(somebody(Cluster(site.data / "postgres").url()))).result()

    def opened(size: str = "phone", **more: Any) -> Any:
        seen = look(size, **more)
        seen.page.context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": site.url}])
        seen.open("/account/log")
        return seen

    return opened


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_list_is_accessible_and_fits(mine: Callable[..., Any], size: str) -> None:
    seen = mine(size)
    seen.page.locator("details summary").click()
    assert violations(seen.page) == []
    assert too_wide(seen.page) <= 0
    assert seen.complaints == []
    assert seen.page.locator("h1").inner_text().endswith("のサービスや役所があなたのデータを見ました")


def verdict(page: Page) -> Any:
    page.get_by_role("button", name="この一覧を確かめる").click()
    page.wait_for_selector(".verdict.yes, .verdict.no", timeout=30_000)
    return page.locator(".verdict")


def test_a_true_list_is_found_true_in_the_browser(mine: Callable[..., Any]) -> None:
    seen = mine()
    assert verdict(seen.page).inner_text().startswith("確かめました。")
    assert verdict(seen.page).get_attribute("class") == "verdict yes"  # and again, with the first export in it
    assert seen.complaints == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda body: body.replace("allergy", "allergie", 1), "変えられています"),
        (lambda body: "\n".join([*body.split("\n")[:2], *body.split("\n")[3:]]), "抜けている"),
        (lambda body: "\n".join([body.split("\n")[0], *body.split("\n")[2:0:-1], *body.split("\n")[3:]]), "抜けている"),
        (lambda body: body.replace("\\n\\n— ", "\\n\\n— x", 1), "署名がありません"),
    ],
    ids=["altered", "left out", "reordered", "signature"],
)
def test_a_list_that_was_changed_on_its_way_is_found(
    mine: Callable[..., Any], change: Callable[[str], str], why: str
) -> None:
    seen = mine()

    def lie(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.text()))

    seen.page.route("**/account/log/export", lie)
    said = verdict(seen.page)
    assert said.get_attribute("class") == "verdict no"
    assert why in said.inner_text()


def test_without_scripts_the_list_can_be_taken_and_the_program_fetched(mine: Callable[..., Any]) -> None:
    seen = mine(javascript=False)
    assert seen.page.locator("[data-verify-now]:visible").count() == 0
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name="一覧を持ち出す").click()
    assert download.value.suggested_filename.startswith("hiroba-log-")
    seen.page.locator("details summary").click()
    assert seen.page.get_by_role("link", name="verify_log.py").is_visible()
