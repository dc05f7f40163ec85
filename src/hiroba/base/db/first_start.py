"""Whether this database has been through its first start: what is made once is made then."""

from hiroba.base.db import Connection


async def is_over(conn: Connection) -> bool:
    """Whether the first start is over."""
    return bool(await conn.fetchval("select exists (select from base.first_start)"))


async def end(conn: Connection) -> None:
    """Remember that it is."""
    await conn.execute("insert into base.first_start default values")
