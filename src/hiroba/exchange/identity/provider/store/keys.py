"""The table of signing keys."""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch
from hiroba.exchange.identity.organisations.model import Algorithm


class SigningKey(msgspec.Struct, frozen=True):
    """A key of the provider, with its private part."""

    kid: str
    alg: Algorithm
    private: str
    active: datetime


async def signing_keys(conn: Connection) -> list[SigningKey]:
    """All of them, the newest first."""
    return await fetch(
        conn, SigningKey, "select kid, alg, private, active from identity.signing_key order by active desc, kid"
    )


async def add_signing_key(conn: Connection, kid: str, alg: Algorithm, private: str, active: datetime) -> None:
    """A new key, unless another process made one of the algorithm for the same time."""
    await conn.execute("""
        insert into identity.signing_key (kid, alg, private, active)
             select $1, $2::text, $3, $4::timestamptz
              where not exists (select from identity.signing_key
                                 where alg = $2::text and active > $4::timestamptz - interval '1 minute')
    """, kid, alg, private, active)  # fmt: skip


async def drop_signing_key(conn: Connection, kid: str) -> None:
    """Forget a key."""
    await conn.execute("delete from identity.signing_key where kid = $1", kid)
