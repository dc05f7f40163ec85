"""What people were shown before they agreed, and the keys that sign their receipts."""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch
from hiroba.base.errors import NotFound
from hiroba.exchange.gateway.grants.notice import Text
from hiroba.exchange.gateway.grants.receipts import Key, new_key


async def keep(conn: Connection, notice: Text, at: datetime) -> None:
    """Keep what a person was shown."""
    await conn.execute(
        "insert into gateway.notice (sha256, text, made) values ($1, $2, $3) on conflict do nothing",
        notice.as_shown().sha256, notice.canonical().decode(), at,
    )  # fmt: skip


async def shown(conn: Connection, sha256: str) -> Text:
    """What a person was shown, by its hash; NotFound where nothing of that hash is kept."""
    text: str | None = await conn.fetchval("select text from gateway.notice where sha256 = $1", sha256)
    if text is None:
        raise NotFound("No notice of this hash is kept.")
    return msgspec.json.decode(text, type=Text)


async def signing_key(conn: Connection, at: datetime) -> Key:
    """The newest key; the first is made at first use, by one process."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('gateway.receipt_key', 0))")
    found = await keys(conn)
    return found[0] if found else await add_key(conn, at)


async def add_key(conn: Connection, at: datetime) -> Key:
    """A new key, which signs from now on; the ones before stay published, for receipts outlive them."""
    key = new_key()
    await conn.execute("insert into gateway.receipt_key (kid, jwk, made) values ($1, $2, $3)", key.kid, key.jwk, at)
    return key


async def keys(conn: Connection) -> list[Key]:
    """All of them, the newest first."""
    return await fetch(conn, Key, "select kid, jwk::text from gateway.receipt_key order by made desc, kid")
