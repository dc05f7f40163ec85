"""How deliveries went, per subscription."""

from collections.abc import Iterable

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, State
from hiroba.exchange.broker.delivery.store import queue
from hiroba.exchange.broker.delivery.store.addresses import ADDRESSES, columns


async def states(conn: Connection, addresses: Iterable[Address]) -> dict[Address, State]:
    """How deliveries to these subscriptions went; one to which nothing was sent yet is not among them."""
    rows = await conn.fetch(f"""
        select kind, tenant, subscription, sent, failed, ok, last_notification, last_success, last_failure, failures, reason
          from {ADDRESSES} join broker.delivery using (tenant, kind, subscription)
    """, *columns(addresses))  # noqa: S608 - constants  # fmt: skip
    return {Address(*row[:3]): State(**dict(list(row.items())[3:])) for row in rows}


async def forget(conn: Connection, addresses: Iterable[Address]) -> None:
    """Remove all that is kept for subscriptions that are deleted: how it went, what is owed, what could not be delivered.

    In the order in which `settle` and `bury` take these tables, so that neither side waits for the other for ever.
    """
    chosen = list(addresses)
    await _remove(conn, "delivery", chosen)
    await queue.drop(conn, chosen)
    await _remove(conn, "dead_letter", chosen)


async def _remove(conn: Connection, table: str, addresses: list[Address]) -> None:
    await conn.execute(f"""
        delete from broker.{table} t using {ADDRESSES}
         where t.tenant = a.tenant and t.kind = a.kind and t.subscription = a.subscription
    """, *columns(addresses))  # noqa: S608 - constants  # fmt: skip
