"""The tables of delivery, one function per question."""

from collections.abc import Iterable, Sequence

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, Notice, State
from hiroba.exchange.broker.delivery.slots import slot_of


async def add(conn: Connection, notices: Sequence[Notice]) -> None:
    """Write what is owed, in this order."""
    await conn.execute("""
        insert into broker.owed (tenant, entity, kind, subscription, slot, trigger, at, data)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[],
                             $7::timestamptz[], $8::bytea[])
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
    await conn.execute("""
        delete from broker.owed o
          using unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) as a (tenant, kind, subscription, slot)
         where o.slot = a.slot and o.tenant = a.tenant and o.kind = a.kind and o.subscription = a.subscription
    """, *columns, [slot_of(address) for address in chosen])  # fmt: skip
    for table in ("dead_letter", "delivery"):
        await conn.execute(f"""
            delete from broker.{table} t using {_ADDRESSES}
             where t.tenant = a.tenant and t.kind = a.kind and t.subscription = a.subscription
        """, *columns)  # noqa: S608 - constants  # fmt: skip
