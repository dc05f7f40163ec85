"""Dead letters over HTTP: the operator lists them, sends them again, throws them away; nobody else does."""

import httpx
import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, Notice
from hiroba.exchange.broker.delivery.store import letters, queue

pytestmark = pytest.mark.anyio
LETTERS = "/api/v1/dead-letters"


@pytest.fixture
async def three(conn: Connection) -> list[int]:
    """Three notifications that were given up: their numbers."""
    async with conn.transaction():
        to = [Address("Notification", "", "urn:x:one"), Address("Notification", "apart", "urn:x:two")]
        notices = [Notice(address=to[n % 2], entity=f"urn:x:{n}", at=clock.now(), data=b"{}") for n in range(3)]
        await queue.add(conn, notices)
        rows = await queue.following(conn, [(address, 0) for address in to], 10)
        await letters.bury(conn, [(row, 10, "it answered 422") for row in rows], clock.now())
    return [row.number for row in rows]


async def test_they_are_listed_page_by_page(operator: httpx.AsyncClient, three: list[int]) -> None:
    found = (await operator.get(LETTERS)).json()
    assert [(letter["number"], letter["reason"], letter["tries"]) for letter in found] == [
        (number, "it answered 422", 10) for number in three
    ]
    rest = await operator.get(LETTERS, params={"after": three[0], "limit": 1})
    assert [letter["number"] for letter in rest.json()] == [three[1]]
    apart = await operator.get(LETTERS, params={"tenant": "apart"})
    assert [letter["entity"] for letter in apart.json()] == ["urn:x:1"]


async def test_they_are_sent_again(operator: httpx.AsyncClient, three: list[int]) -> None:
    answer = await operator.post(f"{LETTERS}/replay", params={"subscription": "urn:x:one"})
    assert answer.json() == {"count": 2}
    assert [letter["number"] for letter in (await operator.get(LETTERS)).json()] == [three[1]]


async def test_they_are_thrown_away(operator: httpx.AsyncClient, three: list[int]) -> None:
    assert (await operator.delete(LETTERS, params={"tenant": "another"})).json() == {"count": 0}
    assert (await operator.delete(LETTERS, params={"number": three[0]})).json() == {"count": 1}
    assert (await operator.delete(LETTERS)).json() == {"count": 2}


async def test_they_are_the_operators_business_alone(house: httpx.AsyncClient) -> None:
    assert (await house.get(LETTERS)).status_code == 401
    assert (await house.post(f"{LETTERS}/replay")).status_code == 401
    assert (await house.delete(LETTERS)).status_code == 401
