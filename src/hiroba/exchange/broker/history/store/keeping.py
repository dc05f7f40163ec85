"""Partitions made, dropped and emptied."""

from collections.abc import Sequence
from datetime import datetime

from hiroba.base.db import Connection


async def partitions(conn: Connection) -> list[tuple[str, datetime]]:
    """The partitions by month, each with the moment it ends at."""
    rows = await conn.fetch("""
        select c.relname as name,
               substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''([^'']+)''\\)')::timestamptz as until
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'broker.instance'::regclass and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' order by until
    """)
    return [(row["name"], row["until"]) for row in rows]


async def make_partition(conn: Connection, start: datetime, until: datetime) -> None:
    """Make the partition of a month, with what was recorded in it before it was there; one that is there stays."""
    name = f"instance_{start:%Y_%m}"
    if await conn.fetchval("select to_regclass($1) is not null", f"broker.{name}"):
        return
    bounds = f"from ('{start.isoformat()}') to ('{until.isoformat()}')"
    await conn.execute(f"create table broker.{name} (like broker.instance including defaults including indexes)")
    await conn.execute(f"""
        with moved as (delete from broker.instance_elsewhen where at >= $1 and at < $2 returning *)
        insert into broker.{name} select * from moved
    """, start, until)  # noqa: S608 - a name of ours  # fmt: skip
    await conn.execute(f"alter table broker.instance attach partition broker.{name} for values {bounds}")


async def drop_before(conn: Connection, moment: datetime) -> None:
    """Drop the partitions that ended by then, and the evolutions of entities gone by then."""
    for name, until in await partitions(conn):
        if until <= moment:
            await conn.execute(f'drop table broker."{name}"')
    await conn.execute("""
        delete from broker.evolution v where v.deleted < $1
           and not exists (select from broker.instance h where h.tenant = v.tenant and h.path = v.path and h.id = v.id)
    """, moment)  # fmt: skip


async def forget_type(conn: Connection, type_: str, moment: datetime) -> None:
    """Forget what was recorded before that of entities of a type."""
    await conn.execute("""
        delete from broker.instance h using broker.evolution v
         where h.tenant = v.tenant and h.path = v.path and h.id = v.id and v.types @> array[$1::text] and h.at < $2
    """, type_, moment)  # fmt: skip


async def forget_others(conn: Connection, types: Sequence[str], moment: datetime) -> None:
    """Forget what was recorded before that of entities of none of these types."""
    await conn.execute("""
        delete from broker.instance h using broker.evolution v
         where h.tenant = v.tenant and h.path = v.path and h.id = v.id and not v.types && $1::text[] and h.at < $2
    """, list(types), moment)  # fmt: skip
