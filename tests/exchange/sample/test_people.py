"""The sample people come through the gateway: their consents are real, and so are the lines about them in the log."""

from datetime import date

import pytest

from hiroba.base.db import Connection, Pool
from hiroba.base.egress import Egress
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.gateway.grants import sights
from hiroba.exchange.identity.people import fake_upstream
from hiroba.exchange.identity.people.store import ways
from hiroba.exchange.identity.people.subjects import DOOR, subject_of
from hiroba.exchange.sample import people

pytestmark = pytest.mark.anyio
URL = "http://hiroba.test"


@pytest.fixture
async def living(conn: Connection, pool: Pool) -> Connection:
    exchange = Exchange(pool, Book(Egress(), URL).house)
    assert await people.load(conn, exchange, url=URL, today=date(2026, 4, 1)) == 4
    return conn


async def stands(conn: Connection, name: str) -> list[tuple[str, str, str]]:
    """What somebody who signs in at the stand-in sees: whose, which application, how it stands."""
    known = await fake_upstream.subject_of(conn, name)
    person = await ways.person_upstream(conn, f"{URL}{fake_upstream.PATH}", known)
    found = await sights.mine(conn, await subject_of(conn, person, DOOR))
    return sorted((seen.person.called, seen.grant.recipient.split(":")[-1], seen.grant.state) for seen in found)


async def test_each_of_them_has_said_yes_and_no_in_their_own_way(living: Connection) -> None:
    assert await stands(living, "ume") == [("", "booking", "active"), ("", "ondemand", "active")]
    assert await stands(living, "hanako") == [
        ("", "booking", "active"), ("", "ondemand", "offered"), ("太郎", "contact", "active"),
    ]  # fmt: skip
    assert await stands(living, "ken") == [("", "booking", "withdrawn"), ("", "ondemand", "withdrawn")]


async def test_what_they_do_is_in_the_log(living: Connection) -> None:
    rows = await living.fetch("select kind, count(*) from audit.entry group by kind")
    kinds = {row["kind"]: row["count"] for row in rows}
    assert kinds["granted"] == 5
    assert kinds["read"] == 3
    assert kinds["withdrawn"] == kinds["declined"] == 1


async def test_nothing_of_them_stands_in_an_open_tenant(living: Connection) -> None:
    rows = await living.fetch(
        "select distinct tenant from broker.entity where subject is not null or doc::text like '%見本 花子%'"
    )
    assert [row["tenant"] for row in rows] == ["sample_people"]
