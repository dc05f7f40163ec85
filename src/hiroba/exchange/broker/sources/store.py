"""The tables of registrations, one function per question."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.sources.model import Registration, Tally
from hiroba.exchange.broker.sources.reading import registration

MEMORY: Final = "sources"
"""The memory of registrations. Who changes one raises it first, which makes changes come one after another."""
_COLUMNS = "tenant, id, owner, document, created, modified"


def _registration(row: asyncpg.Record) -> Registration:
    return registration(
        orjson.loads(row["document"]),
        tenant=row["tenant"],
        id_=row["id"],
        owner=row["owner"],
        created=row["created"],
        modified=row["modified"],
    )


async def changed(conn: Connection, known: int) -> list[Registration]:
    """Registrations written after the memory had this number."""
    rows = await conn.fetch(f"select {_COLUMNS} from broker.registration where version > $1", known)  # noqa: S608 - constants
    return [_registration(row) for row in rows]


async def gone(conn: Connection, known: int) -> list[tuple[str, str]]:
    """Tenant and id of registrations deleted after the memory had this number."""
    rows = await conn.fetch("select tenant, id from broker.registration_gone where version > $1", known)
    return [(row["tenant"], row["id"]) for row in rows]


async def of_tenant(conn: Connection, tenant: str) -> list[Registration]:
    """Every registration of a tenant that has not expired, by id."""
    rows = await conn.fetch(f"""
        select {_COLUMNS} from broker.registration where tenant = $1 and (expires is null or expires > now()) order by id
    """, tenant)  # noqa: S608 - constants  # fmt: skip
    return [_registration(row) for row in rows]


async def held(conn: Connection, tenant: str, id_: str) -> Registration | None:
    """One registration, held for writing until the transaction ends."""
    row = await conn.fetchrow(f"""
        select {_COLUMNS} from broker.registration
         where tenant = $1 and id = $2 and (expires is null or expires > now()) for update
    """, tenant, id_)  # noqa: S608 - constants  # fmt: skip
    return None if row is None else _registration(row)


async def put(conn: Connection, made: Registration, version: int) -> None:
    """Write a registration, over the one that `held` holds where there is one; how it went with the source stays."""
    await conn.execute("""
        insert into broker.registration (tenant, id, owner, document, created, modified, expires, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (tenant, id) do update
           set owner = excluded.owner, document = excluded.document, created = excluded.created,
               modified = excluded.modified, expires = excluded.expires, version = excluded.version
    """, made.tenant, made.id, made.owner, orjson.dumps(made.document).decode(), made.created, made.modified, made.expires,
        version)  # fmt: skip


async def remove(conn: Connection, tenant: str, id_: str, version: int) -> None:
    """Delete a registration and leave word of it."""
    await conn.execute("delete from broker.registration where tenant = $1 and id = $2", tenant, id_)
    await conn.execute(
        "insert into broker.registration_gone (version, tenant, id) values ($1, $2, $3)", version, tenant, id_
    )


async def is_any_expired(conn: Connection, at: datetime) -> bool:
    """Whether the time of some registration is over."""
    found: bool = await conn.fetchval("select exists (select from broker.registration where expires <= $1)", at)
    return found


async def expired(conn: Connection, at: datetime) -> list[Registration]:
    """Registrations whose time is over, held for writing."""
    rows = await conn.fetch(
        f"select {_COLUMNS} from broker.registration where expires <= $1 order by tenant, id for update",  # noqa: S608 - constants
        at,
    )
    return [_registration(row) for row in rows]


async def forget_gone(conn: Connection) -> None:
    """Forget what has been gone for a day: every process that runs has heard of it."""
    await conn.execute("delete from broker.registration_gone where at < now() - interval '1 day'")


async def tallies(conn: Connection, tenant: str, ids: Sequence[str]) -> dict[str, Tally]:
    """How it went with these sources."""
    rows = await conn.fetch("""
        select id, sent, failed, last_success, last_failure from broker.registration where tenant = $1 and id = any($2)
    """, tenant, list(ids))  # fmt: skip
    return {row["id"]: Tally(row["sent"], row["failed"], row["last_success"], row["last_failure"]) for row in rows}


class Attempt(msgspec.Struct, frozen=True):
    """One call of a source, and how it ended."""

    tenant: str
    id: str
    at: datetime
    succeeded: bool


async def count(conn: Connection, attempts: Sequence[Attempt]) -> None:
    """Add calls of sources to their tallies, in the order of their keys so that two counters cannot wait for each other."""
    columns: list[list[Any]] = [
        [one.tenant for one in attempts],
        [one.id for one in attempts],
        [one.at for one in attempts],
        [one.succeeded for one in attempts],
    ]
    await conn.execute("""
        with made as (
            select tenant, id, count(*) as sent, count(*) filter (where not succeeded) as failed,
                   max(at) filter (where succeeded) as last_success, max(at) filter (where not succeeded) as last_failure
              from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bool[]) as a (tenant, id, at, succeeded)
             group by tenant, id
        ), held as (
            select r.tenant, r.id from broker.registration r join made using (tenant, id)
             order by r.tenant, r.id for update of r
        )
        update broker.registration r
           set sent = r.sent + made.sent, failed = r.failed + made.failed,
               last_success = greatest(r.last_success, made.last_success),
               last_failure = greatest(r.last_failure, made.last_failure)
          from made join held using (tenant, id)
         where r.tenant = made.tenant and r.id = made.id
    """, *columns)  # fmt: skip
