"""The tables of authorization requests and of the codes they end in."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.provider.requests import Asked
from hiroba.exchange.identity.tokens.store import digest, new_secret

CODE = timedelta(seconds=60)
"""How long a code may be brought."""
REMEMBERED = timedelta(minutes=10)
"""How long a used code is remembered, to notice that it comes again."""


class Waiting(msgspec.Struct, frozen=True):
    """A request that waits for its person."""

    application: str
    asked: Asked
    made: datetime
    person: str | None
    """Who agreed to it."""
    refused: bool


class Code(msgspec.Struct, frozen=True):
    """What a code stands for."""

    application: str
    person: str
    session: str
    sid: str
    asked: Asked
    level: str
    proved: datetime
    family: str | None


def _json(asked: Asked) -> str:
    return msgspec.json.encode(asked).decode()


def _asked(row: Any) -> Asked:
    return msgspec.json.decode(row["asked"], type=Asked)


async def add_request(conn: Connection, kind: str, application: str, asked: Asked, life: timedelta) -> str:
    """Keep a request (`pushed` or `waiting`); the secret that it is found by."""
    secret, now = new_secret(), clock.now()
    await conn.execute("""
        insert into identity.authorization_request (sha256, application, asked, made, expires)
             values ($1, $2, $3, $4, $5)
    """, digest(f"{kind} {secret}"), application, _json(asked), now, now + life)  # fmt: skip
    return secret


async def pushed(conn: Connection, secret: str, application: str) -> Asked | None:
    """A pushed request of this application, which may begin again until it is answered (RFC 9126 §4)."""
    kept = digest(f"pushed {secret}")
    row = await conn.fetchrow("""
        select asked from identity.authorization_request where sha256 = $1 and application = $2 and expires > $3
    """, kept, application, clock.now())  # fmt: skip
    return None if row is None else msgspec.structs.replace(_asked(row), pushed=kept.hex())


async def waiting(conn: Connection, secret: str) -> Waiting | None:
    """A request that waits for its person; its row is held until the transaction ends."""
    row = await conn.fetchrow("""
        select application, asked, made, person, refused from identity.authorization_request
         where sha256 = $1 and expires > $2 for update
    """, digest(f"waiting {secret}"), clock.now())  # fmt: skip
    return None if row is None else Waiting(row["application"], _asked(row), row["made"], row["person"], row["refused"])


async def settle(conn: Connection, secret: str, person: str | None, *, refused: bool) -> None:
    """Keep what the person said to a waiting request."""
    await conn.execute("""
        update identity.authorization_request set person = $2, refused = $3 where sha256 = $1
    """, digest(f"waiting {secret}"), person, refused)  # fmt: skip


async def end_request(conn: Connection, secret: str, pushed: str) -> None:
    """A waiting request was answered, and with it the pushed one it came by, however often that had begun."""
    await conn.execute("""
        delete from identity.authorization_request
         where sha256 = $1 or ($2 <> '' and (sha256 = decode($2, 'hex') or asked ->> 'pushed' = $2))
    """, digest(f"waiting {secret}"), pushed)  # fmt: skip


async def add_code(conn: Connection, code: Code) -> str:
    """A new code, which is not kept."""
    secret = new_secret()
    await conn.execute("""
        insert into identity.authorization_code
                    (sha256, application, person, session, sid, asked, level, proved, expires)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """, digest(secret), code.application, code.person, code.session, code.sid, _json(code.asked), code.level,
        code.proved, clock.now() + CODE)  # fmt: skip
    return secret


async def code(conn: Connection, secret: str) -> Code | None:
    """What this code stands for, also where it was used already; its row is held until the transaction ends."""
    row = await conn.fetchrow("""
        select application, person, session, sid, asked, level, proved, family from identity.authorization_code
         where sha256 = $1 and expires > $2 for update
    """, digest(secret), clock.now())  # fmt: skip
    return None if row is None else Code(**dict(row) | {"asked": _asked(row)})


async def use_up(conn: Connection, secret: str, family: str) -> None:
    """Remember what a code was turned into."""
    await conn.execute("""
        update identity.authorization_code set family = $2, expires = $3 where sha256 = $1
    """, digest(secret), family, clock.now() + REMEMBERED)  # fmt: skip


async def forget_what_is_over(conn: Connection) -> None:
    """Remove requests and codes whose time is over."""
    await conn.execute("delete from identity.authorization_request where expires <= $1", clock.now())
    await conn.execute("delete from identity.authorization_code where expires <= $1", clock.now())
