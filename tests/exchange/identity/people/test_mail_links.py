"""A mail link works once, for a short while, for whoever has the address, and tells nobody who that is."""

import asyncio
from datetime import timedelta

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Forbidden
from hiroba.exchange.identity.people import mail_links
from hiroba.exchange.identity.people.mail_links import AddressTaken, LinkSpent, Sending, TooManyLetters
from hiroba.exchange.identity.people.store import mail_links as rows
from hiroba.exchange.identity.people.store import pairs, ways

pytestmark = pytest.mark.anyio


async def sent(conn: Connection, address: str, person: str | None = None) -> Sending:
    sending = await mail_links.begin(conn, address, "/reports", person)
    assert sending is not None
    return sending


async def test_the_first_link_makes_an_account_and_the_next_leads_to_it(conn: Connection) -> None:
    first = await mail_links.use(conn, (await sent(conn, "Hanako@Example.JP")).secret)
    second = await mail_links.use(conn, (await sent(conn, " hanako@example.jp ")).secret)
    assert first == second
    assert first.next == "/reports"


async def test_a_link_works_once(conn: Connection) -> None:
    link = await sent(conn, "hanako@example.jp")
    for _ in range(3):
        assert (await mail_links.shown(conn, link.secret)).shown == "h•••@example.jp"
    await mail_links.use(conn, link.secret)
    for again in (mail_links.use, mail_links.shown):
        with pytest.raises(LinkSpent):
            await again(conn, link.secret)


async def test_a_link_is_over_after_ten_minutes(conn: Connection) -> None:
    link = await sent(conn, "hanako@example.jp")
    await conn.execute("update identity.mail_link set sent = $1", clock.now() - mail_links.LIFE)
    with pytest.raises(LinkSpent):
        await mail_links.use(conn, link.secret)


async def test_three_letters_go_to_an_address_and_then_none_for_a_while(conn: Connection) -> None:
    answers = [await mail_links.begin(conn, "hanako@example.jp", "") for _ in range(5)]
    assert [answer is not None for answer in answers] == [True, True, True, False, False]
    assert await mail_links.begin(conn, "taro@example.jp", "") is not None
    await conn.execute("update identity.mail_link set sent = $1", clock.now() - timedelta(minutes=16))
    assert await mail_links.begin(conn, "hanako@example.jp", "") is not None


async def test_requests_at_once_do_not_send_more_than_allowed(pool: Pool) -> None:
    async def ask() -> bool:
        async with transaction(pool) as conn:
            return await mail_links.begin(conn, "hanako@example.jp", "") is not None

    assert sum(await asyncio.gather(*(ask() for _ in range(8)))) == 3


async def test_the_house_says_when_it_sent_too_many(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_links, "HOUSE", (timedelta(hours=1), 1))
    await sent(conn, "hanako@example.jp")
    with pytest.raises(TooManyLetters):
        await mail_links.begin(conn, "taro@example.jp", "")


async def test_a_link_that_adds_an_address_lets_no_stranger_in(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    link = await sent(conn, "mistyped@example.jp", person)
    with pytest.raises(Forbidden):
        async with conn.transaction():
            await mail_links.use(conn, link.secret, by=None)
    opened = await mail_links.use(conn, link.secret, by=person)
    assert (opened.person, opened.added) == (person, True)
    assert [one.shown for one in await ways.mails_of(conn, person)] == ["m•••@example.jp"]


async def test_an_address_of_another_account_is_not_added(conn: Connection) -> None:
    await mail_links.use(conn, (await sent(conn, "hanako@example.jp")).secret)
    person = await pairs.add_person(conn)
    link = await sent(conn, "hanako@example.jp", person)
    with pytest.raises(AddressTaken):
        await mail_links.use(conn, link.secret, by=person)


async def test_no_table_holds_the_address_or_the_secret(conn: Connection) -> None:
    link = await sent(conn, "hanako@example.jp")
    await mail_links.use(conn, link.secret)
    for table in ("mail_link", "mail_address"):
        kept = str(await conn.fetch(f"select t::text from identity.{table} t"))  # noqa: S608 - two constants
        assert "hanako" not in kept
        assert link.secret not in kept
    assert await rows.count(conn, clock.now() - timedelta(hours=1)) == 1
