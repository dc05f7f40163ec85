"""What is indexed by value: what an entity is, so that a change of what is measured of it leaves every index alone."""

import orjson
import pytest

from hiroba.base import clock
from hiroba.base.db import connect
from hiroba.exchange.broker import edits
from hiroba.exchange.broker.facts import are_same, facts
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.writes import Writer

NAME, SPEED, PLACE, DEPTH = "https://x/name", "https://x/speed", "https://x/place", "https://x/depth"
NOW = "2026-01-01T00:00:00Z"


def test_numbers_of_what_is_measured_coordinates_times_and_types_are_left_out() -> None:
    point = {"type": "Point", "coordinates": [135, 34]}
    doc = {
        NAME: [{"type": "Property", "value": "a", "createdAt": NOW, NAME: [{"type": "Property", "value": 7}]}],
        SPEED: [{"type": "Property", "value": {"now": 3, "sign": "max"}, "unitCode": "KMH", "observedAt": NOW}],
        PLACE: [{"type": "GeoProperty", "value": point}],
        DEPTH: [{"type": "Property", "value": 3.5, "observedAt": NOW}],
    }
    assert facts(doc) == {
        NAME: [{"value": "a", NAME: [{"value": 7}]}],
        SPEED: [{"measured": True, "value": {"now": None, "sign": "max"}, "unitCode": "KMH"}],
        PLACE: [{"measured": True, "value": {"type": "Point"}}],
        DEPTH: [{"measured": True}],
    }


def test_of_types_only_that_of_a_language_map_is_kept_which_questions_ask_for() -> None:
    doc = {
        NAME: [{"type": "LanguageProperty", "languageMap": {"ja": "堺"}}],
        PLACE: [{"type": "Relationship", "object": "urn:x:2"}],
    }
    assert facts(doc) == {
        NAME: [{"type": "LanguageProperty", "languageMap": {"ja": "堺"}}],
        PLACE: [{"object": "urn:x:2"}],
    }


def test_facts_are_the_same_where_only_what_is_measured_or_a_time_changed() -> None:
    name = [{"type": "Property", "value": "a"}]
    before = {NAME: name, SPEED: [{"type": "Property", "value": 1, "unitCode": "KMH", "modifiedAt": NOW}]}
    assert are_same(before, {NAME: name, SPEED: [{"type": "Property", "value": 2, "unitCode": "KMH"}]})
    assert not are_same(before, {NAME: name, SPEED: [{"type": "Property", "value": 2, "unitCode": "MPH"}]})
    assert not are_same(before, {NAME: name, SPEED: [{"type": "Property", "value": "fast", "unitCode": "KMH"}]})
    assert not are_same(before, before | {NAME: [{"type": "Property", "value": "b"}]})
    assert not are_same(before, {NAME: name})
    assert not are_same({NAME: name}, before)


@pytest.mark.anyio
async def test_whatever_changes_the_row_says_what_the_document_says(database, conn) -> None:
    pool = await connect(database, size=2)
    writer = Writer(pool)
    writer.start()
    key = Key("", "", "urn:x:1")
    point = {"type": "Point", "coordinates": [135.5, 34.5]}
    speed = {"type": "Property", "value": 1, "unitCode": "KMH"}
    doc = {
        SPEED: [speed],
        NAME: [{"type": "Property", "value": "a"}],
        LOCATION: [{"type": "GeoProperty", "value": point}],
    }
    await writer.write(key, edits.create(Fragment(id=key.id, types=("https://x/Car",), doc=doc), ""))
    moved = {"type": "Point", "coordinates": [136.5, 35.5]}
    for name, part in (
        (SPEED, {"value": 2}),
        (NAME, {"value": "b"}),
        (SPEED, {"value": 3, "expiresAt": "2999-01-01T00:00:00Z"}),
        (LOCATION, {"value": moved}),
    ):
        await writer.write(key, edits.patch_attribute(name, [part]))
        row = await conn.fetchrow("select doc, facts, words, geo, modified, lapses from broker.entity")
        stored = orjson.loads(row["doc"])
        assert stored[name][0]["value"] == part["value"]
        assert orjson.loads(row["facts"]) == facts(stored)
        assert row["words"] == stored[NAME][0]["value"]
        at = stored[LOCATION][0]["value"]["coordinates"]
        assert [row["geo"].low.x, row["geo"].low.y] == at
        assert clock.iso(row["modified"]) == stored[name][0]["modifiedAt"]
        assert (row["lapses"] is not None) == ("expiresAt" in stored[SPEED][0])
    await writer.stop()
    await pool.close()


@pytest.mark.anyio
async def test_a_new_measurement_writes_no_index_entry(database, conn) -> None:
    pool = await connect(database, size=2)
    writer = Writer(pool)
    writer.start()
    key = Key("", "", "urn:x:1")
    speed = {"type": "Property", "value": 1, "unitCode": "KMH"}
    await writer.write(key, edits.create(Fragment(id=key.id, types=("https://x/Car",), doc={SPEED: [speed]}), ""))
    for number in range(20):
        await writer.write(key, edits.patch_attribute(SPEED, [{"value": number}]))
    await writer.stop()
    await pool.close()  # a connection that ends hands in what it counted
    question = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'entity' and n_tup_upd > 0"
    counted = None
    for _ in range(50):
        counted = counted or await conn.fetchrow(question)
        await conn.execute("select pg_sleep(0.1)" if counted is None else "select")
    assert counted is not None
    assert tuple(counted) == (20, 20)
