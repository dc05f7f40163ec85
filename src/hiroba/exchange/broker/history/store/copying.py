"""The past copied into a snapshot: as it was, its instances under the names and times they have."""

from collections.abc import Sequence

import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.history.model import Evolution, Record
from hiroba.exchange.broker.history.store import writing


async def put(conn: Connection, evolutions: Sequence[Evolution], records: Sequence[Record]) -> None:
    """Add records that may have been corrected, in the place of those of the same attribute, dataset and observedAt."""
    await writing.take_replaced(conn, records)
    await writing.record(conn, evolutions, [])
    await conn.execute("""
        insert into broker.instance
            (tenant, path, id, name, dataset, instance, at, observed, created, modified, deleted, number, value)
        select tenant, path, id, name, dataset, instance, at, observed, created, modified, deleted, number, value::jsonb
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                      $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::float8[], $13::text[])
            as v (tenant, path, id, name, dataset, instance, at, observed, created, modified, deleted, number, value)
    """, [one.key.tenant for one in records], [one.key.path for one in records], [one.key.id for one in records],
        [one.name for one in records], [one.dataset for one in records], [one.instance for one in records],
        [one.at for one in records], [one.observed for one in records], [one.created for one in records],
        [one.modified for one in records], [one.deleted for one in records], [one.number for one in records],
        [orjson.dumps(one.value).decode() for one in records],
    )  # fmt: skip


async def clone(conn: Connection, original: str, copy: str) -> None:
    """Give a tenant the past of another, in the place of its own."""
    for table in ("broker.instance", "broker.evolution"):
        await conn.execute(f"delete from {table} where tenant = $1", copy)  # noqa: S608 - constants
    await conn.execute("""
        insert into broker.evolution (tenant, path, id, types, names, owner, created, deleted)
        select $2, path, id, types, names, owner, created, deleted from broker.evolution where tenant = $1
    """, original, copy)  # fmt: skip
    await conn.execute("""
        insert into broker.instance
            (tenant, path, id, name, dataset, instance, at, observed, created, modified, deleted, number, value)
        select $2, path, id, name, dataset, instance, at, observed, created, modified, deleted, number, value
          from broker.instance where tenant = $1
    """, original, copy)  # fmt: skip
