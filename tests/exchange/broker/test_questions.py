"""Pages: how the database comes by them, whatever order it must be."""

import asyncio

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker import store
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.query.tree import Compare, Number, Path
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Question, Selector, answer

pytestmark = pytest.mark.anyio

TYPE, SIZE = "https://x/Tree", "https://x/size"
TREES = Question(selectors=(Selector(types=Types(((TYPE,),))),), limit=5)
OF_A_SIZE = Question(selectors=TREES.selectors, q=Compare(Path((SIZE,)), "==", Number(7)), limit=5)


@pytest.fixture
async def wood(conn: Connection) -> Connection:
    """2,000 trees, of which 20 have each of a hundred sizes."""
    now = clock.now()
    trees = [
        Entity(
            key=Key("", "", f"urn:x:{number:04}"),
            types=(TYPE,),
            doc={SIZE: [{"type": "Property", "value": number % 100}]},
            created=now,
            modified=now,
        )
        for number in range(2000)
    ]
    await store.insert(conn, trees)
    await conn.execute("analyze broker.entity")
    return conn


async def plan_of(conn: Connection, question: Question) -> str:
    said = []
    with conn.query_logger(said.append):
        await answer(conn, question)
        await asyncio.sleep(0)  # loggers are called by the loop
    (asked,) = said
    return "\n".join(row[0] for row in await conn.fetch(f"explain {asked.query}", *asked.args))


async def test_a_page_of_a_type_is_a_walk_along_the_key_and_no_sort(wood: Connection) -> None:
    plan = await plan_of(wood, TREES)
    assert "entity_pkey" in plan
    assert "Sort" not in plan
    assert [one.key.id for one in (await answer(wood, TREES)).entities] == [f"urn:x:{number:04}" for number in range(5)]


async def test_a_page_of_what_a_value_narrows_is_looked_up_by_the_value_and_sorted(wood: Connection) -> None:
    plan = await plan_of(wood, OF_A_SIZE)
    assert "entity_facts" in plan
    assert "entity_pkey" not in plan
    found = [one.key.id for one in (await answer(wood, OF_A_SIZE)).entities]
    assert found == [f"urn:x:{number:04}" for number in (7, 107, 207, 307, 407)]
