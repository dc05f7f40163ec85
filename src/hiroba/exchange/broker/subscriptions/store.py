"""The tables of subscriptions, one function per question. Those to entities and those to context sources have the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.subscriptions.model import Stored, Subscription

BATCH: Final = 5_000
"""Rows that are read at once into memory."""


class Table(NamedTuple):
    """Where subscriptions of a kind are."""

    rows: str
    intervals: str


ENTITIES: Final = Table("broker.subscription", "broker.subscription_interval")
SOURCES: Final = Table("broker.source_subscription", "broker.source_subscription_interval")
SHOWN_SOURCES: Final = SOURCES._replace(rows="broker.source_subscription_shown")
"""Those to context sources as they are shown: with those that follow from subscriptions to entities; only to be read."""
_COLUMNS = "tenant, id, owner, document, question, expires, created, modified, via"
_decode = msgspec.json.Decoder(Subscription).decode
_encode = msgspec.json.encode


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(
        tenant=row["tenant"],
        document=_decode(row["document"]),
        question=row["question"],
        owner=row["owner"],
        expires=row["expires"],
        created=row["created"],
        modified=row["modified"],
        via=row["via"],
    )


async def one(conn: Connection, tenant: str, id_: str, *, hold: bool = False, table: Table = ENTITIES) -> Stored | None:
    """One subscription, or None; with `hold` nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from {table.rows} where tenant = $1 and id = $2 and not deleted"  # noqa: S608 - constants
        f"{' for update' if hold else ''}",
        tenant,
        id_,
    )
    return None if row is None else _stored(row)


async def page(
    conn: Connection, tenant: str, owner: str | None, *, limit: int | None, offset: int = 0, table: Table = ENTITIES
) -> list[Stored]:
    """Subscriptions in the order of their making; of one owner, or with None of all."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from {table.rows}
         where tenant = $1 and not deleted and ($2::text is null or owner = $2) order by created, id limit $3 offset $4
        """,  # noqa: S608 - constants
        tenant,
        owner,
        limit,
        offset,
    )
    return [_stored(row) for row in rows]


async def count(conn: Connection, tenant: str, owner: str | None, *, table: Table = ENTITIES) -> int:
    """How many there are."""
    found: int = await conn.fetchval(
        f"select count(*) from {table.rows} where tenant = $1 and not deleted and ($2::text is null or owner = $2)",  # noqa: S608 - constants
        tenant,
        owner,
    )
    return found


async def insert(conn: Connection, made: Sequence[Stored], number: int, *, table: Table = ENTITIES) -> set[str]:
    """Add subscriptions where there are none of their ids; the ids that were free."""
    rows = await conn.fetch(
        f"""
        insert into {table.rows}
               (tenant, id, number, owner, document, question, expires, created, modified, via)
        select tenant, id, $9::bigint, owner, document::jsonb, question, expires, at, at, via
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                      $7::timestamptz[], $8::text[]) as v (tenant, id, owner, document, question, expires, at, via)
            on conflict (tenant, id) do update
           set number = excluded.number, deleted = false, owner = excluded.owner, document = excluded.document,
               question = excluded.question, expires = excluded.expires,
               created = excluded.created, modified = excluded.modified, via = excluded.via
         where {table.rows}.deleted
        returning id
        """,  # noqa: S608 - constants
        [one.tenant for one in made],
        [one.id for one in made],
        [one.owner for one in made],
        [_encode(one.document).decode() for one in made],
        [one.question for one in made],
        [one.expires for one in made],
        [one.created for one in made],
        [one.via for one in made],
        number,
    )
    return {row["id"] for row in rows}


async def update(conn: Connection, changed: Stored, number: int, *, table: Table = ENTITIES) -> None:
    """Write over the row that `one` holds."""
    await conn.execute(
        f"""
        update {table.rows}
           set number = $3, document = $4, question = $5, expires = $6, modified = $7
         where tenant = $1 and id = $2
        """,  # noqa: S608 - constants
        changed.tenant,
        changed.id,
        number,
        _encode(changed.document).decode(),
        changed.question,
        changed.expires,
        changed.modified,
    )


async def delete(
    conn: Connection, tenant: str, id_: str, number: int, *, at: datetime, table: Table = ENTITIES
) -> None:
    """Leave of the row that `one` holds nothing but its key."""
    await conn.execute(
        f"""
        update {table.rows}
           set number = $3, deleted = true, document = '{{}}', question = '', expires = null, modified = $4
         where tenant = $1 and id = $2
        """,  # noqa: S608 - constants
        tenant,
        id_,
        number,
        at,
    )


class Batch(msgspec.Struct, frozen=True):
    """Some of what was written: subscriptions as they are now, keys (tenant, id) of those that are gone, where to go on."""

    written: list[Stored]
    gone: list[tuple[str, str]]
    last: tuple[int, str, str] | None


async def written_after(conn: Connection, after: tuple[int, str, str], *, table: Table = ENTITIES) -> Batch:
    """What was written after (number, tenant, id), oldest first, a batch of it; `last` is None where that is all."""
    rows = await conn.fetch(
        f"""
        select number, deleted, {_COLUMNS} from {table.rows}
         where (number, tenant, id) > ($1, $2, $3) order by number, tenant, id limit {BATCH}
        """,  # noqa: S608 - constants
        *after,
    )
    last = (rows[-1]["number"], rows[-1]["tenant"], rows[-1]["id"]) if len(rows) == BATCH else None
    return Batch(
        [_stored(row) for row in rows if not row["deleted"]],
        [(row["tenant"], row["id"]) for row in rows if row["deleted"]],
        last,
    )


async def set_due(conn: Connection, tenant: str, id_: str, due: datetime | None, *, table: Table = ENTITIES) -> None:
    """When a subscription's next periodic notification is due; None where it has no interval."""
    if due is None:
        await conn.execute(
            f"delete from {table.intervals} where tenant = $1 and id = $2",  # noqa: S608 - constants
            tenant,
            id_,
        )
        return
    await conn.execute(
        f"""
        insert into {table.intervals} (tenant, id, due) values ($1, $2, $3)
            on conflict (tenant, id) do update set due = excluded.due
        """,  # noqa: S608 - constants
        tenant,
        id_,
        due,
    )


async def due(
    conn: Connection, now: datetime, most: int, *, table: Table = ENTITIES
) -> list[tuple[str, str, datetime]]:
    """Subscriptions whose interval is over (tenant, id, when it was), held until the transaction ends, longest waiting first."""
    rows = await conn.fetch(
        f"""
        select tenant, id, due from {table.intervals} where due <= $1
         order by due limit $2 for update skip locked
        """,  # noqa: S608 - constants
        now,
        most,
    )
    return [(row["tenant"], row["id"], row["due"]) for row in rows]


async def forget_deleted(conn: Connection) -> None:
    """Remove the keys of subscriptions that were deleted long before any process could still believe in them."""
    for table in (ENTITIES, SOURCES):
        await conn.execute(
            f"delete from {table.rows} where deleted and modified < now() - $1::interval",  # noqa: S608 - constants
            timedelta(hours=1),
        )
