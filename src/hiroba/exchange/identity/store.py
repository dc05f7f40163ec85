"""The tables of identity, one function per question."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson
from shapely import Point, from_geojson, prepare
from shapely.geometry.base import BaseGeometry

from hiroba.base import clock
from hiroba.base.db import Connection, fetch_one
from hiroba.base.errors import Invalid
from hiroba.base.ids import ulid
from hiroba.exchange.identity.callers import Caller, Kind
from hiroba.exchange.identity.levels import Level, Proof

LINK_LIFE = timedelta(hours=24)
SESSION_LIFE = timedelta(hours=12)
"""An officer's day."""
IDLE = timedelta(days=2)
"""A session that nobody used for so long is over."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is remembered when a session was used last."""


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


class _Known(msgspec.Struct, frozen=True):
    id: str
    kind: Kind
    organisation: str
    names: list[str]

    def caller(self) -> Caller:
        """A client with one name acts for that one; one with several states none by its key."""
        purpose = self.names[0] if self.kind == "client" and len(self.names) == 1 else ""
        return Caller(self.kind, self.id, self.organisation, frozenset(self.names), purpose=purpose)


async def caller_of_key(conn: Connection, secret: str) -> Caller | None:
    """Whose key this is, unless it is unknown or revoked."""
    known = await fetch_one(conn, _Known, """
        select coalesce(application, key.id) as id, kind, key.organisation, names
          from identity.key left join identity.application on application.id = key.application
         where sha256 = $1 and revoked is null and coalesce(state, '') <> 'suspended'
    """, digest(secret))  # fmt: skip
    return known.caller() if known else None


class _Session(_Known, frozen=True):
    subject: str
    level: Level
    proved: datetime
    seen: datetime

    def caller(self) -> Caller:
        proof = Proof(self.level, self.proved)
        return Caller(self.kind, self.id, self.organisation, frozenset(self.names), self.subject, proof)


async def caller_of_session(conn: Connection, secret: str) -> Caller | None:
    """Whose session this is, unless it is unknown or over. An officer's roles are those their account has now."""
    now = clock.now()
    session = await fetch_one(conn, _Session, """
        select session.id, session.kind, session.subject, session.level, session.proved, session.seen,
               coalesce(officer.organisation, session.organisation) as organisation,
               coalesce(officer.roles, session.names) as names
          from identity.session left join identity.officer on officer.id = session.officer
         where session.sha256 = $1 and session.expires > $2 and session.seen > $3 and officer.ended is null
    """, digest(secret), now, now - IDLE)  # fmt: skip
    if session is not None and session.seen < now - SEEN_EVERY:
        await conn.execute("update identity.session set seen = $2 where id = $1", session.id, now)
    return session.caller() if session else None


async def add_key(
    conn: Connection, caller: Caller, *, title: str, secret: str | None = None, application: str | None = None
) -> str:
    """A new key for `caller`, who is known by the application's id where it is one's; its secret, which is not kept."""
    secret = secret or secrets.token_urlsafe(32)
    await conn.execute("""
        insert into identity.key (id, sha256, kind, organisation, names, title, application)
             values ($1, $2, $3, $4, $5, $6, $7)
    """, caller.id or ulid(), digest(secret), caller.kind, caller.organisation, sorted(caller.names), title,
        application)  # fmt: skip
    return secret


async def set_operator_key(conn: Connection, secret: str) -> None:
    """Make `secret` the operator's one key: the file beside the data is the truth, whatever the database knew."""
    await conn.execute("delete from identity.key where id = 'operator' and sha256 <> $1", digest(secret))
    await conn.execute("""
        insert into identity.key (id, sha256, kind, title) values ('operator', $1, 'operator', 'The operator')
            on conflict do nothing
    """, digest(secret))  # fmt: skip


async def add_sign_in_link(conn: Connection, caller: Caller, officer: str | None = None) -> str:
    """The secret of a link that signs `caller` in once, within a day; `officer` is their account, where there is one."""
    secret = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into identity.sign_in_link (sha256, kind, organisation, names, expires, officer) values ($1, $2, $3, $4, $5, $6)",
        digest(secret), caller.kind, caller.organisation, sorted(caller.names), clock.now() + LINK_LIFE, officer,
    )  # fmt: skip
    return secret


class Link(msgspec.Struct, frozen=True):
    """Whom a one-time link lets in, and their account, where the link names one."""

    kind: Kind
    organisation: str
    names: list[str]
    officer: str | None
    fresh: bool


async def use_link(conn: Connection, secret: str) -> Link | None:
    """Use a link up; None where it is unknown, used or too old."""
    link = await fetch_one(conn, Link, """
        delete from identity.sign_in_link where sha256 = $1
        returning kind, organisation, names, officer, expires > $2 as fresh
    """, digest(secret), clock.now())  # fmt: skip
    return link if link is not None and link.fresh else None


async def sign_in(conn: Connection, secret: str) -> str | None:
    """Use a link up; the secret of the new session, or None where the link is unknown, used or too old."""
    link = await use_link(conn, secret)
    return None if link is None else await begin_session(conn, link)


async def begin_session(conn: Connection, link: Link) -> str:
    """A session of whom a link lets in; its secret."""
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    await conn.execute("""
        insert into identity.session (sha256, id, kind, organisation, names, officer, expires, proved, began, seen)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)
    """, digest(secret), ulid(), link.kind, link.organisation, link.names, link.officer,
        now + SESSION_LIFE, now)  # fmt: skip
    return secret


async def sign_out(conn: Connection, secret: str) -> None:
    """End a session."""
    await conn.execute("delete from identity.session where sha256 = $1", digest(secret))


async def end_sessions(conn: Connection) -> None:
    """End every session."""
    await conn.execute("delete from identity.session")


class Municipality(msgspec.Struct, frozen=True):
    """A municipality: six-digit code with check digit, names by language."""

    lg_code: str
    names: dict[str, str]
    prefecture: str = ""
    url: str = ""

    def name(self, language: str) -> str:
        """Its name in `language`, or in Japanese."""
        return self.names.get(language.split("-", maxsplit=1)[0]) or self.names.get("ja") or self.lg_code


_COLUMNS = "lg_code, names, prefecture, url"


def _municipality(row: Any) -> Municipality:
    return Municipality(row["lg_code"], orjson.loads(row["names"]), row["prefecture"], row["url"])


async def municipalities(conn: Connection) -> list[Municipality]:
    """All of them, by code."""
    rows = await conn.fetch(f"select {_COLUMNS} from identity.municipality order by lg_code")  # noqa: S608 - a constant
    return [_municipality(row) for row in rows]


async def put_municipality(conn: Connection, municipality: Municipality, area: dict[str, Any] | None) -> None:
    """Add or replace one, with the GeoJSON geometry of its jurisdiction."""
    extent = None
    if area is not None:
        shape = from_geojson(orjson.dumps(area), on_invalid="ignore")
        if shape is None or shape.is_empty or not shape.is_valid:
            raise Invalid(f"The area of {municipality.lg_code} is not a valid geometry.")
        west, south, east, north = shape.bounds
        extent = ((east, north), (west, south))
    await conn.execute("""
        insert into identity.municipality (lg_code, names, prefecture, url, area, extent)
             values ($1, $2, $3, $4, $5, $6::box)
        on conflict (lg_code) do update
                set names = excluded.names, prefecture = excluded.prefecture, url = excluded.url,
                    area = coalesce(excluded.area, identity.municipality.area),
                    extent = coalesce(excluded.extent, identity.municipality.extent)
    """, municipality.lg_code, orjson.dumps(municipality.names).decode(), municipality.prefecture, municipality.url,
        None if area is None else orjson.dumps(area).decode(), extent)  # fmt: skip


async def areas(conn: Connection) -> dict[str, BaseGeometry]:
    """The area of each municipality that has one, by code."""
    rows = await conn.fetch("select lg_code, area from identity.municipality where area is not null order by lg_code")
    return {row["lg_code"]: from_geojson(row["area"]) for row in rows}


async def municipality_at(conn: Connection, longitude: float, latitude: float) -> Municipality | None:
    """Whose jurisdiction this place is in, or None outside the region."""
    rows = await conn.fetch(f"""
        select {_COLUMNS}, area from identity.municipality
         where extent @> point($1::float8, $2::float8) and area is not null order by lg_code
    """, longitude, latitude)  # noqa: S608  # fmt: skip
    place = Point(longitude, latitude)
    return next((_municipality(row) for row in rows if _shape(row["area"]).covers(place)), None)


def _shape(area: str) -> BaseGeometry:
    shape = from_geojson(area)
    prepare(shape)
    return shape


async def secret(conn: Connection, name: str) -> str:
    """A secret of the house, the same for every process, made at first use."""
    await conn.execute(
        "insert into identity.secret (name, value) values ($1, $2) on conflict do nothing",
        name,
        secrets.token_urlsafe(32),
    )
    value: str = await conn.fetchval("select value from identity.secret where name = $1", name)
    return value


async def forget_what_is_over(conn: Connection) -> None:
    """Remove sessions and sign-in links whose time is over."""
    await conn.execute("delete from identity.session where expires <= $1", clock.now())
    await conn.execute("delete from identity.sign_in_link where expires <= $1", clock.now())
    await conn.execute("delete from identity.attempt where expires <= $1", clock.now())
    await conn.execute("delete from identity.mail_link where sent <= $1", clock.now() - timedelta(days=1))
    await conn.execute("delete from identity.recovery_code where expires <= $1 and used is null", clock.now())
