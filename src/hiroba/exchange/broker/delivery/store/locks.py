"""Slots are shared by advisory locks, which end with the connection that holds them."""

from collections.abc import Iterable, Sequence

from hiroba.base.db import Connection

HELD = 0x4869726F  # «Hiro»: the advisory locks of delivery, one per slot; -1 is held by every process, together
_EVERY = -1


async def arrive(conn: Connection) -> None:
    """Make this connection one that shares the slots; when it ends, however it ends, its slots are free."""
    await conn.execute(
        "set synchronous_commit = off"
    )  # what it removes was delivered; after a crash it is delivered again
    await conn.execute("set tcp_keepalives_idle = 2")
    await conn.execute("set tcp_keepalives_interval = 1")
    await conn.execute("set tcp_keepalives_count = 4")
    await conn.execute("select pg_advisory_lock_shared($1, $2)", HELD, _EVERY)


async def processes(conn: Connection) -> int:
    """How many processes share the slots."""
    found: int = await conn.fetchval("""
        select count(*) from pg_locks
         where locktype = 'advisory' and granted and classid = $1::bigint::oid and objid = $2::bigint::oid
           and database = (select oid from pg_database where datname = current_database())
    """, HELD, _EVERY & 0xFFFF_FFFF)  # fmt: skip
    return found


async def hold(conn: Connection, wanted: Sequence[int], most: int) -> list[int]:
    """Take slots that are free: these, in this order, at most so many."""
    rows = await conn.fetch(
        "select slot from unnest($1::int[]) as slot where pg_try_advisory_lock($2, slot) limit $3",
        list(wanted),
        HELD,
        most,
    )
    return [row["slot"] for row in rows]


async def release(conn: Connection, slots: Iterable[int]) -> None:
    """Let slots go."""
    await conn.execute("select pg_advisory_unlock($1, slot) from unnest($2::int[]) as slot", HELD, list(slots))
