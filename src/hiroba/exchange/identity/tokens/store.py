"""The tables of tokens, one function per question. A token is kept as its hash alone."""

import hashlib
import secrets
from datetime import datetime

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch_one

PREFIX = "hiroba_at_"
"""How access tokens begin: they are told from keys, and found where they were left lying about."""


def digest(secret: str) -> bytes:
    """What is kept of a secret. It has 256 random bits, so that a slow hash would protect nothing."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What one sign-in, or one call of an application for itself, brought about."""

    id: str
    application: str
    person: str | None = None
    session: str | None = None
    """Its tokens end with this session; None: they live on by themselves."""
    scope: list[str]
    level: str = ""
    proved: datetime | None = None
    thumbprint: str | None = None
    made: datetime


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An access token that holds at this moment, and whose it is."""

    family: str
    application: str
    sector: str
    owner: str
    """What its organisation's entities are owned by."""
    purposes: list[str]
    """What the application may call the exchange for, as of now."""
    person: str | None
    scope: list[str]
    level: str
    proved: datetime | None
    thumbprint: str | None
    made: datetime
    expires: datetime


async def add_family(conn: Connection, family: Family) -> None:
    """A family without tokens yet."""
    await conn.execute("""
        insert into identity.token_family
                    (id, application, person, session, scope, level, proved, thumbprint, made)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """, *(getattr(family, name) for name in Family.__struct_fields__))  # fmt: skip


async def family(conn: Connection, id_: str) -> Family | None:
    """A family that has not ended."""
    return await fetch_one(conn, Family, """
        select id, application, person, session, scope, level, proved, thumbprint, made
          from identity.token_family f
         where id = $1 and (session is null
               or exists (select from identity.session s where s.id = f.session and s.expires > $2))
    """, id_, clock.now())  # fmt: skip


async def end_family(conn: Connection, id_: str, application: str) -> None:
    """End everything of a family, if it is this application's."""
    await conn.execute("delete from identity.token_family where id = $1 and application = $2", id_, application)


async def add_access_token(conn: Connection, family: str, scope: list[str], made: datetime, expires: datetime) -> str:
    """A new access token, which is not kept."""
    token = PREFIX + new_secret()
    await conn.execute("""
        insert into identity.access_token (sha256, family, scope, made, expires) values ($1, $2, $3, $4, $5)
    """, digest(token), family, scope, made, expires)  # fmt: skip
    return token


async def shown(conn: Connection, token: str) -> Shown | None:
    """What this access token stands for, unless it is unknown, over, revoked, or its session or application ended."""
    return await fetch_one(conn, Shown, """
        select f.id as family, f.application, a.sector, coalesce(nullif(o.owns, ''), o.id) as owner, a.purposes,
               f.person, t.scope, f.level, f.proved, f.thumbprint, t.made, t.expires
          from identity.access_token t
          join identity.token_family f on f.id = t.family
          join identity.application a on a.id = f.application
          join identity.organisation o on o.id = a.organisation
         where t.sha256 = $1 and t.expires > $2 and a.state <> 'suspended'
           and (f.session is null
                or exists (select from identity.session s where s.id = f.session and s.expires > $2))
    """, digest(token), clock.now())  # fmt: skip


async def outside(
    conn: Connection, application: str, scope: list[str], thumbprint: str | None, expires: float
) -> Shown | None:
    """What a token of another issuer stands for here: an application of ours that is not suspended, and nobody else."""
    return await fetch_one(conn, Shown, """
        select '' as family, a.id as application, a.sector, coalesce(nullif(o.owns, ''), o.id) as owner, a.purposes,
               null as person, $2::text[] as scope, '' as level, null::timestamptz as proved, $3::text as thumbprint,
               $5::timestamptz as made, to_timestamp($4::float8) as expires
          from identity.application a join identity.organisation o on o.id = a.organisation
         where a.id = $1 and a.state <> 'suspended'
    """, application, scope, thumbprint, expires, clock.now())  # fmt: skip


async def end_access_token(conn: Connection, token: str, application: str) -> bool:
    """End one access token of this application; whether there was one."""
    done = await conn.execute("""
        delete from identity.access_token t using identity.token_family f
         where f.id = t.family and t.sha256 = $1 and f.application = $2
    """, digest(token), application)  # fmt: skip
    return not done.endswith(" 0")


async def first_use(conn: Connection, what: str, expires: datetime) -> bool:
    """Whether `what` was never seen before; from now on it was, until `expires`."""
    done = await conn.execute("""
        insert into identity.used_once (sha256, expires) values ($1, $2) on conflict do nothing
    """, digest(what), expires)  # fmt: skip
    return not done.endswith(" 0")


async def forget_what_is_over(conn: Connection) -> None:
    """Remove tokens whose time is over, families left with none, and what was only to be used once."""
    now = clock.now()
    await conn.execute("delete from identity.access_token where expires <= $1", now)
    await conn.execute("delete from identity.refresh_token where expires <= $1", now)
    await conn.execute("delete from identity.used_once where expires <= $1", now)
    await conn.execute("""
        delete from identity.token_family f
         where not exists (select from identity.access_token where family = f.id)
           and not exists (select from identity.refresh_token where family = f.id)
    """)
