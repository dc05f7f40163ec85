"""Sessions of people: begun, raised, listed and ended."""

import secrets
from datetime import datetime, timedelta

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.base.ids import ulid
from hiroba.exchange.identity.levels import Level
from hiroba.exchange.identity.store import IDLE, SESSION_LIFE, digest

LIFE = timedelta(days=14)
"""A resident's session, however much it is used."""


class Session(msgspec.Struct, frozen=True):
    """A resident's session, as its owner sees it."""

    id: str
    person: str
    level: Level
    proved: datetime
    began: datetime
    seen: datetime
    device: str


_COLUMNS = "id, person, level, proved, began, seen, device"


async def of_secret(conn: Connection, secret: str) -> Session | None:
    """The resident's session that a browser holds."""
    now = clock.now()
    return await fetch_one(conn, Session, f"""
        select {_COLUMNS} from identity.session
         where sha256 = $1 and kind = 'resident' and expires > $2 and seen > $3
    """, digest(secret), now, now - IDLE)  # noqa: S608 - a constant  # fmt: skip


async def of_person(conn: Connection, person: str) -> list[Session]:
    """Every session of a person, the one used last first."""
    now = clock.now()
    return await fetch(conn, Session, f"""
        select {_COLUMNS} from identity.session
         where person = $1 and expires > $2 and seen > $3 order by seen desc, id desc
    """, person, now, now - IDLE)  # noqa: S608 - a constant  # fmt: skip


async def person_of(conn: Connection, session: str) -> str | None:
    """Whose session this is, by its id."""
    found: str | None = await conn.fetchval("select person from identity.session where id = $1", session)
    return found


async def begin(conn: Connection, person: str, subject: str, level: Level, device: str) -> str:
    """A new session of a person; its secret."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    await conn.execute("""
        insert into identity.session (sha256, id, kind, person, subject, level, device, proved, began, seen, expires)
             values ($1, $2, 'resident', $3, $4, $5, $6, $7, $7, $7, $8)
    """, digest(secret), ulid(), person, subject, level, device, now, now + LIFE)  # fmt: skip
    return secret


async def begin_officer(conn: Connection, officer: str, level: Level, device: str) -> str:
    """A new session of an officer's account; its secret."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    await conn.execute("""
        insert into identity.session (sha256, id, kind, organisation, officer, level, device, proved, began, seen, expires)
             select $1, $2, 'officer', organisation, id, $4, $5, $6, $6, $6, $7 from identity.officer where id = $3
    """, digest(secret), ulid(), officer, level, device, now, now + SESSION_LIFE)  # fmt: skip
    return secret


async def raise_to(conn: Connection, session: str, level: Level) -> str:
    """Note a fresh proof in a session, which gets a new secret; the old one is worth nothing from now on."""
    secret = secrets.token_urlsafe(32)
    await conn.execute(
        "update identity.session set sha256 = $2, level = $3, proved = $4, seen = $4 where id = $1",
        session, digest(secret), level, clock.now(),
    )  # fmt: skip
    return secret


async def end(conn: Connection, person: str, session: str) -> bool:
    """End one session of a person; whether there was one."""
    done: str = await conn.execute("delete from identity.session where id = $1 and person = $2", session, person)
    return done == "DELETE 1"


async def end_others(conn: Connection, person: str, kept: str) -> int:
    """End every session of a person but one; how many."""
    done: str = await conn.execute("delete from identity.session where person = $1 and id <> $2", person, kept)
    return int(done.rsplit(maxsplit=1)[-1])


async def end_secret(conn: Connection, secret: str) -> None:
    """End the session that a browser holds, whoever's it is."""
    await conn.execute("delete from identity.session where sha256 = $1", digest(secret))
