"""The tables of delivery, one function per question."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg
import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, Notice, Row, State, Tally
from hiroba.exchange.broker.delivery.slots import slot_of


async def add(conn: Connection, notices: Sequence[Notice]) -> None:
    """Write what is owed, in this order."""
    await conn.execute("""
        insert into broker.owed (tenant, entity, kind, subscription, slot, trigger, at, data)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[],
                             $7::timestamptz[], $8::bytea[])
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
    )  # fmt: skip


def _columns(addresses: Iterable[Address]) -> tuple[list[str], list[str], list[str]]:
    chosen = list(addresses)
    return (
        [address.tenant for address in chosen],
        [address.kind for address in chosen],
        [address.subscription for address in chosen],
    )


_ADDRESSES = "unnest($1::text[], $2::text[], $3::text[]) as a (tenant, kind, subscription)"


async def states(conn: Connection, addresses: Iterable[Address]) -> dict[Address, State]:
    """How deliveries to these subscriptions went; one to which nothing was sent yet is not among them."""
    rows = await conn.fetch(f"""
        select kind, tenant, subscription, sent, failed, ok, last_notification, last_success, last_failure, failures
          from {_ADDRESSES} join broker.delivery using (tenant, kind, subscription)
    """, *_columns(addresses))  # noqa: S608 - constants  # fmt: skip
    return {Address(*row[:3]): State(**dict(list(row.items())[3:])) for row in rows}


async def forget(conn: Connection, addresses: Iterable[Address]) -> None:
    """Remove all that is kept for subscriptions that are deleted: what is owed, what could not be delivered, how it went."""
    chosen = list(addresses)
    columns = _columns(chosen)
    await drop(conn, chosen)
    for table in ("dead_letter", "delivery"):
        await conn.execute(f"""
            delete from broker.{table} t using {_ADDRESSES}
             where t.tenant = a.tenant and t.kind = a.kind and t.subscription = a.subscription
        """, *columns)  # noqa: S608 - constants  # fmt: skip


_ROW = "o.number, o.tenant, o.entity, o.kind, o.subscription, o.trigger, o.at, o.data"


def _row(row: asyncpg.Record) -> Row:
    return Row(
        number=row["number"],
        address=Address(row["kind"], row["tenant"], row["subscription"]),
        entity=row["entity"],
        trigger=row["trigger"],
        at=row["at"],
        data=row["data"],
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
    """, *_columns(addresses), list(map(slot_of, addresses)), [above for _, above in lines], most)  # noqa: S608 - constants  # fmt: skip
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
               (tenant, kind, subscription, sent, failed, ok, last_notification, last_success, last_failure, failures)
        select * from unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[], $10::timestamptz[],
                             $11::timestamptz[], $12::timestamptz[], $13::int[])
            on conflict (tenant, kind, subscription) do update
           set sent = t.sent + excluded.sent, failed = t.failed + excluded.failed, ok = excluded.ok,
               last_notification = excluded.last_notification,
               last_success = coalesce(excluded.last_success, t.last_success),
               last_failure = coalesce(excluded.last_failure, t.last_failure),
               failures = excluded.failures
    """,
        [row.number for row in done],
        [row.address.tenant for row in done],
        [row.entity for row in done],
        *_columns(tallies),
        [tally.sent for tally in told],
        [tally.failed for tally in told],
        [tally.ok for tally in told],
        [tally.last_notification for tally in told],
        [tally.last_success for tally in told],
        [tally.last_failure for tally in told],
        [tally.failures for tally in told],
    )  # fmt: skip


async def bury(conn: Connection, dead: Sequence[tuple[Row, int, str]], died: datetime) -> None:
    """Move what is given up to the dead letters: rows, how often each was tried, why."""
    await conn.execute("""
        with gone as (
            delete from broker.owed o
             using unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::text[])
                   as d (number, tenant, entity, tries, reason)
             where o.number = d.number and o.tenant = d.tenant and o.entity = d.entity
            returning o.number, o.tenant, o.entity, o.kind, o.subscription, o.trigger, o.at, o.data, d.tries, d.reason
        )
        insert into broker.dead_letter (number, tenant, entity, kind, subscription, trigger, at, data, died, tries, reason)
        select number, tenant, entity, kind, subscription, trigger, at, data, $6, tries, reason from gone
            on conflict do nothing
    """,
        [row.number for row, _, _ in dead],
        [row.address.tenant for row, _, _ in dead],
        [row.entity for row, _, _ in dead],
        [tries for _, tries, _ in dead],
        [reason for _, _, reason in dead],
        died,
    )  # fmt: skip


async def drop(conn: Connection, addresses: Iterable[Address]) -> None:
    """Remove what is owed to subscriptions that are gone or do not want it."""
    chosen = list(addresses)
    await conn.execute("""
        delete from broker.owed o
          using unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) as a (tenant, kind, subscription, slot)
         where o.slot = a.slot and o.tenant = a.tenant and o.kind = a.kind and o.subscription = a.subscription
    """, *_columns(chosen), [slot_of(address) for address in chosen])  # fmt: skip


async def bury_older(
    conn: Connection, address: Address, *, limit: datetime, tries: int, reason: str, died: datetime
) -> int:
    """Move what is owed to a subscription since before then to the dead letters; how much it was."""
    done = await conn.execute("""
        with gone as (
            delete from broker.owed
             where slot = $1 and tenant = $2 and kind = $3 and subscription = $4 and at < $5
            returning number, tenant, entity, kind, subscription, trigger, at, data
        )
        insert into broker.dead_letter (number, tenant, entity, kind, subscription, trigger, at, data, died, tries, reason)
        select number, tenant, entity, kind, subscription, trigger, at, data, $6, $7, $8 from gone
            on conflict do nothing
    """, slot_of(address), address.tenant, address.kind, address.subscription, limit, died, tries, reason)  # fmt: skip
    return int(done.rsplit(" ", 1)[1])


HELD = 0x4869726F  # «Hiro»: the advisory locks of delivery, one per slot; -1 is held by every process, together
_EVERY = -1


async def arrive(conn: Connection) -> None:
    """Make this connection one that shares the slots; when it ends, however it ends, its slots are free."""
    await conn.execute(
        "set synchronous_commit = off"
    )  # what it removes was delivered; after a crash it is delivered again
    await conn.execute("set tcp_keepalives_idle = 2")
    await conn.execute("set tcp_keepalives_interval = 1")
    await conn.execute("set tcp_keepalives_count = 4")
    await conn.execute("select pg_advisory_lock_shared($1, $2)", HELD, _EVERY)


async def processes(conn: Connection) -> int:
    """How many processes share the slots."""
    found: int = await conn.fetchval("""
        select count(*) from pg_locks
         where locktype = 'advisory' and granted and classid = $1::bigint::oid and objid = $2::bigint::oid
           and database = (select oid from pg_database where datname = current_database())
    """, HELD, _EVERY & 0xFFFF_FFFF)  # fmt: skip
    return found


async def hold(conn: Connection, wanted: Sequence[int], most: int) -> list[int]:
    """Take slots that are free: these, in this order, at most so many."""
    rows = await conn.fetch(
        "select slot from unnest($1::int[]) as slot where pg_try_advisory_lock($2, slot) limit $3",
        list(wanted),
        HELD,
        most,
    )
    return [row["slot"] for row in rows]


async def release(conn: Connection, slots: Iterable[int]) -> None:
    """Let slots go."""
    await conn.execute("select pg_advisory_unlock($1, slot) from unnest($2::int[]) as slot", HELD, list(slots))


async def call(conn: Connection, channel: str, payload: str) -> None:
    """Tell the other processes."""
    await conn.execute("select pg_notify($1, $2)", channel, payload)


async def length(conn: Connection) -> int:
    """How many notifications are owed."""
    found: int = await conn.fetchval("select count(*) from broker.owed")
    return found
