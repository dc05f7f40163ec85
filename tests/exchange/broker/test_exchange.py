"""The exchange as the house's own pages call it."""

import pytest

from hiroba.base.egress import Egress
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange, Wanted
from hiroba.exchange.broker.query.geodesy import metres

pytestmark = pytest.mark.anyio
HERE = (135.5, 34.7)


@pytest.fixture
async def exchange(pool, conn):
    core = Exchange(pool, Book(Egress(), "http://hiroba.test").house)
    await core.put(conn, [place(number) for number in range(200)], owner="271403")
    return core


def place(number: int) -> dict:
    at = [HERE[0] + (number * 37 % 200 - 100) / 500, HERE[1] + (number * 91 % 200 - 100) / 500]
    kind = "Library" if number % 4 else "Park"
    name = {"languageMap": {"ja": f"第{number}図書館", "en": f"Library {number}"}}
    return {
        "id": f"urn:ngsi-ld:{kind}:{number}",
        "type": kind,
        "name": name,
        "location": {"type": "Point", "coordinates": at},
    }


def away(entity: dict) -> float:
    return metres(HERE, tuple(entity["location"]["coordinates"]))


async def test_the_nearest_come_first_however_far_the_last_one_is(exchange, conn) -> None:
    every = sorted((place(number) for number in range(200)), key=away)
    for offset in (0, 30, 150):
        found = await exchange.find(conn, Wanted(near=HERE, limit=50, offset=offset, count=True))
        assert [entity["id"] for entity in found.entities] == [entity["id"] for entity in every[offset : offset + 50]]
        assert found.count == 200
        assert found.entities[0]["distance"] == pytest.approx(away(every[offset]))


async def test_within_a_distance_and_of_a_kind(exchange, conn) -> None:
    found = await exchange.find(conn, Wanted(types=("Park",), near=HERE, within=9000, limit=200))
    assert {entity["type"] for entity in found.entities} == {"Park"}
    assert len(found.entities) == sum(1 for number in range(0, 200, 4) if away(place(number)) <= 9000)


async def test_by_words_of_its_names_even_two_letters_of_kanji(exchange, conn) -> None:
    assert len((await exchange.find(conn, Wanted(text="図書", limit=1000))).entities) == 200
    assert [e["id"] for e in (await exchange.find(conn, Wanted(text="第17図書館"))).entities] == [
        "urn:ngsi-ld:Library:17"
    ]
    assert (await exchange.find(conn, Wanted(text="100%"))).entities == []


async def test_what_one_owner_put_another_cannot_put_over(exchange, conn) -> None:
    with pytest.raises(Exception, match="another organisation"):
        await exchange.put(conn, [place(1)], owner="271004")
    assert (await exchange.entity(conn, "urn:ngsi-ld:Library:1"))["owner"] == "271403"
    assert await exchange.remove(conn, ["urn:ngsi-ld:Library:1", "urn:ngsi-ld:Library:nobody"]) == 1
