"""Dead letters: what could not be delivered, kept to be looked at, sent again or thrown away."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from hiroba.base.db import Connection, fetch
from hiroba.exchange.broker.delivery.model import Address, Notice, Row
from hiroba.exchange.broker.delivery.slots import slot_of
from hiroba.exchange.broker.delivery.store import queue


async def bury(conn: Connection, dead: Sequence[tuple[Row, int, str]], died: datetime) -> None:
    """Move what is given up to the dead letters: rows, how often each was tried, why."""
    await conn.execute("""
        with gone as (
            delete from broker.owed o
             using unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::text[])
                   as d (number, tenant, entity, tries, reason)
             where o.number = d.number and o.tenant = d.tenant and o.entity = d.entity
            returning o.number, o.tenant, o.entity, o.kind, o.subscription, o.trigger, o.at, o.data, o.subject, d.tries,
                      d.reason
        )
        insert into broker.dead_letter
               (number, tenant, entity, kind, subscription, trigger, at, data, subject, died, tries, reason)
        select number, tenant, entity, kind, subscription, trigger, at, data, subject, $6, tries, reason from gone
            on conflict do nothing
    """,
        [row.number for row, _, _ in dead],
        [row.address.tenant for row, _, _ in dead],
        [row.entity for row, _, _ in dead],
        [tries for _, tries, _ in dead],
        [reason for _, _, reason in dead],
        died,
    )  # fmt: skip


async def bury_older(
    conn: Connection, address: Address, *, limit: datetime, tries: int, reason: str, died: datetime
) -> int:
    """Move what is owed to a subscription since before then to the dead letters; how much it was."""
    done = await conn.execute("""
        with gone as (
            delete from broker.owed
             where slot = $1 and tenant = $2 and kind = $3 and subscription = $4 and at < $5
            returning number, tenant, entity, kind, subscription, trigger, at, data, subject
        )
        insert into broker.dead_letter
               (number, tenant, entity, kind, subscription, trigger, at, data, subject, died, tries, reason)
        select number, tenant, entity, kind, subscription, trigger, at, data, subject, $6, $7, $8 from gone
            on conflict do nothing
    """, slot_of(address), address.tenant, address.kind, address.subscription, limit, died, tries, reason)  # fmt: skip
    return int(done.rsplit(" ", 1)[1])


class Letter(msgspec.Struct, frozen=True, rename="camel"):
    """A notification that was given up."""

    number: int
    tenant: str
    kind: str
    subscription: str
    entity: str
    """What it is about; empty where it is about many, or about people."""
    at: datetime
    """When it happened."""
    died: datetime
    tries: int
    """Attempts that had failed one after the other by then."""
    reason: str
    bytes: int
    """Length of its data."""


class Chosen(msgspec.Struct, frozen=True):
    """Which dead letters are meant; what is left out chooses all."""

    tenant: str | None = None
    subscription: str | None = None
    number: int | None = None


_CHOSEN = """
    ($1::text is null or tenant = $1) and ($2::text is null or subscription = $2) and ($3::bigint is null or number = $3)
"""


async def letters(conn: Connection, chosen: Chosen, *, after: int = 0, most: int = 100) -> list[Letter]:
    """Dead letters in the order of their numbers."""
    return await fetch(conn, Letter, f"""
        select number, tenant, kind, subscription, case when subject is null then entity else '' end as entity, at, died, tries,
               reason, length(data) as bytes
          from broker.dead_letter
         where {_CHOSEN} and number > $4 order by number limit $5
    """, chosen.tenant, chosen.subscription, chosen.number, after, most)  # noqa: S608 - constants  # fmt: skip


async def replay(conn: Connection, chosen: Chosen, now: datetime) -> int:
    """Owe dead letters once more, in their order and as if they had happened now; how many."""
    rows = await conn.fetch(f"""
        delete from broker.dead_letter where {_CHOSEN}
        returning number, tenant, entity, kind, subscription, trigger, data, subject
    """, chosen.tenant, chosen.subscription, chosen.number)  # noqa: S608 - constants  # fmt: skip
    await queue.add(conn, [
        Notice(
            address=Address(row["kind"], row["tenant"], row["subscription"]),
            entity=row["entity"], at=now, trigger=row["trigger"], data=row["data"], subject=row["subject"],
        )
        for row in sorted(rows, key=itemgetter("number"))
    ])  # fmt: skip
    return len(rows)


async def throw_away(conn: Connection, chosen: Chosen) -> int:
    """Remove dead letters; how many."""
    done = await conn.execute(
        f"delete from broker.dead_letter where {_CHOSEN}",  # noqa: S608 - constants
        chosen.tenant, chosen.subscription, chosen.number,
    )  # fmt: skip
    return int(done.rsplit(" ", 1)[1])


async def forget_old(conn: Connection) -> None:
    """Remove dead letters that nobody has wanted for thirty days."""
    await conn.execute("delete from broker.dead_letter where died < now() - interval '30 days'")
