"""What is owed: written with the change it tells of, read in order, removed when it is delivered."""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, Notice, Row, Tally
from hiroba.exchange.broker.delivery.slots import slot_of
from hiroba.exchange.broker.delivery.store.addresses import columns


async def add(conn: Connection, notices: Sequence[Notice]) -> None:
    """Write what is owed, in this order."""
    await conn.execute("""
        insert into broker.owed (tenant, entity, kind, subscription, slot, trigger, at, data, subject)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[],
                             $7::timestamptz[], $8::bytea[], $9::text[])
         where pg_current_xact_id() is not null  -- the transaction has its number before its rows have theirs: see `look`
    """,
        [notice.address.tenant for notice in notices],
        [notice.entity for notice in notices],
        [notice.address.kind for notice in notices],
        [notice.address.subscription for notice in notices],
        [slot_of(notice.address) for notice in notices],
        [notice.trigger for notice in notices],
        [notice.at for notice in notices],
        [notice.data for notice in notices],
        [notice.subject for notice in notices],
    )  # fmt: skip


_ROW = "o.number, o.tenant, o.entity, o.kind, o.subscription, o.trigger, o.at, o.data, o.subject"


def _row(row: asyncpg.Record) -> Row:
    return Row(
        number=row["number"],
        address=Address(row["kind"], row["tenant"], row["subscription"]),
        entity=row["entity"],
        trigger=row["trigger"],
        at=row["at"],
        data=row["data"],
        subject=row["subject"],
    )


class Seen(msgspec.Struct, frozen=True):
    """What one look at the table saw, and which transactions it could not see yet."""

    rows: list[Row]
    oldest: int
    """Every transaction below has ended."""
    next: int
    """Every transaction from here on had not begun to write."""


_OLDEST = "pg_snapshot_xmin(s)::text::bigint"
_NEXT = f"{_OLDEST} + age(pg_snapshot_xmin(s)::xid)"  # a snapshot's own xmax leaves out the newest that are under way


async def look(conn: Connection, above: int, slots: Iterable[int], known: Iterable[int]) -> Seen:
    """What is owed in these slots above a number and not known yet, in order."""
    rows = await conn.fetch(f"""
        select {_OLDEST} as oldest, {_NEXT} as next, {_ROW}
          from pg_current_snapshot() s
          left join broker.owed o on o.number > $1 and o.slot = any($2::smallint[]) and o.number <> all($3::bigint[])
         order by o.number
    """, above, list(slots), list(known))  # noqa: S608 - constants  # fmt: skip
    return Seen([_row(row) for row in rows if row["number"] is not None], rows[0]["oldest"], rows[0]["next"])


async def highest(conn: Connection) -> tuple[int, int]:
    """The highest number that is owed, and from which transaction on none had begun to write."""
    rows = await conn.fetch(f"""
        select (select coalesce(max(number), 0) from broker.owed), {_NEXT} from pg_current_snapshot() s
    """)  # noqa: S608 - constants  # fmt: skip
    return rows[0][0], rows[0][1]


async def owed_to(conn: Connection, slots: Iterable[int]) -> list[Address]:
    """The subscriptions of these slots to which something is owed."""
    rows = await conn.fetch("""
        select distinct kind, tenant, subscription from broker.owed where slot = any($1::smallint[])
    """, list(slots))  # fmt: skip
    return [Address(*row) for row in rows]


async def following(conn: Connection, lines: Sequence[tuple[Address, int]], most: int) -> list[Row]:
    """The next rows of each of these subscriptions above a number, at most so many of each, in order."""
    addresses = [address for address, _ in lines]
    rows = await conn.fetch(f"""
        select {_ROW}
          from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bigint[])
               as a (tenant, kind, subscription, slot, above)
         cross join lateral (
            select * from broker.owed o
             where o.slot = a.slot and o.tenant = a.tenant and o.kind = a.kind and o.subscription = a.subscription
               and o.number > a.above
             order by o.number limit $6
         ) o
         order by o.number
    """, *columns(addresses), list(map(slot_of, addresses)), [above for _, above in lines], most)  # noqa: S608 - constants  # fmt: skip
    return [_row(row) for row in rows]


async def settle(conn: Connection, done: Sequence[Row], tallies: Mapping[Address, Tally]) -> None:
    """Remove what is done, and write down how it went; one statement for all."""
    told = list(tallies.values())
    await conn.execute("""
        with gone as (
            delete from broker.owed o using unnest($1::bigint[], $2::text[], $3::text[]) as d (number, tenant, entity)
             where o.number = d.number and o.tenant = d.tenant and o.entity = d.entity
        )
        insert into broker.delivery as t
               (tenant, kind, subscription, sent, failed, ok, last_notification, last_success, last_failure, failures, reason)
        select * from unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[], $10::timestamptz[],
                             $11::timestamptz[], $12::timestamptz[], $13::int[], $14::text[])
            on conflict (tenant, kind, subscription) do update
           set sent = t.sent + excluded.sent, failed = t.failed + excluded.failed, ok = coalesce(excluded.ok, t.ok),
               last_notification = coalesce(excluded.last_notification, t.last_notification),
               last_success = coalesce(excluded.last_success, t.last_success),
               last_failure = coalesce(excluded.last_failure, t.last_failure),
               failures = case when excluded.ok is null then t.failures else excluded.failures end,
               reason = case when excluded.ok is null then t.reason else excluded.reason end
    """,
        [row.number for row in done],
        [row.address.tenant for row in done],
        [row.entity for row in done],
        *columns(tallies),
        [tally.sent for tally in told],
        [tally.failed for tally in told],
        [tally.ok for tally in told],
        [tally.last_notification for tally in told],
        [tally.last_success for tally in told],
        [tally.last_failure for tally in told],
        [tally.failures for tally in told],
        [tally.reason for tally in told],
    )  # fmt: skip


async def drop(conn: Connection, addresses: Iterable[Address]) -> None:
    """Remove what is owed to subscriptions that are gone or do not want it."""
    chosen = list(addresses)
    await conn.execute("""
        delete from broker.owed o
          using unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) as a (tenant, kind, subscription, slot)
         where o.slot = a.slot and o.tenant = a.tenant and o.kind = a.kind and o.subscription = a.subscription
    """, *columns(chosen), [slot_of(address) for address in chosen])  # fmt: skip


async def call(conn: Connection, channel: str, payload: str) -> None:
    """Tell the other processes."""
    await conn.execute("select pg_notify($1, $2)", channel, payload)


async def length(conn: Connection) -> int:
    """How many notifications are owed."""
    found: int = await conn.fetchval("select count(*) from broker.owed")
    return found
