"""The officers' pages: papers are filed by who may, and a grant by law needs others than who proposed it."""

from collections.abc import Callable

import httpx
import pytest
from tests.door.consents.conftest import Forms
from tests.exchange.gateway.conftest import CHECKUP, checkup, made_active
from tests.exchange.gateway.grants.conftest import Known, booking, hanako
from tests.exchange.gateway.grants.test_law import CHILD, DESK, OFFICE
from tests.exchange.gateway.grants.test_lawful import SAFETY

from hiroba.base.db import Connection
from hiroba.exchange.gateway.grants.store import offices
from hiroba.exchange.gateway.officers import Acting
from hiroba.exchange.gateway.purposes import acts
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import officers
from hiroba.exchange.identity.people.subjects import subject_of

__all__ = ["booking", "checkup", "hanako"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def come(conn: Connection, house: httpx.AsyncClient) -> Callable:
    """A function that lets an officer of the city come in, by name and roles."""
    await organisations.put_organisation(conn, Organisation("org:mutsu", {"ja": "むつ市"}, owns="991015"))

    async def do(name: str, *roles: str) -> httpx.AsyncClient:
        account = await officers.put(conn, "991015", name, roles)
        house.cookies.set(SESSION_COOKIE, await sessions.enter_officer(conn, account, "passkey"))
        house.headers.update({"Accept": "text/html", "Accept-Language": "ja"})
        return house

    return do


async def press(client: httpx.AsyncClient, path: str, end: str, **fields: str) -> httpx.Response:
    action, hidden = Forms((await client.get(path)).text).of(end)
    return await client.post(action, data=hidden | fields)


async def test_the_desk_files_and_the_board_decides(conn: Connection, come: Callable) -> None:
    await acts.declare(conn, Acting("operator", ""), "health.checkup", CHECKUP, "org:mutsu")
    paper = {"title": "書類", "dated": "2026-04-01", "sha256": "A3" * 32}
    client = await come("ann", "purposes")
    for kind in ("pia", "elsi"):
        assert (await press(client, "/desk/purposes", "/papers", kind=kind, **paper)).status_code == 303
    assert "評価済み" in (await client.get("/desk/purposes")).text
    assert (await press(client, "/desk/purposes", "/papers", kind="decision", **paper)).status_code == 403
    client = await come("ben", "board")
    assert (await press(client, "/desk/purposes", "/papers", kind="decision", **paper)).status_code == 303
    client = await come("ann", "purposes")
    assert (await press(client, "/desk/purposes", "/open")).status_code == 303
    assert await conn.fetchval("select state from gateway.purpose") == "active"
    rows = await conn.fetch("select filed_by from gateway.paper order by filed")
    assert len({row["filed_by"] for row in rows}) == 2
    assert all(row["filed_by"].startswith("officer:") for row in rows)
    assert (await press(client, "/desk/purposes", "/close")).status_code == 303


async def test_a_paper_without_its_hash_is_said_to_be_wrong(conn: Connection, come: Callable) -> None:
    await acts.declare(conn, Acting("operator", ""), "health.checkup", CHECKUP, "org:mutsu")
    client = await come("ann", "purposes")
    answer = await press(client, "/desk/purposes", "/papers", kind="pia", title="書類", dated="2026-04-01", sha256="x")
    assert answer.status_code == 422
    assert "64文字のSHA-256" in answer.text


async def test_one_proposes_two_approve_and_the_board_looks(
    conn: Connection, come: Callable, hanako: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    await organisations.put_application(conn, Application(
        id=DESK, organisation="org:mutsu", title={"ja": "こども課"}, grants=("client_credentials",), purposes=("child.safety@1",),
    ))  # fmt: skip
    await made_active(conn, "child.safety", SAFETY)
    await offices.put(conn, OFFICE)
    known = await subject_of(conn, hanako.person, f"app:{DESK}")
    client = await come("ann", "law")
    monkeypatch.setattr("hiroba.exchange.gateway.grants.law.Office.is_open", lambda *_: True)
    stated = {
        "rests_on": f"child.safety@1|{OFFICE.id}|{CHILD}", "recipient": DESK, "source": "org:mutsu", "subject": known,
        "case": "C-12", "necessity": "所在が分からない", "days": "7",
    }  # fmt: skip
    wrong = await press(client, "/desk/law", "/desk/law", **stated | {"days": "99"})
    assert wrong.status_code == 400
    assert "C-12" in wrong.text, "what was typed is still there"
    assert (await press(client, "/desk/law", "/desk/law", **stated)).status_code == 303
    assert "承認する" not in (await client.get("/desk/law")).text, "who proposed does not approve"
    for name in ("ben", "cat"):
        assert await conn.fetchval("select count(*) from gateway.permit") == 0
        client = await come(name, "law")
        assert (await press(client, "/desk/law", "/approve")).status_code == 303
    assert await conn.fetchval("select count(*) from gateway.permit") == 1
    client = await come("dan", "board")
    assert (await press(client, "/desk/law", "/review", mode="delayed", review_on="2100-01-01")).status_code == 303
    assert "委員会が見直します" in (await client.get("/desk/law")).text
    client = await come("ben", "law")
    assert (await press(client, "/desk/law", "/lift")).status_code == 303
    assert await conn.fetchval("select count(*) from gateway.permit") == 0


@pytest.mark.parametrize("path", ["/desk/purposes", "/desk/law"])
async def test_an_officer_of_something_else_does_not_come_in(come: Callable, path: str) -> None:
    client = await come("eve", "reports")
    assert (await client.get(path)).status_code == 403
