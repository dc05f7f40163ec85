"""The sample region in a real database: every municipality and every entity, again and again the same."""

from collections import Counter
from datetime import date

import pytest

from hiroba.base.egress import Egress
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.identity.store import municipalities, municipality_at
from hiroba.exchange.sample import load, region

pytestmark = pytest.mark.anyio
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def drawn():
    return region(1, today=TODAY)


@pytest.fixture
def exchange(pool):
    return Exchange(pool, Book(Egress(), "http://hiroba.test").house)


class Recorder:
    """An exchange that remembers what it was given."""

    def __init__(self):
        self.put_there = []

    async def put(self, conn, entities, *, owner):
        assert conn.is_in_transaction()
        self.put_there += [(owner, entity) for entity in entities]


async def test_everything_is_written_with_its_owner_in_one_transaction(conn, drawn):
    exchange = Recorder()
    assert await load(conn, exchange, seed=1, today=TODAY) == len(drawn.entities)
    assert Counter(owner for owner, _ in exchange.put_there) == Counter(owner for owner, _ in drawn.entities)
    assert {entity["id"] for _, entity in exchange.put_there} == {entity["id"] for _, entity in drawn.entities}


async def test_a_place_finds_its_municipality(conn, drawn):
    await load(conn, Recorder(), seed=1, today=TODAY)
    assert len(await municipalities(conn)) == 8
    halls = [
        entity
        for _, entity in drawn.entities
        if entity["type"] == "PublicOffice" and entity["category"]["languageMap"]["en"] == "Town hall"
    ]
    assert len(halls) == 8
    for hall in halls:
        found = await municipality_at(conn, *hall["location"]["coordinates"])
        assert found is not None
        assert found.lg_code == hall["municipality"]
        assert found.prefecture == "見本県"


async def test_a_failure_leaves_nothing_behind(conn):
    class Broken(Recorder):
        async def put(self, conn, entities, *, owner):
            await super().put(conn, entities, owner=owner)
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await load(conn, Broken(), seed=1, today=TODAY)
    assert await municipalities(conn) == []


async def test_loaded_twice_it_is_there_once(conn, exchange, drawn):
    for day in (TODAY, TODAY.replace(day=21)):
        await load(conn, exchange, seed=1, today=day)
    assert await exchange.types(conn) == Counter(entity["type"] for _, entity in drawn.entities)


async def test_what_is_read_is_what_was_drawn(conn, exchange, drawn):
    await load(conn, exchange, seed=1, today=TODAY)
    for owner, entity in drawn.entities[::97]:
        found = await exchange.entity(conn, entity["id"])
        assert found is not None
        assert found["owner"] == owner
        assert found["name"] == entity["name"]["languageMap"]
        assert found["location"] == entity["location"]
