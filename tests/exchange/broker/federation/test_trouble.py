"""Sources that are dead, slow, wrong or lead back: bounded time, warnings, and no loop (CIM 009 §5.2.34, §6.3.17, §6.3.18)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source
from tests.exchange.broker.federation.test_forwarding import API, CAR, PATH, car, register
from tests.exchange.broker.federation.test_splitting import registration

from hiroba.base.egress import Answer, CallFailed, Egress
from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.errors import ResourceNotFound
from hiroba.exchange.broker.federation.calls import AT_ONCE, Caller
from hiroba.exchange.broker.federation.forwarding import Call, Outgoing, outgoing
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.sources.model import Management

pytestmark = pytest.mark.anyio


def codes(answer: httpx.Response) -> list[str]:
    return [line.split()[0] for line in answer.headers.get_list("ngsild-warning")]


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (200, b"<html>", "111"),
        (200, b"", "111"),
        (200, {"id": "no entity"}, "111"),
        (403, None, "299"),
        (508, None, "199"),
    ],
)
async def test_a_reader_is_told_of_a_source_that_did_not_answer_well(
    broker: httpx.AsyncClient, source: Source, status: int, document: Any, code: str
) -> None:
    await register(broker, source)
    await broker.post(f"{API}/entities", json=CAR, params={"local": "true"})
    for path in (PATH, "/entities"):
        source.says("GET", path, status, document)
    one = await broker.get(f"{API}{PATH}")
    assert (one.json(), codes(one)) == (CAR, [code])
    page = await broker.get(f"{API}/entities", params={"type": "Car"})
    assert (page.json(), codes(page)) == ([CAR], [code])


async def test_not_found_is_nothing_to_warn_of_and_warnings_come_with_not_found(
    broker: httpx.AsyncClient, source: Source
) -> None:
    await register(broker, source)
    nobody = await broker.get(f"{API}{PATH}")
    assert (nobody.status_code, codes(nobody)) == (404, [])
    source.says("GET", PATH, 500)
    assert codes(await broker.get(f"{API}{PATH}")) == ["299"]


async def test_what_a_source_warns_of_is_passed_on(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    source.says("GET", PATH, 200, CAR, **{"NGSILD-Warning": '199 far "urn:r:9: silent"'})
    assert (await broker.get(f"{API}{PATH}")).headers["ngsild-warning"] == '199 far "urn:r:9: silent"'


async def test_a_dead_source_costs_a_reader_a_warning_and_a_writer_a_timeout(
    broker: httpx.AsyncClient, free_port: Callable[[], int]
) -> None:
    await register(broker, Source(f"http://127.0.0.1:{free_port()}"), "redirect")
    answer = await broker.get(f"{API}/entities", params={"type": "Car"})
    assert (answer.status_code, answer.json(), codes(answer)) == (200, [], ["199"])
    assert (await broker.post(f"{API}/entities", json=CAR)).status_code == 504


async def test_a_request_that_comes_back_is_a_loop_for_a_write_and_local_for_a_read(
    broker: httpx.AsyncClient, source: Source
) -> None:
    await register(broker, source)
    await broker.post(f"{API}/entities", json=CAR, params={"local": "true"})
    alias = (await broker.get(f"{API}/info/sourceIdentity")).json()["contextSourceAlias"]
    back = {"Via": f"1.1 somebody, 1.1 {alias}"}
    for method, path in (("DELETE", PATH), ("POST", "/entities"), ("PATCH", f"{PATH}/attrs"), ("PUT", PATH)):
        looped = await broker.request(method, f"{API}{path}", json=CAR, headers=back)
        assert looped.status_code == 508, looped.text
    read = await broker.get(f"{API}{PATH}", headers=back)
    assert (read.json(), codes(read)) == (CAR, ["199"])
    assert source.heard == []


async def test_the_way_to_where_a_request_has_been_is_not_taken(
    broker: httpx.AsyncClient, source: Source, other: Source
) -> None:
    await register(broker, source, contextSourceAlias="first")
    await register(broker, other, "exclusive", "speed", contextSourceAlias="second")
    been = {"Via": "1.1 first, 1.1 second"}
    answer = await broker.post(f"{API}/entities", json=CAR, headers=been)
    assert answer.status_code == 207
    assert [error["error"]["status"] for error in answer.json()["errors"]] == [508]
    assert (await broker.post(f"{API}/entities", json=car("speed"), headers=been)).status_code == 508
    assert source.heard == other.heard == []


async def test_how_it_went_with_a_source_is_counted(broker: httpx.AsyncClient, source: Source) -> None:
    id_ = await register(broker, source)
    await broker.get(f"{API}{PATH}")
    source.says("GET", PATH, 500)
    await broker.get(f"{API}{PATH}")
    for _ in range(100):
        told = (await broker.get(f"{API}/csourceRegistrations/{id_}")).json()
        if told.get("timesSent") == 2:
            break
        await asyncio.sleep(0.02)
    assert (told["timesSent"], told["timesFailed"], told["status"]) == (2, 1, "failed")


async def test_an_identity_is_told_and_each_tenant_has_its_own(broker: httpx.AsyncClient) -> None:
    told = (await broker.get(f"{API}/info/sourceIdentity")).json()
    assert told["type"] == "ContextSourceIdentity"
    assert told["id"].startswith("urn:")
    other = await broker.get(f"{API}/info/sourceIdentity", headers={"NGSILD-Tenant": "other"})
    assert other.json()["contextSourceAlias"] != told["contextSourceAlias"]


class Slow(Egress):
    """Calls that end when the test says so."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.under_way = self.most = self.calls = 0
        self.fails = fails

    async def call(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: Any) -> Answer:
        del method, headers
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.fails:
            raise CallFailed(f"{url} did not answer.")
        return Answer(200, {"Content-Type": "application/json"}, b"[]")


ORIGIN = Origin(tenant="", context=CORE, headers={})


def question(path: str = "/entities", method: str = "GET", **management: float) -> Outgoing:
    made = registration("inclusive", management=Management(**management))
    return outgoing(made, ORIGIN, "me", CORE, Call(method=method, path=path))


async def test_only_so_many_sources_are_asked_at_once() -> None:
    egress = Slow()
    replies = await Caller(egress).ask([question(f"/entities/{number}") for number in range(50)], ORIGIN)
    assert len(replies) == egress.calls == 50
    assert egress.most == AT_ONCE


async def test_a_source_that_failed_is_left_in_peace_for_its_cooldown(monkeypatch: pytest.MonkeyPatch) -> None:
    egress = Slow(fails=True)
    caller = Caller(egress)
    began = time.monotonic()
    troubles = [(await caller.ask([question(cooldown=30)], ORIGIN))[0].trouble for _ in range(3)]
    assert (troubles, egress.calls) == (["silent", "closed", "closed"], 1)
    assert (await caller.ask([question()], ORIGIN))[0].trouble == "silent", (
        "a registration without a cooldown asks again"
    )
    monkeypatch.setattr(time, "monotonic", lambda: began + 60)
    assert (await caller.ask([question(cooldown=30)], ORIGIN))[0].trouble == "silent"


async def test_an_answer_is_used_again_as_long_as_the_registration_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    egress = Slow()
    caller = Caller(egress)
    began = time.monotonic()
    stale = [(await caller.ask([question(cache=30)], ORIGIN))[0].stale for _ in range(3)]
    assert (stale, egress.calls) == ([False, True, True], 1)
    await caller.ask([question("/entities/1", cache=30), question(method="DELETE", cache=30), question()], ORIGIN)
    assert egress.calls == 4
    monkeypatch.setattr(time, "monotonic", lambda: began + 60)
    assert not (await caller.ask([question(cache=30)], ORIGIN))[0].stale


async def test_what_may_not_leave_is_not_sent() -> None:
    egress = Slow()

    def nothing_leaves(outgoing: Outgoing, origin: Origin) -> None:
        raise ResourceNotFound(f"{outgoing.url} is not for {origin.tenant or 'all'}.")

    (reply,) = await Caller(egress, nothing_leaves).ask([question()], ORIGIN)
    assert (reply.trouble, egress.calls) == ("kept back", 0)
