"""The table of refresh tokens."""

from datetime import datetime

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch_one
from hiroba.exchange.identity.tokens.store import digest, new_secret

PREFIX = "hiroba_rt_"
"""How refresh tokens begin."""


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token that is not too old."""

    family: str
    application: str
    expires: datetime
    used: bool


async def add_refresh_token(conn: Connection, family: str, expires: datetime) -> str:
    """A new refresh token, which is not kept."""
    token = PREFIX + new_secret()
    await conn.execute(
        "insert into identity.refresh_token (sha256, family, expires) values ($1, $2, $3)",
        digest(token),
        family,
        expires,
    )
    return token


async def refresh_token(conn: Connection, token: str) -> RefreshToken | None:
    """What this refresh token belongs to; its row is held, so that of two uses at once one comes second."""
    return await fetch_one(conn, RefreshToken, """
        select r.family, f.application, r.expires, r.used is not null as used
          from identity.refresh_token r join identity.token_family f on f.id = r.family
         where r.sha256 = $1 and r.expires > $2 for update of r
    """, digest(token), clock.now())  # fmt: skip


async def use_up(conn: Connection, token: str) -> None:
    """Remember that this refresh token gave way to another one."""
    await conn.execute("update identity.refresh_token set used = $2 where sha256 = $1", digest(token), clock.now())
