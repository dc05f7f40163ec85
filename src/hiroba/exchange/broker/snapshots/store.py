"""The table of snapshots, one function per question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.snapshots.model import Snapshot, Status

_COLUMNS = "tenant, id, owner, holds, document, status, details, created, modified, used, expires"


def _snapshot(row: asyncpg.Record) -> Snapshot:
    return Snapshot(
        tenant=row["tenant"], id=row["id"], owner=row["owner"], holds=row["holds"], said=orjson.loads(row["document"]),
        status=row["status"], details=orjson.loads(row["details"]), created=row["created"], modified=row["modified"],
        used=row["used"], expires=row["expires"],
    )  # fmt: skip


async def snapshot(conn: Connection, tenant: str, id_: str) -> Snapshot | None:
    """The snapshot of an id, unless it has expired."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from broker.snapshot where tenant = $1 and id = $2 and expires > now()",  # noqa: S608 - constants
        tenant,
        id_,
    )
    return None if row is None else _snapshot(row)


async def snapshots(conn: Connection, tenant: str) -> list[Snapshot]:
    """All snapshots of a tenant."""
    rows = await conn.fetch(
        f"select {_COLUMNS} from broker.snapshot where tenant = $1 and expires > now() order by id",  # noqa: S608 - the same
        tenant,
    )
    return [_snapshot(row) for row in rows]


async def add(conn: Connection, made: Snapshot) -> bool:
    """Keep a new snapshot; whether its id was free."""
    row = await conn.fetchrow(
        f"insert into broker.snapshot ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"  # noqa: S608 - the same
        " on conflict do nothing returning true",
        made.tenant, made.id, made.owner, made.holds, orjson.dumps(made.said).decode(), made.status,
        orjson.dumps(made.details).decode(), made.created, made.modified, made.used, made.expires,
    )  # fmt: skip
    return row is not None


async def finish(conn: Connection, made: Snapshot, status: Status, details: Mapping[str, Any]) -> None:
    """Say how the filling ended."""
    await conn.execute("""
        update broker.snapshot set status = $3, details = $4, modified = now() where tenant = $1 and id = $2
    """, made.tenant, made.id, status, orjson.dumps(details).decode())  # fmt: skip


async def say(conn: Connection, changed: Snapshot) -> None:
    """Write over what the client said, and when it expires."""
    await conn.execute("""
        update broker.snapshot set document = $3, modified = $4, expires = $5 where tenant = $1 and id = $2
    """, changed.tenant, changed.id, orjson.dumps(changed.said).decode(), changed.modified, changed.expires)  # fmt: skip


async def use(conn: Connection, tenant: str, id_: str, now: datetime) -> None:
    """Note that a snapshot is used; once a minute is enough to know which is not."""
    await conn.execute("""
        update broker.snapshot set used = $3 where tenant = $1 and id = $2 and used < $3::timestamptz - interval '1 minute'
    """, tenant, id_, now)  # fmt: skip


async def delete(conn: Connection, gone: Sequence[Snapshot]) -> None:
    """Remove snapshots and everything that was written in them."""
    tables = await conn.fetch("""
        select format('%I.%I', n.nspname, c.relname) as name
          from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
         where n.nspname = 'broker' and c.relkind in ('r', 'p') and not c.relispartition
           and a.attname = 'tenant' and c.relname <> 'snapshot'
    """)
    held = [one.holds for one in gone]
    for table in tables:
        await conn.execute(f"delete from {table['name']} where tenant = any($1::text[])", held)  # noqa: S608 - from the catalogue
    await conn.execute("""
        delete from broker.snapshot s using unnest($1::text[], $2::text[]) as k (tenant, id)
         where s.tenant = k.tenant and s.id = k.id
    """, [one.tenant for one in gone], [one.id for one in gone])  # fmt: skip


async def forget_expired_snapshots(conn: Connection) -> None:
    """Remove the snapshots whose time is over, and mark as failed those whose filling ended with its process."""
    rows = await conn.fetch(f"select {_COLUMNS} from broker.snapshot where expires <= now() limit 20")  # noqa: S608 - constants
    if rows:
        await delete(conn, [_snapshot(row) for row in rows])
    await conn.execute("""
        update broker.snapshot set status = 'failure' where status = 'preparing' and created < now() - interval '1 hour'
    """)
