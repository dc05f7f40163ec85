"""The tables of what people agreed to at a sign-in, and of where their sessions are signed in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.base.ids import ulid
from hiroba.exchange.identity.tokens.store import new_secret

LIFE = timedelta(days=365)
"""After a year people are asked again."""
RETRIES = 8
"""How often an application is told that a session is over, before it is given up."""


class Agreement(msgspec.Struct, frozen=True):
    """That a person agreed to be known to an application."""

    scope: list[str]
    given: datetime
    until: datetime


class Agreed(msgspec.Struct, frozen=True):
    """An agreement as its person sees it: with whom, since when, until when."""

    application: str
    title: dict[str, str]
    organisation: dict[str, str]
    given: datetime
    until: datetime


class Notice(msgspec.Struct, frozen=True):
    """That an application is to be told of the end of a session."""

    id: str
    application: str
    subject: str
    sid: str
    attempts: int


async def agreement(conn: Connection, person: str, application: str) -> Agreement | None:
    """What the person agreed to, unless that is over."""
    return await fetch_one(conn, Agreement, """
        select scope, given, until from identity.agreement where person = $1 and application = $2 and until > $3
    """, person, application, clock.now())  # fmt: skip


async def agree(conn: Connection, person: str, application: str, scope: list[str]) -> Agreement:
    """Keep that the person agrees, from now on for a year."""
    now = clock.now()
    await conn.execute("""
        insert into identity.agreement (person, application, scope, given, until) values ($1, $2, $3, $4, $5)
            on conflict (person, application) do update
           set scope = excluded.scope, given = excluded.given, until = excluded.until
    """, person, application, scope, now, now + LIFE)  # fmt: skip
    return Agreement(scope, now, now + LIFE)


async def withdraw(conn: Connection, person: str, application: str) -> bool:
    """End an agreement, and at once every token that came of it; whether there was one. The application is told."""
    await conn.execute("delete from identity.token_family where person = $1 and application = $2", person, application)
    await conn.execute(
        "delete from identity.authorization_code where person = $1 and application = $2", person, application
    )
    await _owe(conn, await conn.fetch("""
        delete from identity.application_session a using identity.session s
         where s.id = a.session and s.person = $1 and a.application = $2 returning a.application, a.subject, a.sid
    """, person, application))  # fmt: skip
    done = await conn.execute(
        "delete from identity.agreement where person = $1 and application = $2", person, application
    )
    return not done.endswith(" 0")


async def of_person(conn: Connection, person: str) -> list[Agreed]:
    """What a person agreed to and has not ended, the newest first."""
    rows = await conn.fetch("""
        select a.application, app.title, o.title as organisation, a.given, a.until
          from identity.agreement a
          join identity.application app on app.id = a.application
          join identity.organisation o on o.id = app.organisation
         where a.person = $1 and a.until > $2 order by a.given desc, a.application
    """, person, clock.now())  # fmt: skip
    return [
        Agreed(
            row["application"],
            orjson.loads(row["title"]),
            orjson.loads(row["organisation"]),
            row["given"],
            row["until"],
        )
        for row in rows
    ]


async def sid(conn: Connection, session: str, application: str, subject: str) -> str:
    """Under which `sid` an application knows a session; the same for every sign-in of that session."""
    found: str = await conn.fetchval("""
        insert into identity.application_session (sid, session, application, subject, made) values ($1, $2, $3, $4, $5)
            on conflict (session, application) do update set subject = excluded.subject returning sid
    """, new_secret(), session, application, subject, clock.now())  # fmt: skip
    return found


async def session_of(conn: Connection, sid_: str, application: str) -> str | None:
    """The session that an application knows by this sid."""
    found: str | None = await conn.fetchval(
        "select session from identity.application_session where sid = $1 and application = $2", sid_, application
    )
    return found


async def note_ends(conn: Connection) -> None:
    """Owe a notice to each application that wants one for each of its sessions that ended, however it ended."""
    await _owe(conn, await conn.fetch("""
        delete from identity.application_session where session is null returning application, subject, sid
    """))  # fmt: skip


async def _owe(conn: Connection, ended: Sequence[Any]) -> None:
    await conn.executemany("""
        insert into identity.logout_notice (id, application, subject, sid, due) select $1, $2, $3, $4, $5
         where exists (select from identity.application where id = $2 and backchannel_logout_uri <> '')
    """, [(ulid(), row["application"], row["subject"], row["sid"], clock.now()) for row in ended])  # fmt: skip


async def notices(conn: Connection, most: int = 10) -> list[Notice]:
    """Notices that are due, held until the transaction ends."""
    return await fetch(conn, Notice, """
        select id, application, subject, sid, attempts from identity.logout_notice
         where due <= $1 order by due limit $2 for update skip locked
    """, clock.now(), most)  # fmt: skip


async def settle(conn: Connection, notice: Notice, *, told: bool) -> None:
    """A notice that was taken is gone; one that was not is tried again later, twice as late each time."""
    if told or notice.attempts + 1 >= RETRIES:
        await conn.execute("delete from identity.logout_notice where id = $1", notice.id)
        return
    wait = timedelta(seconds=10 * 2**notice.attempts)
    await conn.execute(
        "update identity.logout_notice set attempts = attempts + 1, due = $2 where id = $1", notice.id, clock.now() + wait
    )  # fmt: skip


async def forget_what_is_over(conn: Connection) -> None:
    """Remove agreements that are over."""
    await conn.execute("delete from identity.agreement where until <= $1", clock.now())
