"""The name of this house among context sources."""

from hiroba.base.db import Connection
from hiroba.base.ids import ulid


async def own_name(conn: Connection) -> str:
    """The name, made at the first use and never changed."""
    await conn.execute("insert into broker.own_name (name) values ($1) on conflict do nothing", ulid().lower())
    found: str = await conn.fetchval("select name from broker.own_name")
    return found
