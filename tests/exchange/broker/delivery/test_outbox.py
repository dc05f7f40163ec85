"""What is owed is written with the change it tells of, one row per notification, in order."""

import asyncio

import pytest

from hiroba.base import clock
from hiroba.base.db import transaction
from hiroba.exchange.broker.delivery import store
from hiroba.exchange.broker.delivery.model import Address, Notice, Tally
from hiroba.exchange.broker.delivery.outbox import Outbox, joined
from hiroba.exchange.broker.delivery.slots import SLOTS
from hiroba.exchange.broker.delivery.store import queue

pytestmark = pytest.mark.anyio
ONE, OTHER = (Address("Notification", "", f"urn:ngsi-ld:Subscription:{name}") for name in ("one", "other"))


def notice(address: Address, entity: str, data: bytes = b"{}", *, trigger: str = "", together: bool = False) -> Notice:
    return Notice(address=address, entity=entity, at=clock.now(), data=data, trigger=trigger, together=together)


async def test_what_is_owed_is_there_after_the_commit_and_only_then(pool, conn) -> None:
    outbox = Outbox()
    undone = conn.transaction()
    await undone.start()
    await outbox.owe(conn, [notice(ONE, "urn:x:1")])
    await undone.rollback()
    assert await conn.fetchval("select count(*) from broker.owed") == 0
    async with transaction(pool) as writing:
        await outbox.owe(
            writing, [notice(ONE, "urn:x:1", b"1"), notice(OTHER, "urn:x:1", b"2"), notice(ONE, "urn:x:2", b"3")]
        )
    rows = await conn.fetch("select entity, data from broker.owed order by number")
    assert [tuple(row) for row in rows] == [("urn:x:1", b"1"), ("urn:x:1", b"2"), ("urn:x:2", b"3")]


async def test_the_engine_of_this_process_is_told_which_slots_to_look_at(conn) -> None:
    outbox, told = Outbox(), []
    assert await outbox.owe(conn, [notice(ONE, "urn:x:1")]) is None
    outbox.hurry = told.append
    then = await outbox.owe(conn, [notice(ONE, "urn:x:1"), notice(OTHER, "urn:x:1")])
    assert then is not None
    assert told == []
    then()
    assert len(told) == 1


def test_notices_that_belong_together_are_one_row() -> None:
    rows = joined([
        notice(ONE, "urn:x:1", b"1", together=True),
        notice(OTHER, "urn:x:1", b"2"),
        notice(ONE, "urn:x:2", b"3", together=True),
        notice(ONE, "urn:x:3", b"4", trigger="noLongerMatching", together=True),
    ])  # fmt: skip
    assert [(row.entity, row.data) for row in rows] == [("", b"1,3"), ("urn:x:1", b"2"), ("", b"4")]


async def test_a_deleted_subscription_leaves_nothing(conn) -> None:
    await Outbox().owe(conn, [notice(ONE, "urn:x:1"), notice(OTHER, "urn:x:1")])
    await store.forget(conn, [ONE])
    assert [row["subscription"] for row in await conn.fetch("select subscription from broker.owed")] == [
        OTHER.subscription
    ]
    assert await store.states(conn, [ONE, OTHER]) == {}


async def test_forgetting_and_settling_the_same_subscriptions_wait_for_each_other_and_end(pool) -> None:
    addresses = [Address("Notification", "", f"urn:ngsi-ld:Subscription:{number}") for number in range(500)]
    tallies = {address: Tally(sent=1) for address in addresses}

    async def forget() -> None:
        async with transaction(pool) as conn:
            await store.forget(conn, addresses)

    async def settle() -> None:
        async with pool.acquire() as conn:
            await queue.settle(conn, rows, tallies)

    for _ in range(5):
        async with transaction(pool) as conn:
            await queue.settle(conn, [], tallies)
            await Outbox().owe(conn, [notice(address, "urn:x:1") for address in addresses])
            rows = (await queue.look(conn, 0, range(SLOTS), ())).rows
        assert len(rows) == 500
        await asyncio.gather(forget(), settle())
