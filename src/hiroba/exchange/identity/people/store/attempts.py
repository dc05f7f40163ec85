"""Sign-ins that have begun: what the answer must fit, known to one browser by a secret, used up by its answer."""

import secrets
from datetime import timedelta
from typing import Any

import orjson

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.identity.store import digest

LIFE = timedelta(minutes=15)


async def begin(conn: Connection, kind: str, data: dict[str, Any]) -> str:
    """Keep `data` for the answer; the secret that the browser is given."""
    secret = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into identity.attempt (sha256, kind, data, expires) values ($1, $2, $3, $4)",
        digest(secret), kind, orjson.dumps(data).decode(), clock.now() + LIFE,
    )  # fmt: skip
    return secret


async def look(conn: Connection, secret: str, kind: str) -> dict[str, Any] | None:
    """What was kept, without using it up."""
    data = await conn.fetchval(
        "select data from identity.attempt where sha256 = $1 and kind = $2 and expires > $3",
        digest(secret), kind, clock.now(),
    )  # fmt: skip
    return None if data is None else orjson.loads(data)


async def take(conn: Connection, secret: str, kind: str) -> dict[str, Any] | None:
    """What was kept; nobody is given it again."""
    data = await conn.fetchval(
        "delete from identity.attempt where sha256 = $1 and kind = $2 and expires > $3 returning data",
        digest(secret), kind, clock.now(),
    )  # fmt: skip
    return None if data is None else orjson.loads(data)


async def first_use(conn: Connection, text: str) -> bool:
    """Whether nobody has used `text` (a token's own id) within the life of an attempt."""
    done: str = await conn.execute(
        "insert into identity.attempt (sha256, kind, data, expires) values ($1, 'used', '{}', $2) on conflict do nothing",
        digest(text), clock.now() + LIFE,
    )  # fmt: skip
    return done == "INSERT 0 1"
