"""Coalesced writes: each request its own answer, nothing lost between processes, one bad document alone in its fate."""

import asyncio
from collections.abc import Sequence

import pytest

from hiroba.base.db import Connection, connect
from hiroba.base.errors import Problem, Unavailable
from hiroba.exchange.broker import edits, store
from hiroba.exchange.broker.edits import Change
from hiroba.exchange.broker.errors import AlreadyExists, BadRequestData
from hiroba.exchange.broker.events import Event, Then
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.reads import Reader
from hiroba.exchange.broker.writes import Writer

pytestmark = pytest.mark.anyio
NAME = "https://example.org/n"


def key(number: int) -> Key:
    return Key("", "", f"urn:x:{number}")


def thing(value: object) -> Fragment:
    return Fragment(id="urn:x:0", types=("https://example.org/T",), doc={NAME: [{"type": "Property", "value": value}]})


@pytest.fixture
async def writer(pool):
    made = Writer(pool)
    made.start()
    yield made
    await made.stop()


async def test_of_many_creates_of_one_entity_one_wins_and_the_others_are_told(writer) -> None:
    edit = edits.create(thing(1), "")
    answers = await asyncio.gather(*(writer.write(key(1), edit) for _ in range(100)), return_exceptions=True)
    assert sum(isinstance(answer, Change) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyExists) for answer in answers) == 99


async def test_order_per_entity_is_kept(writer, conn) -> None:
    await writer.write(key(1), edits.create(thing(0), ""))
    patches = [edits.patch_attribute(NAME, [{"type": "Property", "value": number}]) for number in range(300)]
    await asyncio.gather(*(writer.write(key(1), patch) for patch in patches))
    assert (await store.entities(conn, [key(1)]))[key(1)].doc[NAME][0]["value"] == 299


async def test_a_document_the_database_refuses_fails_alone(writer, conn) -> None:
    edits_ = [edits.create(thing("\x00" if number == 7 else number), "") for number in range(20)]
    writes = [writer.write(key(number), edit) for number, edit in enumerate(edits_)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [isinstance(answer, Change) for answer in answers] == [number != 7 for number in range(20)]
    assert isinstance(answers[7], BadRequestData)
    assert len(await store.entities(conn, map(key, range(20)))) == 19


async def test_two_processes_on_the_same_entities_neither_wait_for_each_other_nor_lose(database, conn) -> None:
    pools = [await connect(database, size=4) for _ in range(2)]
    writers = [Writer(pool) for pool in pools]
    for one in writers:
        one.start()

    def add(number: int) -> edits.Edit:
        fragment = Fragment(id="", doc={f"{NAME}{number}": [{"type": "Property", "value": number}]})
        return edits.upsert(Fragment(id="urn:x:0", types=("T",), doc=fragment.doc), "", update=True)

    writes = [writers[number % 2].write(key(number % 10), add(number)) for number in range(400)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert not [answer for answer in answers if isinstance(answer, Problem | Exception)]
    entities = await store.entities(conn, map(key, range(10)))
    assert sum(len(entity.doc) for entity in entities.values()) == 400
    assert sum(answer.created for answer in answers if isinstance(answer, Change)) == 10
    for one, pool in zip(writers, pools, strict=True):
        await one.stop()
        await pool.close()


async def test_reads_that_come_together_each_get_their_own_entity(writer, pool) -> None:
    await asyncio.gather(*(writer.write(key(number), edits.create(thing(number), "")) for number in range(50)))
    reader = Reader(pool)
    reader.start()
    found = await asyncio.gather(*(reader.read(key(number % 60)) for number in range(600)))
    await reader.stop()
    for number, entity in enumerate(found):
        wanted = number % 60
        assert (entity is None) == (wanted >= 50)
        assert entity is None or entity.doc[NAME][0]["value"] == wanted


async def test_listeners_are_told_every_edit_in_order_inside_the_transaction(pool, conn) -> None:
    told: list[Event] = []
    committed: list[int] = []

    async def listen(inside: Connection, events: Sequence[Event]) -> Then:
        there = await store.entities(inside, [event.key for event in events])
        told.extend(event for event in events if event.after is None or event.key in there)
        return lambda: committed.append(len(events))

    writer = Writer(pool, [listen])
    writer.start()
    await writer.write_all(
        [
            (key(1), edits.create(thing(1), "")),
            (key(1), edits.create(thing(2), "")),
            (key(1), edits.patch_attribute(NAME, [{"type": "Property", "value": 3}])),
        ]
    )
    await writer.write(key(1), edits.delete())
    await writer.stop()
    values = [tuple(state and state.doc[NAME][0]["value"] for state in (event.before, event.after)) for event in told]
    assert values == [(None, 1), (1, 3), (3, None)]
    assert committed == [2, 1]


async def test_what_a_listener_cannot_write_is_not_written_at_all(pool, conn) -> None:
    async def fail(inside: Connection, events: Sequence[Event]) -> None:
        del inside
        if any(event.key == key(3) for event in events):
            raise Unavailable("The outbox is full.")

    writer = Writer(pool, [fail])
    writer.start()
    with pytest.raises(Unavailable):
        await writer.write(key(3), edits.create(thing(1), ""))
    await writer.stop()
    assert await store.entities(conn, [key(3)]) == {}
