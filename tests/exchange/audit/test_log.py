"""Writing the log: gapless chains under concurrency, back after the commit, nothing where it cannot be written."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import asyncpg
import pytest

from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Invalid
from hiroba.exchange.audit import log as writing
from hiroba.exchange.audit.events import Event, leaf
from hiroba.exchange.audit.log import Log, LogUnavailable, append_in

pytestmark = pytest.mark.anyio
MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def read(subject: str, note: str = "") -> Event:
    return Event(MOMENT, "read", subject=subject, note=note)


@pytest.fixture
async def log(pool: Pool) -> AsyncIterator[Log]:
    made = Log(pool)
    yield made
    await made.stop()


async def chain(conn: Connection, subject: str, ground: str = "") -> list[asyncpg.Record]:
    return await conn.fetch(
        """select e.*, l.hash, e.event::text, convert_from(event, 'UTF8')::jsonb ->> 'previous' as previous
             from audit.entry e join audit.leaf l on l.entry = e.id where subject = $1 and ground = $2 order by number""",
        subject,
        ground,
    )


def is_whole(rows: Sequence[asyncpg.Record]) -> bool:
    """Numbers from 1 without a gap, each entry naming the leaf before it, each leaf made of salt and event."""
    before = ""
    for number, row in enumerate(rows, 1):
        if row["number"] != number or (row["previous"] or "") != before:
            return False
        before = row["hash"].hex()
    return True


async def test_an_event_is_in_the_log_when_append_comes_back(log: Log, conn: Connection) -> None:
    (line,) = await log.append([read("a")])
    row = await conn.fetchrow("select * from audit.entry e join audit.leaf l on l.entry = e.id where id = $1", line.id)
    assert (row["subject"], row["number"], row["kind"]) == ("a", 1, "read")
    assert row["hash"] == line.leaf == leaf(row["salt"], row["event"])


async def test_each_person_has_a_chain_without_a_gap(log: Log, conn: Connection) -> None:
    lines = await log.append([read("a"), read("b"), read("a"), Event(MOMENT, "translated")])
    assert [(line.subject, line.number) for line in lines] == [("a", 1), ("b", 1), ("a", 2), ("", 0)]
    await log.append([read("a")])
    rows = await chain(conn, "a")
    assert len(rows) == 3
    assert is_whole(rows)


async def test_chains_stay_whole_when_many_write_about_the_same_people_in_any_order(pool: Pool, conn: Connection):
    """Two processes and transactions of their own, each naming the same people in another order."""
    people = [f"p{number}" for number in range(7)]
    first, second = Log(pool), Log(pool)

    async def within(order: Sequence[str]) -> None:
        async with transaction(pool) as own:
            await append_in(own, [read(person) for person in order])

    await asyncio.gather(
        *(
            work
            for turn in range(30)
            for order in [[*people[turn % 7 :], *people[: turn % 7]]]
            for work in (
                first.append([read(person) for person in order]),
                second.append([read(person) for person in reversed(order)]),
                within(order[::-2]),
            )
        )
    )
    for person in people:
        rows = await chain(conn, person)
        assert len(rows) >= 60
        assert is_whole(rows)
    assert await conn.fetchval("select count(*) from audit.leaf") == 30 * (7 + 7 + 4)


async def test_what_is_appended_together_shares_transactions(log: Log, conn: Connection) -> None:
    before = await conn.fetchval("select pg_current_xact_id()::text::bigint")
    await asyncio.gather(*(log.append([read(f"p{number}")]) for number in range(200)))
    after = await conn.fetchval("select pg_current_xact_id()::text::bigint")
    assert await conn.fetchval("select count(*) from audit.entry") == 200
    assert after - before <= 6


async def test_what_a_transaction_takes_back_was_never_in_the_log(pool: Pool, log: Log, conn: Connection) -> None:
    async def change_its_mind() -> None:
        async with transaction(pool) as own:
            await append_in(own, [read("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_its_mind()
    assert await conn.fetchval("select count(*) from audit.leaf") == 0
    assert (await log.append([read("a")]))[0].number == 1


async def test_what_may_be_shown_later_has_a_chain_of_its_own(log: Log, conn: Connection) -> None:
    """No gap in the numbers that a person sees tells of it."""
    held = Event(MOMENT, "read", subject="a", ground="case@1", disclosure="withheld")
    lines = await log.append([read("a"), held, read("a"), held])
    assert [line.number for line in lines] == [1, 1, 2, 2]
    assert is_whole(await chain(conn, "a"))
    assert is_whole(await chain(conn, "a", "case@1"))


async def test_one_bad_event_does_not_fail_its_neighbours(log: Log) -> None:
    good, bad = await asyncio.gather(log.append([read("a")]), log.append([read("\0")]), return_exceptions=True)
    assert isinstance(bad, Invalid)
    assert not isinstance(good, BaseException)


async def test_a_log_that_cannot_be_written_is_a_503_and_heals(log: Log, conn: Connection) -> None:
    await conn.execute("alter table audit.entry rename to away")
    with pytest.raises(LogUnavailable) as refused:
        await log.append([read("a")])
    assert refused.value.status == 503
    await conn.execute("alter table audit.away rename to entry")
    assert (await log.append([read("a")]))[0].number == 1


async def test_who_gives_up_waiting_does_not_disturb_the_others(log: Log, conn: Connection) -> None:
    gone = asyncio.ensure_future(log.append([read("a")]))
    stays = asyncio.ensure_future(log.append([read("b")]))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays)[0].number == 1
    await log.stop()
    assert await conn.fetchval("select count(*) from audit.entry") == 2  # what was begun is logged, though nobody waits


async def test_a_call_larger_than_a_transaction_usually_is_stays_one(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 3)
    lines, more = await asyncio.gather(log.append([read("a")] * 5), log.append([read("a")] * 2))
    assert [line.number for line in (*lines, *more)] == [1, 2, 3, 4, 5, 6, 7]


async def test_nothing_to_append_asks_nobody(conn: Connection) -> None:
    assert await append_in(conn, []) == []
