"""A session begins and is raised under a new secret, belongs to one person, and ends when they say so."""

from datetime import timedelta

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import officers, pairs
from hiroba.exchange.identity.people.store import sessions as rows
from hiroba.exchange.identity.people.subjects import DOOR, LOG, subject_of

pytestmark = pytest.mark.anyio
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"


async def test_a_resident_is_known_by_the_subject_of_the_door_and_never_by_their_key(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    secret = await sessions.enter(conn, person, "passkey", agent=CHROME)
    caller = await identity.caller_of_session(conn, secret)
    assert caller is not None
    assert (caller.kind, caller.subject) == ("resident", await subject_of(conn, person, DOOR))
    assert person not in repr(caller)
    assert caller.proof is not None
    assert caller.proof.level == "passkey"
    assert (await rows.of_person(conn, person))[0].device == "Chrome, Android"


async def test_a_step_up_keeps_the_session_and_changes_its_secret(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    first = await sessions.enter(conn, person, "mail")
    before = await identity.caller_of_session(conn, first)
    second = await sessions.enter(conn, person, "upstream", before=first)
    after = await identity.caller_of_session(conn, second)
    assert before is not None
    assert after is not None
    assert before.id == after.id
    assert after.proof is not None
    assert after.proof.level == "upstream"
    assert await identity.caller_of_session(conn, first) is None


async def test_somebody_else_in_the_same_browser_ends_what_was_there(conn: Connection) -> None:
    first = await sessions.enter(conn, await pairs.add_person(conn), "mail")
    second = await sessions.enter(conn, await pairs.add_person(conn), "mail", before=first)
    assert await identity.caller_of_session(conn, first) is None
    assert await identity.caller_of_session(conn, second) is not None


async def test_a_secret_that_was_planted_is_never_taken_over(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    secret = await sessions.enter(conn, person, "mail", before="planted-by-somebody")
    assert secret != "planted-by-somebody"  # noqa: S105 - that is the point
    assert await identity.caller_of_session(conn, "planted-by-somebody") is None


async def test_a_person_ends_their_own_sessions_and_nobody_elses(conn: Connection) -> None:
    mine, other = await pairs.add_person(conn), await pairs.add_person(conn)
    here = await sessions.enter(conn, mine, "mail")
    there = await sessions.enter(conn, mine, "mail")
    foreign = await sessions.enter(conn, other, "mail")
    this, that = await rows.of_secret(conn, here), await rows.of_secret(conn, foreign)
    assert this is not None
    assert that is not None
    assert not await rows.end(conn, mine, that.id)
    assert await rows.end_others(conn, mine, this.id) == 1
    assert [await identity.caller_of_session(conn, one) is None for one in (here, there, foreign)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(("column", "back"), [("expires", timedelta(0)), ("seen", identity.IDLE)])
async def test_a_session_that_is_over_or_was_left_alone_lets_nobody_in(conn: Connection, column: str, back) -> None:
    secret = await sessions.enter(conn, await pairs.add_person(conn), "mail")
    moment = clock.now() - back - timedelta(seconds=1)
    await conn.execute(f"update identity.session set {column} = $1", moment)  # noqa: S608 - two constants
    assert await identity.caller_of_session(conn, secret) is None


async def test_an_officers_roles_are_those_of_the_account_and_end_with_it(conn: Connection) -> None:
    account = await officers.put(conn, "271403", "山田", ["reports"])
    secret = await sessions.enter_officer(conn, account, "passkey")
    caller = await identity.caller_of_session(conn, secret)
    assert caller is not None
    assert (caller.kind, caller.organisation, caller.names) == ("officer", "271403", {"reports"})
    assert await officers.put(conn, "271403", "山田", ["identity"]) == account
    changed = await identity.caller_of_session(conn, secret)
    assert changed is not None
    assert changed.names == {"identity"}
    await officers.end(conn, account)
    assert await identity.caller_of_session(conn, secret) is None


async def test_a_sign_in_is_a_line_in_the_persons_log(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    await sessions.enter(conn, person, "mail")
    lines = await conn.fetch(
        "select kind, event from audit.entry where subject = $1", await subject_of(conn, person, LOG)
    )
    assert [line["kind"] for line in lines] == ["signed-in"]
    assert person.encode() not in lines[0]["event"]
