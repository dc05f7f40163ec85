"""Partitions are there before they are needed, and what is to be forgotten goes."""

from datetime import UTC, datetime, timedelta

import pytest

from hiroba.base import clock
from hiroba.base.errors import Stop
from hiroba.exchange.broker.history.keeping import Retention, keep, make_partitions, retention
from hiroba.exchange.broker.history.model import Evolution, Record
from hiroba.exchange.broker.history.store import keeping, writing
from hiroba.exchange.broker.model import Key

pytestmark = pytest.mark.anyio

NAME = "https://example.org/a"


async def recorded(conn, id_: str, at: datetime, type_: str = "https://example.org/T") -> None:
    key = Key("", "", id_)
    evolution = Evolution(key=key, types=(type_,), names=(NAME,), created=at, deleted=at)
    value = {"type": "Property", "value": 1}
    await writing.record(
        conn, [evolution], [Record(key=key, name=NAME, instance="0" * 26, at=at, created=at, value=value)]
    )


async def left(conn) -> list[str]:
    return [row["id"] for row in await conn.fetch("select id from broker.instance order by id")]


async def test_three_months_lie_ahead_and_making_them_again_changes_nothing(conn) -> None:
    await make_partitions(conn)
    first = await keeping.partitions(conn)
    assert len(first) == 4
    assert first[-1][1] > clock.now() + timedelta(days=85)
    await make_partitions(conn)
    assert await keeping.partitions(conn) == first


async def test_the_migration_makes_the_partitions_that_the_job_would(conn) -> None:
    assert [name for name, _ in await keeping.partitions(conn)] == [
        f"instance_{moment:%Y_%m}" for moment in _months(clock.now(), 4)
    ]


def _months(moment: datetime, number: int) -> list[datetime]:
    found = [moment.replace(day=1)]
    while len(found) < number:
        found.append((found[-1] + timedelta(days=32)).replace(day=1))
    return found


async def test_what_was_recorded_without_a_partition_is_kept_and_moves_into_one(conn) -> None:
    at = datetime(2031, 5, 5, tzinfo=UTC)
    await recorded(conn, "urn:a:1", at)
    assert await conn.fetchval("select count(*) from broker.instance_elsewhen") == 1
    await keeping.make_partition(conn, datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC))
    assert await conn.fetchval("select count(*) from broker.instance_elsewhen") == 0
    assert await left(conn) == ["urn:a:1"]


async def test_old_partitions_are_dropped_and_with_them_who_is_gone(conn) -> None:
    now = clock.now()
    old = now - timedelta(days=400)
    begin = old.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await keeping.make_partition(conn, begin, (begin + timedelta(days=32)).replace(day=1))
    await recorded(conn, "urn:a:old", old)
    await recorded(conn, "urn:a:new", now)
    await keep(conn, Retention())
    assert await left(conn) == ["urn:a:new", "urn:a:old"], "nothing goes unless it is told to"
    await keep(conn, Retention(days=365))
    assert await left(conn) == ["urn:a:new"]
    assert await conn.fetchval("select count(*) from broker.evolution where id = 'urn:a:old'") == 0


async def test_a_type_may_be_kept_for_less_or_for_longer(conn) -> None:
    now = clock.now()
    for type_ in ("short", "long", "usual"):
        await recorded(conn, f"urn:a:{type_}", now - timedelta(days=50), f"https://example.org/{type_}")
    types = {"https://example.org/short": 30, "https://example.org/long": 100}
    await keep(conn, Retention(days=60, types=types))
    assert await left(conn) == ["urn:a:long", "urn:a:usual"]
    await keep(conn, Retention(days=40, types=types))
    assert await left(conn) == ["urn:a:long"]
    await keep(conn, Retention(days=40, types=types | {"https://example.org/long": 0}))
    assert await left(conn) == ["urn:a:long"], "0 is for ever"


def test_the_words_of_the_setting() -> None:
    assert retention(()) == Retention()
    assert retention(("365", "https://a.b/#Device=30")) == Retention(365, {"https://a.b/#Device": 30})
    for wrong in ("a year", "-1", "Device=", "1.5"):
        with pytest.raises(Stop, match="HIROBA_HISTORY_DAYS"):
            retention((wrong,))
