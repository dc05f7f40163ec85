"""What was recorded day by day, a stretch at a time, for files."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import asyncpg

from hiroba.base.db import Connection

STRETCH: Final = 20_000
"""Rows that are in memory together."""


async def days(conn: Connection, tenant: str) -> list[date]:
    """The days, in UTC, on which something was recorded."""
    rows = await conn.fetch("""
        select distinct (at at time zone 'UTC')::date as day from broker.instance where tenant = $1 order by day
    """, tenant)  # fmt: skip
    return [row["day"] for row in rows]


async def recorded(
    conn: Connection, tenant: str, day: date, types: list[str] | None
) -> AsyncIterator[list[asyncpg.Record]]:
    """The instances recorded on a day, of entities of these types or of all, in stretches, in the caller's transaction."""
    start = datetime.combine(day, time(), UTC)
    cursor = await conn.cursor("""
        select h.id, v.types, h.name, h.dataset, 'urn:ngsi-ld:Instance:' || h.instance as instance, h.at as recorded, h.observed,
               h.created, h.modified, h.deleted, h.value ->> 'type' as kind, h.number, h.value::text as value
          from broker.instance h join broker.evolution v using (tenant, path, id)
         where h.tenant = $1 and h.at >= $2 and h.at < $3 and h.subject is null and v.subject is null
           and ($4::text[] is null or v.types && $4)
    """, tenant, start, start + timedelta(days=1), types)  # fmt: skip
    while rows := await cursor.fetch(STRETCH):
        yield rows
