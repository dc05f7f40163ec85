"""Nothing leaves after a withdrawal was acknowledged, and nothing leaves that is not in the log."""

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.exchange.sight.conftest import API, TENANT

from hiroba.exchange.gateway.sight import holding, store

pytestmark = pytest.mark.anyio


class Slow:
    """A read whose caller takes its answer only when it is told to."""

    def __init__(self, world: Any, path: str) -> None:
        self.sending, self.go_on = asyncio.Event(), asyncio.Event()
        self.sent: list[Any] = []
        headers = [(b"authorization", f"Bearer {world.keys['booking']}".encode()), (b"ngsild-tenant", TENANT.encode())]
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": headers, "scheme": "http", "server": ("hiroba.test", 80), "client": ("127.0.0.1", 1),
            "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        self.answer = asyncio.create_task(world.client._transport.app(scope, self.receive, self.send))

    async def receive(self) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Any) -> None:
        self.sending.set()
        await self.go_on.wait()
        self.sent.append(message)


async def test_a_withdrawal_waits_for_an_answer_that_is_being_sent(world, database) -> None:
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    grant = await world.permit(taro, "birthDate")
    slow = Slow(world, f"{API}/entities/{await world.id(taro, 'booking')}")
    await slow.sending.wait()
    other = await asyncpg.connect(database)
    withdrawing = asyncio.create_task(other.execute("delete from gateway.permit where grant_id = $1", grant))
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete from gateway.permit%'"
    async with asyncio.timeout(20):
        while not await world.conn.fetchval(waiting):  # noqa: ASYNC110 - the event is another process's
            await asyncio.sleep(0.01)
    assert not withdrawing.done()
    slow.go_on.set()
    await slow.answer
    assert await withdrawing == "DELETE 1"
    assert slow.sent[0]["status"] == 200
    await other.close()


async def test_a_slow_reader_keeps_no_consent_alive(world, monkeypatch) -> None:
    monkeypatch.setattr(holding, "LONGEST", 0.05)
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    grant = await world.permit(taro, "birthDate")
    slow = Slow(world, f"{API}/entities/{await world.id(taro, 'booking')}")
    await slow.sending.wait()
    await world.withdraw(grant)  # comes back though the answer is not taken yet
    assert not slow.answer.done()
    slow.go_on.set()
    await slow.answer


async def test_what_was_withdrawn_between_reading_and_sending_is_not_sent(world, monkeypatch) -> None:
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    grant = await world.permit(taro, "birthDate")
    held = store.held

    async def after_a_withdrawal(*arguments: Any) -> Any:
        await world.withdraw(grant)
        return await held(*arguments)

    monkeypatch.setattr(store, "held", after_a_withdrawal)
    answer = await world.get(f"/entities/{await world.id(taro, 'booking')}")
    assert answer.status_code == 503
    assert "1950" not in answer.text
    assert await world.logged() == []


async def test_who_withdraws_before_page_two_is_not_on_it(world) -> None:
    grants = {}
    for number in range(4):
        person = await world.person()
        await world.write(person, {"name": f"canary-{number}"})
        grants[await world.id(person, "booking")] = await world.permit(person, "name")
    first = await world.get("/entities?type=Person&limit=2&options=keyValues")
    shown = {one["id"] for one in first.json()}
    assert len(shown) == 2
    leaving = min(grants.keys() - shown)
    await world.withdraw(grants[leaving])
    second = await world.get("/entities?type=Person&limit=2&offset=2&options=keyValues")
    assert {one["id"] for one in second.json()} == grants.keys() - shown - {leaving}


async def test_where_the_log_cannot_be_written_nothing_is_released(world, inbox) -> None:
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    await world.permit(taro, "birthDate")
    await world.subscribe()
    await world.conn.execute("alter table audit.entry rename to away")
    for path in (
        f"/entities/{await world.id(taro, 'booking')}",
        "/entities?type=Person",
        "/types",
        "/entities?type=Person&count=true&limit=0",
    ):
        answer = await world.get(path)
        assert answer.status_code == 503, path
        assert "1950" not in answer.text
        assert "ngsild-results-count" not in answer.headers
    changed = await world.call(
        "PATCH", f"/entities/{await world.id(taro)}", "clinic-desk", json={"birthDate": "1951-01-01"}
    )
    assert changed.status_code == 204
    async with asyncio.timeout(30):
        while not await world.conn.fetchval("select sum(failed) from broker.delivery"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert inbox.got == []
    await world.conn.execute("alter table audit.away rename to entry")
    await world.settled()
    assert "1951-01-01" in inbox.got[0].decode()
