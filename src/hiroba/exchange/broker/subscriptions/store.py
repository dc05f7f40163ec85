"""The tables of subscriptions, one function per question."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.subscriptions.model import Stored, Subscription

BATCH: Final = 5_000
"""Rows that are read at once into memory."""
_COLUMNS = "tenant, id, owner, document, question, expires, created, modified"
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
    )


async def one(conn: Connection, tenant: str, id_: str, *, hold: bool = False) -> Stored | None:
    """One subscription, or None; with `hold` nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from broker.subscription where tenant = $1 and id = $2 and not deleted"  # noqa: S608 - constants
        f"{' for update' if hold else ''}",
        tenant,
        id_,
    )
    return None if row is None else _stored(row)


async def page(conn: Connection, tenant: str, owner: str | None, *, limit: int, offset: int) -> list[Stored]:
    """Subscriptions in the order of their making; of one owner, or with None of all."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from broker.subscription
         where tenant = $1 and not deleted and ($2::text is null or owner = $2) order by created, id limit $3 offset $4
        """,  # noqa: S608 - constants
        tenant,
        owner,
        limit,
        offset,
    )
    return [_stored(row) for row in rows]


async def count(conn: Connection, tenant: str, owner: str | None) -> int:
    """How many there are."""
    found: int = await conn.fetchval(
        "select count(*) from broker.subscription where tenant = $1 and not deleted and ($2::text is null or owner = $2)",
        tenant,
        owner,
    )
    return found


async def insert(conn: Connection, made: Sequence[Stored], number: int) -> set[str]:
    """Add subscriptions where there are none of their ids; the ids that were free."""
    rows = await conn.fetch(
        """
        insert into broker.subscription
               (tenant, id, number, owner, document, question, expires, created, modified)
        select tenant, id, $8::bigint, owner, document::jsonb, question, expires, at, at
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                      $7::timestamptz[]) as v (tenant, id, owner, document, question, expires, at)
            on conflict (tenant, id) do update
           set number = excluded.number, deleted = false, owner = excluded.owner, document = excluded.document,
               question = excluded.question, expires = excluded.expires,
               created = excluded.created, modified = excluded.modified
         where broker.subscription.deleted
        returning id
        """,
        [one.tenant for one in made],
        [one.id for one in made],
        [one.owner for one in made],
        [_encode(one.document).decode() for one in made],
        [one.question for one in made],
        [one.expires for one in made],
        [one.created for one in made],
        number,
    )
    return {row["id"] for row in rows}


async def update(conn: Connection, changed: Stored, number: int) -> None:
    """Write over the row that `one` holds."""
    await conn.execute(
        """
        update broker.subscription
           set number = $3, document = $4, question = $5, expires = $6, modified = $7
         where tenant = $1 and id = $2
        """,
        changed.tenant,
        changed.id,
        number,
        _encode(changed.document).decode(),
        changed.question,
        changed.expires,
        changed.modified,
    )


async def delete(conn: Connection, tenant: str, id_: str, number: int, at: datetime) -> None:
    """Leave of the row that `one` holds nothing but its key."""
    await conn.execute(
        """
        update broker.subscription
           set number = $3, deleted = true, document = '{}', question = '', expires = null, modified = $4
         where tenant = $1 and id = $2
        """,
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


async def written_after(conn: Connection, after: tuple[int, str, str]) -> Batch:
    """What was written after (number, tenant, id), oldest first, a batch of it; `last` is None where that is all."""
    rows = await conn.fetch(
        f"""
        select number, deleted, {_COLUMNS} from broker.subscription
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


async def set_due(conn: Connection, tenant: str, id_: str, due: datetime | None) -> None:
    """When a subscription's next periodic notification is due; None where it has no interval."""
    if due is None:
        await conn.execute("delete from broker.subscription_interval where tenant = $1 and id = $2", tenant, id_)
        return
    await conn.execute(
        """
        insert into broker.subscription_interval (tenant, id, due) values ($1, $2, $3)
            on conflict (tenant, id) do update set due = excluded.due
        """,
        tenant,
        id_,
        due,
    )


async def due(conn: Connection, now: datetime, most: int) -> list[tuple[str, str, datetime]]:
    """Subscriptions whose interval is over (tenant, id, when it was), held until the transaction ends, longest waiting first."""
    rows = await conn.fetch(
        """
        select tenant, id, due from broker.subscription_interval where due <= $1
         order by due limit $2 for update skip locked
        """,
        now,
        most,
    )
    return [(row["tenant"], row["id"], row["due"]) for row in rows]


async def forget_deleted(conn: Connection) -> None:
    """Remove the keys of subscriptions that were deleted long before any process could still believe in them."""
    await conn.execute(
        "delete from broker.subscription where deleted and modified < now() - $1::interval", timedelta(hours=1)
    )
