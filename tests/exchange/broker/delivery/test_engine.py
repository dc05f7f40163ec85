"""The engine on a real database: everything arrives, in order, once; nobody waits for a receiver that is gone."""

import asyncio

import pytest
from tests.exchange.broker.delivery.conftest import World, address, notice, until

from hiroba.base import clock
from hiroba.base.db import transaction
from hiroba.exchange.broker.delivery import store
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.model import Target
from hiroba.exchange.broker.delivery.outbox import Outbox

pytestmark = pytest.mark.anyio
ONE, OTHER = address("one"), address("other")


async def test_what_is_owed_arrives_once_and_the_table_is_empty(world: World) -> None:
    await world.engine()
    await world.owe(*(notice(ONE, f"urn:x:{number}", number) for number in range(50)), notice(OTHER, "urn:x:1", 7))
    await world.nothing_is_owed()
    assert sorted(world.numbers(ONE)) == list(range(50))
    assert world.numbers(OTHER) == [7]
    async with world.pool.acquire() as conn:
        state = (await store.states(conn, [ONE]))[ONE]
    assert (state.sent, state.failed, state.ok) == (50, 0, True)
    assert state.last_success is not None


async def test_who_asks_how_it_went_is_told_of_the_last_delivery(world: World) -> None:
    await world.engine()
    for number in range(1, 20):
        await world.owe(notice(ONE, "urn:x:1", number))
        await until(lambda expected=number: len(world.got) == expected)
        await world.outbox.settled()
        async with world.pool.acquire() as conn:
            state = (await store.states(conn, [ONE]))[ONE]
        assert (state.sent, state.ok) == (number, True)


async def test_order_per_entity_is_kept_while_many_are_under_way(world: World) -> None:
    async def slowly(_target: Target, notification: dict) -> Attempt:
        await asyncio.sleep(0.001 * (hash(notification["id"]) % 5))
        return Attempt(ok=True)

    world.answer = slowly
    await world.engine()
    for start in range(0, 600, 60):
        await world.owe(*(notice(ONE, f"urn:x:{number % 7}", number) for number in range(start, start + 60)))
    await world.nothing_is_owed()
    for entity in range(7):
        numbers = [number for number in world.numbers(ONE) if number % 7 == entity]
        assert numbers == sorted(numbers)
    assert len(world.got) == 600


async def test_what_others_wrote_and_what_was_there_before_arrives_too(world: World) -> None:
    await world.owe(*(notice(ONE, "urn:x:1", number) for number in range(350)))
    await world.engine(Outbox())
    await world.owe(notice(ONE, "urn:x:1", 350))
    await world.nothing_is_owed()
    assert world.numbers(ONE) == list(range(351))


async def test_a_transaction_that_commits_late_is_not_passed_over(world: World) -> None:
    await world.engine()
    await world.owe(notice(ONE, "urn:x:0", 0))
    async with world.pool.acquire() as slow:
        late = slow.transaction()
        await late.start()
        await world.outbox.owe(slow, [notice(ONE, "urn:x:late", 1)])
        await world.owe(*(notice(ONE, "urn:x:0", number) for number in range(2, 40)))
        await until(lambda: len(world.got) == 39)
        await asyncio.sleep(1.5)
        await late.commit()
    await world.nothing_is_owed()
    assert sorted(world.numbers(ONE)) == list(range(40))


async def test_two_processes_share_the_subscriptions_and_neither_sends_twice(world: World) -> None:
    first, second = await world.engine(), await world.engine(Outbox())
    await until(lambda: len(first.leases.held) == len(second.leases.held) == 32)
    addresses = [address(number) for number in range(40)]
    for start in range(0, 50, 10):
        await world.owe(*(notice(to, "urn:x:1", number) for number in range(start, start + 10) for to in addresses))
    await world.nothing_is_owed()
    assert len(world.got) == 2000
    assert all(world.numbers(to) == list(range(50)) for to in addresses)


async def test_what_a_process_that_dies_has_not_sent_the_other_takes_up(world: World) -> None:
    async def never(_target: Target, _notification: dict) -> Attempt:
        await asyncio.sleep(3600)
        raise AssertionError

    world.answer = never
    first = await world.engine()
    await until(lambda: len(first.leases.held) == 64)
    addresses = [address(number) for number in range(20)]
    await world.owe(*(notice(to, "urn:x:1", number) for number in range(10) for to in addresses))
    await until(lambda: len(first.dispatch.tasks) == 20)
    world.answer = None
    for task in (*first._running, *first.dispatch.tasks):
        task.cancel()
    await asyncio.gather(*first._running, return_exceptions=True)
    await world.engine(Outbox())
    await world.nothing_is_owed()
    assert all(world.numbers(to) == list(range(10)) for to in addresses)


async def test_a_receiver_that_never_answers_delays_nobody_else(world: World) -> None:
    silent = {f"http://receiver/{address(f'silent{number}').subscription}" for number in range(300)}

    async def answer(target: Target, _notification: dict) -> Attempt:
        if target.uri in silent:
            await asyncio.sleep(3600)
        return Attempt(ok=True)

    world.answer = answer
    await world.engine()
    await world.owe(notice(ONE, "urn:x:0", 0))
    await until(lambda: len(world.numbers(ONE)) == 1)
    await world.owe(*(notice(address(f"silent{number}"), "urn:x:1", 0) for number in range(300)))
    await world.owe(*(notice(ONE, f"urn:x:{number}", number) for number in range(1, 200)))
    await until(lambda: len(world.numbers(ONE)) == 200)
    assert await world.owed() >= 300


async def test_a_failure_is_tried_again_and_counted(world: World) -> None:
    outcomes = iter([Attempt(ok=False, reason="nothing was said"), Attempt(ok=True), Attempt(ok=True)])

    async def answer(_target: Target, _notification: dict) -> Attempt:
        return next(outcomes)

    world.answer = answer
    await world.engine()
    await world.owe(notice(ONE, "urn:x:1", 1), notice(ONE, "urn:x:1", 2))
    await world.nothing_is_owed()
    assert world.numbers(ONE) == [1, 2]
    async with world.pool.acquire() as conn:
        state = (await store.states(conn, [ONE]))[ONE]
    assert (state.sent, state.failed, state.ok, state.failures, state.reason) == (2, 1, True, 0, "")


async def test_a_notification_that_fails_again_and_again_is_one_and_why_it_failed_is_kept(world: World) -> None:
    async def answer(_target: Target, _notification: dict) -> Attempt:
        return Attempt(ok=False, reason="nothing was said")

    world.answer = answer
    engine = await world.engine()
    await world.owe(notice(ONE, "urn:x:1", 1))

    async def tried_twice() -> bool:
        async with world.pool.acquire() as conn:
            state = (await store.states(conn, [ONE])).get(ONE)
        return state is not None and state.failed == 2

    await until(tried_twice)
    async with world.pool.acquire() as conn:
        state = (await store.states(conn, [ONE]))[ONE]
    assert (state.sent, state.ok, state.reason) == (1, False, "nothing was said")
    assert engine.dispatch.lines[ONE].failures == 2


async def test_with_throttling_the_newest_state_of_each_entity_is_sent_when_the_period_is_over(world: World) -> None:
    world.targets[ONE] = Target(uri="http://receiver/throttled", throttling=1.0)
    await world.engine()
    await world.owe(notice(ONE, "urn:x:1", 1))
    await until(lambda: len(world.got) == 1)
    for number in range(2, 12):
        await world.owe(notice(ONE, f"urn:x:{number % 2}", number))
    await world.nothing_is_owed()
    assert [[item["n"] for item in got["data"]] for got in world.got] == [[1], [10, 11]]


async def test_what_is_owed_to_a_subscription_that_is_gone_is_dropped(world: World) -> None:
    await world.engine()
    async with transaction(world.pool) as conn:
        gone = notice(ONE, "urn:x:1", 1)
        await world.outbox.owe(conn, [gone])
    await world.nothing_is_owed()
    assert world.got == []
    assert clock.now() > gone.at
