"""Residents come in, show once more who they are, and keep their account: through the pages, as a browser calls them."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.conftest import client_of
from tests.exchange.identity.people.authenticator import Authenticator

from hiroba.base.db import Connection
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import recovery, sessions
from hiroba.exchange.identity.people.store import officers, pairs, ways
from hiroba.exchange.identity.people.store import sessions as rows
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
ORIGIN, DOMAIN = "http://hiroba.test", "hiroba.test"
PEOPLE = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
def letters(tmp_path: Path) -> Callable[[], list[str]]:
    """The links in the letters that were sent, oldest first."""

    def links() -> list[str]:
        texts = [path.read_text() for path in sorted((tmp_path / "mail").glob("*.eml"))]
        return [re.search(r"http://hiroba\.test(/sign-in/mail/\S+)", text)[1] for text in texts]  # type: ignore[index]

    return links


@pytest.fixture
async def resident(house: httpx.AsyncClient) -> httpx.AsyncClient:
    """The house, called by a browser of somebody who is not signed in yet."""
    house.headers.update(PEOPLE)
    return house


async def send(client: httpx.AsyncClient, page: str, action: str, **fields: str) -> httpx.Response:
    """Open a page and send one of its forms."""
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get(page)).text)
    assert found is not None, page
    return await client.post(action, data={"_csrf_token": found[1], **fields}, headers={"Referer": f"{ORIGIN}{page}"})


async def ceremony(
    client: httpx.AsyncClient, device: Authenticator, errand: str, page: str, **fields: str
) -> httpx.Response:
    """What the page's script does."""
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get(page)).text)
    assert found is not None, page
    begun = await client.post(f"/sign-in/passkey/begin?errand={errand}", headers={"X-CSRFToken": found[1]})
    if begun.status_code != 200:
        return begun
    answer = (device.use if errand == "enter" else device.make)(begun.json())
    return await client.post("/sign-in/passkey", data={"_csrf_token": found[1], "credential": answer, **fields})


async def by_mail(
    client: httpx.AsyncClient, letters: Callable[[], list[str]], address: str, next_: str = ""
) -> httpx.Response:
    """Ask for a link and follow it."""
    await send(client, "/sign-in", "/sign-in/mail", address=address, next=next_)
    link = letters()[-1]
    return await send(client, link, link)


async def level_of(conn: Connection, client: httpx.AsyncClient) -> str:
    session = await rows.of_secret(conn, client.cookies[SESSION_COOKIE])
    return session.level if session else ""


async def test_a_page_for_residents_leads_to_the_sign_in_and_back(resident: httpx.AsyncClient, letters) -> None:
    closed = await resident.get("/account/mandates")
    assert (closed.status_code, closed.headers["location"]) == (303, "/sign-in?next=/account/mandates")
    opened = await by_mail(resident, letters, "hanako@example.jp", "/account/mandates")
    assert opened.headers["location"] == "/account/mandates"
    assert (await resident.get("/account/mandates")).status_code == 200


async def test_a_program_is_told_instead_of_led(house: httpx.AsyncClient) -> None:
    told = await house.get("/account")
    assert told.status_code == 401
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_a_sign_in_leads_nowhere_outside(resident: httpx.AsyncClient, letters, next_: str) -> None:
    assert (await by_mail(resident, letters, "hanako@example.jp", next_)).headers["location"] == "/account"


async def test_asking_for_a_link_says_the_same_whoever_has_the_address(resident: httpx.AsyncClient, letters) -> None:
    await by_mail(resident, letters, "known@example.jp")
    resident.cookies.delete(SESSION_COOKIE)
    said = [
        await send(resident, "/sign-in", "/sign-in/mail", address=one) for one in ("known@example.jp", "new@example.jp")
    ]
    token = re.compile(r'value="[0-9a-f]{128}"')
    assert {answer.status_code for answer in said} == {200}
    assert len({token.sub("", answer.text) for answer in said}) == 1
    many = [await send(resident, "/sign-in", "/sign-in/mail", address="new@example.jp") for _ in range(4)]
    assert {answer.status_code for answer in many} == {200}
    assert len(letters()) == 2 + 3


async def test_a_wrong_address_is_said_beside_the_field_and_kept(resident: httpx.AsyncClient, letters) -> None:
    for wrong in ("", "hanako", "a@b", "a b@example.jp", "a@example.jp\r\nBcc: x@example.jp"):
        answer = await send(resident, "/sign-in", "/sign-in/mail", address=wrong)
        assert answer.status_code == 422
        assert 'aria-describedby="address-wrong"' in answer.text
    assert letters() == []


async def test_looking_at_a_link_signs_nobody_in_and_it_works_once(resident: httpx.AsyncClient, letters) -> None:
    await send(resident, "/sign-in", "/sign-in/mail", address="hanako@example.jp")
    link = letters()[0]
    looked = await resident.get(link)
    assert looked.headers["cache-control"] == "no-store"
    assert looked.headers["referrer-policy"] == "no-referrer"
    assert SESSION_COOKIE not in resident.cookies
    token = re.search(r'name="_csrf_token" value="([^"]+)"', looked.text)
    assert token is not None
    assert (await resident.post(link)).status_code == 403
    for status in (303, 410):
        assert (await resident.post(link, data={"_csrf_token": token[1]})).status_code == status


async def test_the_sessions_secret_is_new_at_sign_in_and_at_step_up(
    resident: httpx.AsyncClient, conn: Connection, letters
) -> None:
    resident.cookies.set(SESSION_COOKIE, "planted", domain=DOMAIN)
    await by_mail(resident, letters, "hanako@example.jp")
    first = resident.cookies.get(SESSION_COOKIE, domain=DOMAIN)
    assert first not in (None, "planted")
    assert (await ceremony(resident, device := Authenticator(ORIGIN, DOMAIN), "add", "/account")).status_code == 303
    second = resident.cookies.get(SESSION_COOKIE, domain=DOMAIN)
    assert second not in (first, "planted")
    assert await identity.caller_of_session(conn, str(first)) is None
    assert await level_of(conn, resident) == "passkey"
    assert (await ceremony(resident, device, "enter", "/sign-in?fresh=1")).status_code == 303
    assert resident.cookies.get(SESSION_COOKIE, domain=DOMAIN) != second


async def test_a_cookie_is_for_this_house_and_no_script(resident: httpx.AsyncClient, letters) -> None:
    entered = await by_mail(resident, letters, "hanako@example.jp")
    cookie = next(line for line in entered.headers.get_list("set-cookie") if line.startswith(SESSION_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie


async def test_an_account_is_made_and_opened_by_a_passkey(resident: httpx.AsyncClient, conn: Connection) -> None:
    device = Authenticator(ORIGIN, DOMAIN)
    made = await ceremony(resident, device, "new", "/sign-in", label="my phone")
    assert (made.status_code, made.headers["location"]) == (303, "/account")
    assert "my phone" in (await resident.get("/account")).text
    await send(resident, "/account", "/sign-out")
    assert (await resident.get("/account")).status_code == 303
    assert (await ceremony(resident, device, "enter", "/sign-in", next="/services")).headers["location"] == "/services"
    assert await level_of(conn, resident) == "passkey"


async def test_an_answer_counts_once_and_in_the_browser_that_asked(resident: httpx.AsyncClient) -> None:
    device = Authenticator(ORIGIN, DOMAIN)
    await ceremony(resident, device, "new", "/sign-in")
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await resident.get("/account")).text)
    assert found is not None
    begun = await resident.post("/sign-in/passkey/begin?errand=enter", headers={"X-CSRFToken": found[1]})
    form = {"_csrf_token": found[1], "credential": device.use(begun.json())}
    elsewhere = {"Cookie": f"hiroba_csrf={resident.cookies['hiroba_csrf']}"}
    jar, resident.cookies = resident.cookies, httpx.Cookies()
    assert (await resident.post("/sign-in/passkey", data=form, headers=elsewhere)).status_code == 403
    resident.cookies = jar
    assert (await resident.post("/sign-in/passkey", data=form)).status_code == 303
    assert (await resident.post("/sign-in/passkey", data=form)).status_code == 403


async def test_a_sensitive_act_asks_for_a_fresh_and_strong_proof(
    resident: httpx.AsyncClient, conn: Connection, letters
) -> None:
    await by_mail(resident, letters, "hanako@example.jp")
    asked = await send(resident, "/account/mandates", "/account/mandates", shown="Grandmother")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?next=/account/mandates&level=passkey"
    ways_in = (await resident.get(asked.headers["location"])).text
    assert "Show once more that it is you" in ways_in
    assert 'action="/sign-in/mail"' not in ways_in
    await ceremony(resident, device := Authenticator(ORIGIN, DOMAIN), "add", "/account")
    assert (await send(resident, "/account/mandates", "/account/mandates", shown="Grandmother")).status_code == 200
    await conn.execute("update identity.session set proved = proved - interval '11 minutes'")
    stale = await send(resident, "/account/mandates", "/account/mandates", shown="Grandmother")
    assert stale.headers["location"].endswith("level=passkey")
    again = await ceremony(resident, device, "enter", "/sign-in?level=passkey", next="/account/mandates")
    assert again.headers["location"] == "/account/mandates"
    assert (await send(resident, "/account/mandates", "/account/mandates", shown="Grandmother")).status_code == 200


async def test_the_sign_in_page_lets_through_whoever_has_shown_enough(resident: httpx.AsyncClient, letters) -> None:
    await by_mail(resident, letters, "hanako@example.jp")
    through = {
        query: (await resident.get(f"/sign-in?next=/services{query}")).status_code
        for query in ("", "&level=mail", "&level=passkey", "&fresh=1")
    }
    assert through == {"": 303, "&level=mail": 303, "&level=passkey": 200, "&fresh=1": 200}


async def test_the_last_way_in_is_not_removed_and_another_persons_neither(
    resident: httpx.AsyncClient, conn: Connection, letters
) -> None:
    await by_mail(resident, letters, "hanako@example.jp")
    session = await rows.of_secret(conn, resident.cookies[SESSION_COOKIE])
    assert session is not None
    address = (await ways.mails_of(conn, session.person))[0]
    page = f"/account/mail/{address.digest.hex()}/remove"
    assert (await send(resident, "/account", page)).status_code == 409
    await ceremony(resident, Authenticator(ORIGIN, DOMAIN), "add", "/account")
    other = await pairs.add_person(conn)
    await ways.add_mail(conn, b"d" * 32, "o•••@example.jp", other)
    assert (
        await send(resident, "/account", "/account/mail/ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ/remove")
    ).status_code == 404
    assert len(await ways.mails_of(conn, other)) == 1
    removing = re.search(r'action="(/account/mail/[^"]+/remove)"', (await resident.get("/account")).text)
    assert removing is not None
    assert (await send(resident, "/account", removing[1])).status_code == 303
    assert await ways.mails_of(conn, session.person) == []


async def test_a_person_signs_out_elsewhere(resident: httpx.AsyncClient, conn: Connection, letters) -> None:
    await by_mail(resident, letters, "hanako@example.jp")
    here = await rows.of_secret(conn, resident.cookies[SESSION_COOKIE])
    assert here is not None
    elsewhere = await sessions.enter(conn, here.person, "mail")
    foreign = await sessions.enter(conn, await pairs.add_person(conn), "mail")
    that = await rows.of_secret(conn, foreign)
    assert that is not None
    assert (await send(resident, "/account", f"/account/sessions/{that.id}/end")).status_code == 404
    assert (await send(resident, "/account", "/account/sessions/end-others")).status_code == 303
    assert await identity.caller_of_session(conn, elsewhere) is None
    assert await identity.caller_of_session(conn, foreign) is not None
    assert (await resident.get("/account")).status_code == 200


async def signed_in_officer(client: httpx.AsyncClient, conn: Connection, *roles: str) -> None:
    link = f"/sign-in/once/{await identity.add_sign_in_link(conn, Caller('officer', '', '271403', frozenset(roles)))}"
    assert (await send(client, link, link)).status_code == 303


async def test_a_person_comes_back_by_a_counters_code_and_everybody_else_goes(
    resident: httpx.AsyncClient, conn: Connection, letters
) -> None:
    await by_mail(resident, letters, "hanako@example.jp")
    thief = resident.cookies[SESSION_COOKIE]
    resident.cookies.delete(SESSION_COOKIE)
    await signed_in_officer(resident, conn, "identity")
    refused = await send(
        resident, "/desk/counter", "/desk/counter/recovery", said="hanako@example.jp", papers="", reason=""
    )
    assert refused.status_code == 422
    assert 'id="papers-wrong"' in refused.text
    given = await send(
        resident,
        "/desk/counter",
        "/desk/counter/recovery",
        said="hanako@example.jp",
        papers="My Number Card",
        reason="lost",
    )
    code = re.search(r'class="code">([0-9A-Z-]+)<', given.text)
    assert code is not None
    await send(resident, "/desk", "/sign-out")
    assert (await send(resident, "/sign-in/recover", "/sign-in/recover", code="WRONG")).status_code == 422
    chosen = await send(resident, "/sign-in/recover", "/sign-in/recover", code=code[1].lower())
    token = re.search(r'name="_csrf_token" value="([^"]+)"', chosen.text)
    assert token is not None
    device = Authenticator(ORIGIN, DOMAIN)
    begun = await resident.post("/sign-in/passkey/begin?errand=recover", headers={"X-CSRFToken": token[1]})
    form = {"_csrf_token": token[1], "credential": device.make(begun.json())}
    assert (await resident.post("/sign-in/passkey", data=form)).headers["location"] == "/account"
    account = (await resident.get("/account")).text
    assert "h•••@example.jp" in account
    assert "a recovery code from a counter was used here" in account
    assert await identity.caller_of_session(conn, thief) is None
    assert (await send(resident, "/sign-in/recover", "/sign-in/recover", code=code[1])).status_code == 422


async def test_a_ceremony_that_was_left_off_is_begun_again_without_the_code(
    resident: httpx.AsyncClient, conn: Connection
) -> None:
    person = await pairs.add_person(conn)
    code = await recovery.give(conn, Caller("officer", "o", "271403"), person, "My Number Card", "lost")
    chosen = await send(resident, "/sign-in/recover", "/sign-in/recover", code=code)
    token = re.search(r'name="_csrf_token" value="([^"]+)"', chosen.text)
    assert token is not None
    device = Authenticator(ORIGIN, DOMAIN)
    for _ in range(3):
        begun = await resident.post("/sign-in/passkey/begin?errand=recover", headers={"X-CSRFToken": token[1]})
        assert begun.status_code == 200
    form = {"_csrf_token": token[1], "credential": device.make(begun.json())}
    assert (await resident.post("/sign-in/passkey", data=form)).status_code == 303
    again = await resident.post("/sign-in/passkey/begin?errand=recover", headers={"X-CSRFToken": token[1]})
    assert again.status_code == 400


async def test_the_counter_is_for_officers_who_check_papers(
    resident: httpx.AsyncClient, conn: Connection, letters
) -> None:
    await signed_in_officer(resident, conn, "reports")
    assert (await resident.get("/desk/counter")).status_code == 403
    resident.cookies.delete(SESSION_COOKIE)
    await by_mail(resident, letters, "hanako@example.jp")
    for page in ("/desk", "/desk/counter", "/desk/letters", "/desk/officers"):
        assert (await resident.get(page)).status_code == 403, page


async def test_a_mistake_at_the_counter_stands_beside_its_field(resident: httpx.AsyncClient, conn: Connection) -> None:
    await signed_in_officer(resident, conn, "identity")
    child = {"shown": "Taro", "until": "2040-03-31", "basis": "Family register", "child": ""}
    for field, wrong in (
        ("shown", " "),
        ("until", ""),
        ("until", "soon"),
        ("until", "2001-01-01"),
        ("basis", ""),
        ("child", "X"),
    ):
        answer = await send(resident, "/desk/counter", "/desk/counter/guardian", **child | {field: wrong})
        assert answer.status_code == 422
        assert f'id="{field}-wrong"' in answer.text, (field, wrong)


async def test_a_guardian_accepts_a_childs_mandate_and_ends_it(resident: httpx.AsyncClient, conn: Connection) -> None:
    await signed_in_officer(resident, conn, "identity")
    given = await send(
        resident, "/desk/counter", "/desk/counter/guardian", shown="Taro", until="2040-03-31", basis="Family register"
    )
    code = re.search(r'class="code">([0-9A-Z-]+)<', given.text)
    assert code is not None
    resident.cookies.delete(SESSION_COOKIE)
    await ceremony(resident, Authenticator(ORIGIN, DOMAIN), "new", "/sign-in")
    offered = await send(resident, "/account/mandates", "/account/mandates/look", code=code[1])
    assert "Act for Taro?" in offered.text
    assert (
        await send(resident, "/account/mandates", "/account/mandates/accept", code=code[1], shown="")
    ).status_code == 422
    assert (
        await send(resident, "/account/mandates", "/account/mandates/accept", code=code[1], shown="Mother")
    ).status_code == 303
    page = (await resident.get("/account/mandates")).text
    assert "Taro" in page
    ending = re.search(r'action="(/account/mandates/[^"]+/end)"', page)
    assert ending is not None
    assert (await send(resident, "/account/mandates", ending[1])).status_code == 303
    assert "Taro" not in (await resident.get("/account/mandates")).text


async def test_the_operator_reads_the_stand_ins_letters(resident: httpx.AsyncClient, conn: Connection, letters) -> None:
    await send(resident, "/sign-in", "/sign-in/mail", address="hanako@example.jp")
    link = f"/sign-in/once/{await identity.add_sign_in_link(conn, Caller('operator', 'operator'))}"
    await send(resident, link, link)
    page = (await resident.get("/desk/letters")).text
    assert "hanako@example.jp" in page
    assert f'href="{ORIGIN}{letters()[0]}"' in page


async def test_where_officers_need_passkeys_the_link_leads_to_one_and_opens_nothing(
    database: str, tmp_path: Path, conn: Connection
) -> None:
    settings = Settings(data=tmp_path, database_url=database, public_url="https://hiroba.test")
    async with client_of(settings) as client:
        client.base_url = httpx.URL("https://hiroba.test")
        client.headers.update(PEOPLE)
        account = await officers.put(conn, "271403", "Yamada", ["reports"])
        caller = Caller("officer", "", "271403", frozenset({"reports"}))
        for named, expected in ((None, 403), (account, 303)):
            link = f"/sign-in/once/{await identity.add_sign_in_link(conn, caller, named)}"
            entered = await send(client, link, link)
            assert entered.status_code == expected
        assert entered.headers["location"] == "/sign-in/officer"
        assert (await client.get("/desk")).status_code == 401
        device = Authenticator("https://hiroba.test", DOMAIN)
        assert (await ceremony(client, device, "officer", "/sign-in/officer")).headers["location"] == "/desk"
        assert (await client.get("/desk")).status_code == 200
        await send(client, "/desk", "/sign-out")
        assert (await ceremony(client, device, "enter", "/sign-in")).headers["location"] == "/desk"
        await officers.end(conn, account)
        assert (await client.get("/desk")).status_code == 401
        assert (await ceremony(client, device, "enter", "/sign-in")).status_code == 403


async def test_an_upstream_that_is_not_there_is_not_offered(resident: httpx.AsyncClient) -> None:
    assert "/sign-in/upstream" not in (await resident.get("/sign-in")).text
    assert (await resident.get("/sign-in/upstream")).status_code == 404
    assert (await resident.get("/fake-upstream/authorize")).status_code == 404


async def test_an_upstream_answer_without_a_begun_sign_in_is_refused(database: str, tmp_path: Path) -> None:
    async with client_of(Settings(data=tmp_path, database_url=database)) as client:
        assert (await client.get("/sign-in/upstream/return?code=x&state=y")).status_code == 403
        stand_in = await client.get("/fake-upstream/authorize?client_id=hiroba&redirect_uri=https://evil.example")
        assert stand_in.status_code == 400
        assert parse_qs(urlsplit(stand_in.headers.get("location", "")).query) == {}
