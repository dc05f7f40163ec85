"""How a memory follows the table of subscriptions, and when the clock's are due."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.egress import Egress
from hiroba.base.versions import Follower, raise_
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.model import (
    Endpoint,
    EntitySelector,
    NotificationParams,
    Stored,
    Subscription,
)
from hiroba.exchange.broker.subscriptions.registry import MEMORY, Subscriptions

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored(number: int, **members: object) -> Stored:
    document = Subscription(
        id=f"urn:s:{number}",
        entities=(EntitySelector(type="urn:t:River"),),
        notification=NotificationParams(endpoint=Endpoint(uri="http://example.org/")),
        **members,
    )
    return Stored(tenant="", document=document, created=NOW, modified=NOW)


async def put(pool: Pool, *made: Stored) -> set[str]:
    async with transaction(pool) as conn:
        return await store.insert(conn, made, await raise_(conn, MEMORY))


async def test_a_memory_reads_all_at_first_and_then_what_is_new(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriptions = Subscriptions(pool, Book(Egress(), "http://hiroba.test"), Outbox())
    follower = Follower(pool)
    follower.follow(MEMORY, subscriptions.refresh)
    monkeypatch.setattr(store, "BATCH", 2)
    read: list[int] = []
    forward = store.written_after

    async def counted(conn: Connection, after: tuple[int, str, str], **which: store.Table) -> store.Batch:
        batch = await forward(conn, after, **which)
        read.append(len(batch.written) + len(batch.gone))
        return batch

    monkeypatch.setattr(store, "written_after", counted)
    await put(pool, *map(stored, range(5)))
    await follower.catch_up(MEMORY)
    assert (len(subscriptions.index), read) == (5, [2, 2, 1])
    await follower.catch_up(MEMORY)
    assert read == [2, 2, 1]
    await put(pool, stored(5))
    async with transaction(pool) as conn:
        await store.delete(conn, "", "urn:s:0", await raise_(conn, MEMORY), at=NOW)
    await follower.catch_up(MEMORY)
    assert read == [2, 2, 1, 2, 0]
    assert subscriptions.index.get("", "urn:s:0") is None
    assert subscriptions.index.get("", "urn:s:5") is not None


async def test_one_that_cannot_be_read_keeps_no_other_from_being_heard_of(pool: Pool) -> None:
    subscriptions = Subscriptions(pool, Book(Egress(), "http://hiroba.test"), Outbox())
    follower = Follower(pool)
    follower.follow(MEMORY, subscriptions.refresh)
    odd = msgspec.structs.replace(stored(1).document, entities=(EntitySelector(type="(((", id=""),))
    await put(pool, msgspec.structs.replace(stored(1), document=odd), stored(2))
    await follower.catch_up(MEMORY)
    assert subscriptions.index.get("", "urn:s:2") is not None
    assert len(subscriptions.index) == 1


async def test_a_deleted_one_leaves_its_key_for_a_while_and_its_id_at_once(pool: Pool) -> None:
    assert await put(pool, stored(1), stored(2)) == {"urn:s:1", "urn:s:2"}
    assert await put(pool, stored(1)) == set()
    async with transaction(pool) as conn:
        for number in (1, 2):
            await store.delete(conn, "", f"urn:s:{number}", await raise_(conn, MEMORY), at=NOW)
        assert await store.one(conn, "", "urn:s:1") is None
        assert await store.count(conn, "", None) == 0
    assert await put(pool, stored(1)) == {"urn:s:1"}
    async with transaction(pool) as conn:
        await store.forget_deleted(conn)
        assert await conn.fetchval("select array_agg(id) from broker.subscription") == ["urn:s:1"]


async def test_a_due_interval_is_taken_by_one_process_at_a_time(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await store.set_due(conn, "", "urn:s:1", NOW)
        await store.set_due(conn, "", "urn:s:2", NOW + timedelta(hours=1))
    async with transaction(pool) as one, transaction(pool) as other:
        assert [row[1] for row in await store.due(one, NOW, 10)] == ["urn:s:1"]
        assert await store.due(other, NOW, 10) == []
        await store.set_due(one, "", "urn:s:1", None)
    async with transaction(pool) as conn:
        assert [row[1] for row in await store.due(conn, NOW + timedelta(hours=2), 10)] == ["urn:s:2"]
