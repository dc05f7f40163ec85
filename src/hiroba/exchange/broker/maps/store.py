"""The table of entity maps, one function per question."""

from collections.abc import Collection
from datetime import datetime

import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.maps.model import EntityMap


async def entity_map(conn: Connection, tenant: str, id_: str) -> EntityMap | None:
    """The map of an id, unless it has expired."""
    row = await conn.fetchrow("""
        select tenant, id, owner, entries, linked, expires from broker.entity_map
         where tenant = $1 and id = $2 and expires > now()
    """, tenant, id_)  # fmt: skip
    if row is None:
        return None
    return EntityMap(
        tenant=row["tenant"],
        id=row["id"],
        owner=row["owner"],
        entries=orjson.loads(row["entries"]),
        linked=orjson.loads(row["linked"]),
        expires=row["expires"],
    )


async def count(conn: Connection, tenant: str) -> int:
    """How many maps a tenant has."""
    found: int = await conn.fetchval(
        "select count(*) from broker.entity_map where tenant = $1 and expires > now()", tenant
    )
    return found


async def add(conn: Connection, made: EntityMap) -> None:
    """Keep a new map."""
    entries, linked = orjson.dumps(made.entries).decode(), orjson.dumps(made.linked).decode()
    await conn.execute("""
        insert into broker.entity_map (tenant, id, owner, entries, linked, expires) values ($1, $2, $3, $4, $5, $6)
    """, made.tenant, made.id, made.owner, entries, linked, made.expires)  # fmt: skip


async def prune(conn: Connection, tenant: str, id_: str, gone: Collection[str]) -> None:
    """Take entities out of a map (§5.5.9.3)."""
    await conn.execute(
        "update broker.entity_map set entries = entries - $3::text[] where tenant = $1 and id = $2",
        tenant,
        id_,
        list(gone),
    )


async def postpone(conn: Connection, tenant: str, id_: str, expires: datetime) -> None:
    """Say anew when a map expires."""
    await conn.execute("update broker.entity_map set expires = $3 where tenant = $1 and id = $2", tenant, id_, expires)


async def delete(conn: Connection, tenant: str, id_: str) -> None:
    """Remove a map."""
    await conn.execute("delete from broker.entity_map where tenant = $1 and id = $2", tenant, id_)


async def forget_expired_maps(conn: Connection) -> None:
    """Remove the maps whose time is over; until then they are merely not found."""
    await conn.execute("delete from broker.entity_map where expires <= now()")
