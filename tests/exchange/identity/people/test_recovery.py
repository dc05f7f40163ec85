"""A recovery code: given by an officer after papers were checked, good once, for a day, for one account."""

from datetime import timedelta

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.people import mail_links, recovery
from hiroba.exchange.identity.people.recovery import CodeSpent, NobodyFound, NoPapers
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.store import recovery as rows
from hiroba.exchange.identity.people.subjects import LOG, subject_of

pytestmark = pytest.mark.anyio
OFFICER = Caller("officer", "session-of-the-officer", "271403", frozenset({"identity"}))


async def given(conn: Connection, person: str) -> str:
    return await recovery.give(conn, OFFICER, person, "My Number Card", "phone lost")


async def test_a_code_is_found_however_it_is_written(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    code = await given(conn, person)
    written = recovery.grouped(code).lower().replace("0", "o").replace("1", "l")
    assert (await recovery.look(conn, f" {written} ")).person == person


async def test_a_code_is_used_once(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    code = await given(conn, person)
    found = await recovery.look(conn, code)
    used = await recovery.use(conn, found.id)
    assert (used.papers, used.reason, used.organisation) == ("My Number Card", "phone lost", "271403")
    with pytest.raises(CodeSpent):
        await recovery.look(conn, code)
    with pytest.raises(CodeSpent):
        await recovery.use(conn, found.id)


async def test_a_code_is_over_after_a_day_and_when_another_is_given(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    first = await given(conn, person)
    second = await given(conn, person)
    with pytest.raises(CodeSpent):
        await recovery.look(conn, first)
    await conn.execute("update identity.recovery_code set expires = $1", clock.now() - timedelta(seconds=1))
    with pytest.raises(CodeSpent):
        await recovery.look(conn, second)


async def test_an_officer_finds_an_account_by_number_or_mail_and_by_nothing_else(conn: Connection) -> None:
    link = await mail_links.begin(conn, "hanako@example.jp", "")
    assert link is not None
    person = (await mail_links.use(conn, link.secret)).person
    number = await pairs.number_of(conn, person)
    assert await recovery.find(conn, recovery.grouped(number, 5).lower()) == person
    assert await recovery.find(conn, "Hanako@example.jp") == person
    for nobody in ("ABCDE-FGHJK", "taro@example.jp", "", "%"):
        with pytest.raises(NobodyFound):
            await recovery.find(conn, nobody)


@pytest.mark.parametrize(("papers", "reason"), [("", "lost"), ("card", " ")])
async def test_no_code_without_papers_and_a_reason(conn: Connection, papers: str, reason: str) -> None:
    with pytest.raises(NoPapers):
        await recovery.give(conn, OFFICER, await pairs.add_person(conn), papers, reason)


async def test_a_code_is_kept_as_a_digest_and_told_in_the_persons_log(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    code = await given(conn, person)
    assert code not in str(await conn.fetch("select t::text from identity.recovery_code t"))
    assert len(await rows.of_person(conn, person)) == 1
    events = await conn.fetch("select event from audit.entry where subject = $1", await subject_of(conn, person, LOG))
    assert b'"kind":"recovery-given"' in events[0]["event"]
    assert b"session-of-the-officer" in events[0]["event"]
    assert code.encode() not in events[0]["event"]
