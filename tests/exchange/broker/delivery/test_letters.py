"""Dead letters: a notification that is refused too often, or is too old, is kept, and what is behind it is sent."""

from datetime import timedelta

import pytest
from tests.exchange.broker.delivery.conftest import World, address, notice, until

from hiroba.base import clock
from hiroba.base.db import transaction
from hiroba.cli import dead_letters
from hiroba.exchange.broker.delivery import ledger, line
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.model import Target
from hiroba.exchange.broker.delivery.store import letters
from hiroba.exchange.broker.delivery.store.letters import Chosen

pytestmark = pytest.mark.anyio
ONE = address("one")


@pytest.fixture
async def refusing(world: World, monkeypatch) -> World:
    """A receiver that took 1 and 3 and did not want 2, after which an operator may come."""
    monkeypatch.setattr(line, "TRIES", 2)
    monkeypatch.setattr(line, "SHORTEST", 0.05)

    async def answer(_target: Target, notification: dict) -> Attempt:
        if notification["data"][0]["n"] == 2:
            return Attempt(ok=False, reason="it answered 422", refused=True)
        return Attempt(ok=True)

    world.answer = answer
    await world.engine()
    await world.owe(*(notice(ONE, "urn:x:1", number) for number in (1, 2, 3)))
    await until(lambda: world.numbers(ONE) == [1, 3])
    await world.nothing_is_owed()
    world.answer = None
    return world


async def test_what_is_refused_too_often_is_kept_and_can_be_sent_again(refusing: World, conn) -> None:
    (letter,) = await letters.letters(conn, Chosen())
    assert (letter.entity, letter.reason, letter.tries) == ("urn:x:1", "it answered 422", 2)
    async with transaction(refusing.pool) as writing:
        assert await letters.replay(writing, Chosen(subscription=ONE.subscription), clock.now()) == 1
    await until(lambda: refusing.numbers(ONE) == [1, 3, 2])
    assert await letters.letters(conn, Chosen()) == []


async def test_the_command_lists_replays_and_throws_away(refusing: World, database: str, capsys) -> None:
    await dead_letters.run(database, Chosen(), replay=False, delete=False)
    assert "it answered 422" in capsys.readouterr().out
    await dead_letters.run(database, Chosen(), replay=True, delete=False)
    await until(lambda: refusing.numbers(ONE) == [1, 3, 2])
    await dead_letters.run(database, Chosen(), replay=False, delete=True)
    assert "0 thrown away" in capsys.readouterr().out


async def test_what_is_too_old_is_given_up_also_where_only_the_table_holds_it(world: World, conn, monkeypatch) -> None:
    monkeypatch.setattr(ledger, "OLDEST", timedelta(seconds=-1))
    monkeypatch.setattr("hiroba.exchange.broker.delivery.dispatch.OLDEST", timedelta(seconds=-1))

    async def silent(_target: Target, _notification: dict) -> Attempt:
        return Attempt(ok=False, reason="nothing was said")

    world.answer = silent
    await world.owe(*(notice(ONE, "urn:x:1", number) for number in range(500)))
    await world.engine()
    await world.nothing_is_owed()
    assert len(await letters.letters(conn, Chosen(), most=1000)) == 500
