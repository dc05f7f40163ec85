"""Who read my data: plain words, a month at a time; nothing of what a law lets wait; the list as a file that is true."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import httpx
import pytest
from tests.exchange.gateway.conftest import checkup
from tests.exchange.gateway.grants.conftest import BOOKING, Known, add_person, booking, hanako

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.events import Data, Event
from hiroba.exchange.audit.log import append_in
from hiroba.exchange.gateway.log.disclosing import disclose_what_is_due
from hiroba.exchange.gateway.log.looks import looked
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import mandates, sessions
from hiroba.exchange.identity.people.subjects import DOOR, LOG, subject_of

__all__ = ["booking", "checkup", "hanako"]
pytestmark = pytest.mark.anyio
VERIFIER = Path(__file__).parents[3] / "docs/security/verify_log.py"


@pytest.fixture
async def sign_in(conn: Connection, house: httpx.AsyncClient) -> Callable:
    async def do(known: Known, language: str = "en") -> httpx.AsyncClient:
        house.cookies.set(SESSION_COOKIE, await sessions.enter(conn, known.person, "passkey"))
        house.headers.update({"Accept": "text/html", "Accept-Language": language})
        return house

    return do


async def write(conn: Connection, known: Known, *events: Event) -> str:
    subject = await subject_of(conn, known.person, LOG)
    async with conn.transaction():
        await append_in(conn, [Event(**{**fields(event), "subject": subject}) for event in events])
    return subject


def fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in Event.__struct_fields__}


def read(at: datetime | None = None, **more: object) -> Event:
    return Event(
        at or clock.now(), "read", recipient=BOOKING, purpose="health.checkup@1",
        data=[Data("Person", ("birthDate", "allergy"))], **more,
    )  # fmt: skip


async def test_a_line_says_who_what_what_for_and_until_when(conn: Connection, hanako: Known, sign_in: Callable) -> None:
    await write(conn, hanako, read(until=clock.iso(clock.now() + timedelta(days=9))), read(), read())
    client = await sign_in(hanako)
    page = await client.get("/account/log")
    assert page.status_code == 200, page.text
    assert "1 service or office read your data in" in page.text
    assert "Check-up bookings read your data" in page.text
    assert "Mutsu Hospital" in page.text
    assert "Date of birth, Allergies (About you)" in page.text
    assert "Booking a health check-up" in page.text
    assert "2 times" in page.text  # the two that differ in nothing are one line
    assert page.headers["cache-control"] == "no-store"
    japanese = (await (await sign_in(hanako, "ja")).get("/account/log")).text
    assert "健診予約があなたのデータを読みました" in japanese
    assert "生年月日、アレルギー（あなたについて）" in japanese


async def test_refusals_are_shown_and_sign_ins_only_when_asked(
    conn: Connection, hanako: Known, sign_in: Callable
) -> None:
    await write(
        conn, hanako, Event(clock.now(), "refused", recipient=BOOKING, note="no grant"), Event(clock.now(), "signed-in")
    )
    client = await sign_in(hanako)
    page = (await client.get("/account/log")).text
    assert "Nobody read your data in" in page
    assert "1 question for your data was refused." in page
    assert "There was no consent and no law that allows it." in page
    assert "You signed in" not in page
    assert "You signed in" in (await client.get("/account/log", params={"everything": "1"})).text


async def test_the_list_goes_month_by_month(conn: Connection, hanako: Known, sign_in: Callable) -> None:
    earlier = clock.now() - timedelta(days=62)
    await write(conn, hanako, read(earlier))
    client = await sign_in(hanako)
    now = await client.get("/account/log")
    assert "Check-up bookings" not in now.text
    assert "Month before" in now.text
    month = f"{earlier.astimezone(clock.JAPAN):%Y-%m}"
    then = await client.get("/account/log", params={"month": month})
    assert "Check-up bookings read your data" in then.text
    assert "Month before" not in then.text
    for wrong in ("2026-13", "0000-01", "x", "2026-1"):
        assert (await client.get("/account/log", params={"month": wrong})).status_code in {400, 404}


async def test_the_page_of_somebody_is_theirs_alone(
    conn: Connection, hanako: Known, house: httpx.AsyncClient, sign_in: Callable
):
    await write(conn, hanako, read())
    assert (await house.get("/account/log")).status_code in {303, 401, 302}
    other = await add_person(conn)
    client = await sign_in(other)
    assert "Check-up bookings" not in (await client.get("/account/log")).text
    assert (await client.get("/account/log", params={"for": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})).status_code == 404


async def test_a_guardian_sees_the_child_s_list_without_what_is_withheld(
    conn: Connection, hanako: Known, booking: object, sign_in: Callable
) -> None:
    """The two pages, with and without a withheld look, do not differ in a single byte that is not random."""
    child = await add_person(conn)
    door = await subject_of(conn, child.person, DOOR)
    code = await mandates.invite_proxy(conn, door, shown="Taro", matters=[], until=None)
    await mandates.accept(conn, code, hanako.door, "Hanako")
    client = await sign_in(hanako)
    (mandate,) = await mandates.represented_by(conn, hanako.door)
    await write(conn, child, read())
    address = f"/account/log?for={mandate.mandate}"
    await client.get(address)  # the look itself is a line from now on
    before = (await client.get(address)).text
    await write(conn, child, read(ground="case@1", disclosure="withheld"), read(ground="case@2", disclosure="delayed"))
    after = (await client.get(address)).text
    assert "Somebody acted for you" in before
    assert "Looked at this list" in before
    assert without_chance(after).replace("3 times", "2 times") == without_chance(before)


def without_chance(page: str) -> str:
    """The page without its form's token and the minutes of the looks themselves."""
    return re.sub(r'(name="_csrf_token" value="[^"]*"|<time .*?</time>)', "", page)


async def test_the_export_is_true_to_the_outside_verifier(conn: Connection, hanako: Known, sign_in: Callable) -> None:
    await write(conn, hanako, read(), read())
    client = await sign_in(hanako)
    token = (await client.get("/account/log")).text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    answer = await client.post("/account/log/export", data={"_csrf_token": token, "mandate": ""})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    spec = spec_from_file_location("verify_log", VERIFIER)
    verifier = module_from_spec(spec)
    spec.loader.exec_module(verifier)
    _, leaves, *_ = verifier.verify(answer.content, (await client.get("/log/keys")).json()["log"])
    assert len(leaves) >= 3
    assert (await client.post("/account/log/export", data={"mandate": ""})).status_code == 403  # no token, no file


async def test_the_verifier_that_is_offered_is_the_one_of_the_documentation(
    conn, hanako: Known, sign_in: Callable
) -> None:
    client = await sign_in(hanako)
    page = (await client.get("/account/log")).text
    address = page.partition('" download="verify_log.py"')[0].rpartition('href="')[2]
    assert (await client.get(address)).content == VERIFIER.read_bytes()


async def test_programs_get_the_list_in_the_shape_of_find_usage(
    conn: Connection, hanako: Known, sign_in: Callable
) -> None:
    """e-gov/AJ, Kasutusteabe esitamise protokoll 6.1: totalUsages and usages, the latest first, paged by offset and limit."""
    first = clock.now() - timedelta(days=3)
    await write(
        conn, hanako, read(first), Event(clock.now(), "refused", recipient=BOOKING), Event(clock.now(), "signed-in")
    )
    client = await sign_in(hanako)
    found = (await client.get("/api/v1/findUsage")).json()
    assert found["totalUsages"] == 2
    assert [sorted(usage) for usage in found["usages"]] == [
        ["action", "logtime", "receiverCode", "receiverName", "receiverSystem"]
    ] * 2
    assert found["usages"][1] == {
        "logtime": clock.iso(first),
        "action": "Check-up bookings read your data: Booking a health check-up",
        "receiverCode": "org:clinic",
        "receiverName": "Mutsu Hospital",
        "receiverSystem": "Check-up bookings",
    }
    part = (await client.get("/api/v1/findUsage", params={"offset": 1, "limit": 1})).json()
    assert (part["totalUsages"], len(part["usages"])) == (2, 1)
    since = {"periodStart": clock.iso(clock.now() - timedelta(days=1))}
    assert (await client.get("/api/v1/findUsage", params=since)).json()["totalUsages"] == 1
    assert (await client.get("/api/v1/usagePeriod")).json() == {"periodStart": clock.iso(first)}
    assert (await client.get("/api/v1/heartbeat")).json()["status"] == "OK"


async def test_an_officer_s_look_stands_in_readable_words(conn: Connection, hanako: Known, sign_in: Callable) -> None:
    officer = Caller("officer", "officer-7", "org:clinic")
    async with conn.transaction():
        await looked(conn, officer, hanako.door, "Looked at this list", sector=DOOR)
    page = (await (await sign_in(hanako, "ja")).get("/account/log")).text
    assert "むつ中央病院の職員があなたのデータを見ました" in page
    assert "この一覧を見ました" in page


async def test_what_waited_is_shown_the_day_after_its_day(
    conn: Connection, hanako: Known, sign_in: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = clock.today() + timedelta(days=3)
    law = {"ground": "児童虐待防止法13条の4", "disclosure": "delayed", "review_on": day}
    subject = await write(conn, hanako, read(**law))
    async with conn.transaction():
        await disclose_what_is_due(conn)
    client = await sign_in(hanako)
    assert "児童虐待防止法13条の4" not in (await client.get("/account/log")).text
    monkeypatch.setattr(clock, "today", lambda: day + timedelta(days=1))
    async with conn.transaction():
        await disclose_what_is_due(conn)
    page = (await client.get("/account/log", params={"month": f"{clock.now().astimezone(clock.JAPAN):%Y-%m}"})).text
    assert "By law: 児童虐待防止法13条の4" in page
    assert "A law let this wait before it was shown to you." in page
    rows = await conn.fetch("select event from audit.entry where subject = $1 and kind = 'disclosed'", subject)
    assert json.loads(rows[0]["event"])["ground"] == "児童虐待防止法13条の4"
