"""Permits are there exactly while their grant is active, and go with it in one statement."""

import asyncio
from datetime import timedelta

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection, Pool
from hiroba.base.errors import Conflict
from hiroba.base.ids import ulid
from hiroba.exchange.gateway.grants import model
from hiroba.exchange.gateway.grants.model import Kept
from hiroba.exchange.gateway.grants.store import versions as store
from hiroba.exchange.gateway.grants.store.versions import AlreadyGranted
from hiroba.exchange.gateway.purposes.model import Data, Purpose

pytestmark = pytest.mark.anyio
NOTICE = model.Notice("2026-04", "b4" * 32, "ja")
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


async def offered(conn: Connection, purpose: Purpose, subject: str = "s" * 43) -> Kept:
    now = clock.now()
    grant = model.offer(
        purpose,
        id=ulid(),
        version=1,
        subject=subject,
        source="org:mutsu",
        recipient="org:clinic/app:booking",
        organisation="org:clinic",
        at=now,
    )
    return await store.add(conn, grant, "mutsu_people", now)


async def agreed(conn: Connection, kept: Kept, data: tuple[Data, ...] | None = None) -> Kept:
    now = clock.now()
    grant = model.agreed(kept.grant, at=now, notice=NOTICE, given_by="self", authn="passkey", data=data)
    return await store.stand(conn, kept, grant, now)


async def permits(conn: Connection) -> list[dict]:
    return [dict(row) for row in await conn.fetch("select * from gateway.permit order by type")]


async def test_an_offer_permits_nothing(conn: Connection, checkup: Purpose) -> None:
    await offered(conn, checkup)
    assert await permits(conn) == []


async def test_an_agreement_permits_what_was_agreed_to_in_the_broker_s_own_names(
    conn: Connection, checkup: Purpose
) -> None:
    kept = await agreed(conn, await offered(conn, checkup), data=(Data("Person", ("allergy",)),))
    assert kept.grant.data == (Data("Person", ("allergy",)),)
    [permit] = await permits(conn)
    assert permit == {
        "tenant": "mutsu_people", "subject": "s" * 43, "recipient": "org:clinic/app:booking", "purpose": "health.checkup@1",
        "type": f"{DEFAULT}Person", "attrs": [f"{DEFAULT}allergy"], "valid_from": kept.grant.from_,
        "valid_until": kept.grant.until, "grant_id": kept.grant.id, "grant_version": 1,
    }  # fmt: skip


async def test_what_is_read_back_is_what_was_written(conn: Connection, checkup: Purpose) -> None:
    kept = await agreed(conn, await offered(conn, checkup))
    assert await store.grant_of(conn, kept.grant.id) == kept


async def test_a_withdrawal_takes_the_permits_with_it(conn: Connection, checkup: Purpose) -> None:
    one = await agreed(conn, await offered(conn, checkup))
    other = await agreed(conn, await offered(conn, checkup, "t" * 43))
    [gone] = await store.withdraw(conn, one.grant.id, clock.now())
    assert gone.grant.state == "withdrawn"
    assert gone.ended is not None
    assert {permit["grant_id"] for permit in await permits(conn)} == {other.grant.id}
    assert await store.withdraw(conn, one.grant.id, clock.now()) == []


async def test_what_is_over_goes_by_itself_and_nothing_else(conn: Connection, checkup: Purpose) -> None:
    kept = await agreed(conn, await offered(conn, checkup))
    assert await store.expire(conn, kept.grant.until - timedelta(seconds=1)) == []
    [over] = await store.expire(conn, kept.grant.until)
    assert over.grant.state == "expired"
    assert await permits(conn) == []


async def test_a_person_grants_the_same_to_the_same_once(conn: Connection, checkup: Purpose) -> None:
    await agreed(conn, await offered(conn, checkup))
    again = await offered(conn, checkup)
    with pytest.raises(AlreadyGranted):
        await agreed(conn, again)


async def test_two_who_change_one_grant_at_once_do_not_both_succeed(conn: Connection, checkup: Purpose) -> None:
    kept = await offered(conn, checkup)
    await store.withdraw(conn, kept.grant.id, clock.now())
    with pytest.raises(Conflict):
        await agreed(conn, kept)
    assert await permits(conn) == []


async def test_a_withdrawal_waits_for_an_agreement_under_way_and_takes_its_permits_too(
    conn: Connection, checkup: Purpose, pool: Pool
) -> None:
    kept = await offered(conn, checkup)
    async with pool.acquire() as other:
        began = conn.transaction()
        await began.start()
        await agreed(conn, kept)
        withdrawal = asyncio.create_task(store.withdraw(other, kept.grant.id, clock.now()))
        while not await conn.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 - a lock has no event
            await asyncio.sleep(0)
        await began.commit()
        assert [one.grant.state for one in await withdrawal] == ["withdrawn"]
    assert await permits(conn) == []


async def test_a_retired_purpose_ends_its_grants(conn: Connection, checkup: Purpose) -> None:
    await agreed(conn, await offered(conn, checkup))
    await store.end_of_purpose(conn, checkup.id, clock.now())
    assert await permits(conn) == []
