"""One person, another name in every sector: stable, distinct, and joined by this room alone."""

import asyncio
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.db import Connection, Pool, transaction
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.subjects import (
    PersonUnknown,
    begin_epoch,
    person_of,
    pseudonym,
    subject_of,
    subjects_of,
    translate,
)

pytestmark = pytest.mark.anyio
KEY = b"k" * 32
URN = set(ascii_letters + digits + "-_")
parts = st.text(max_size=12)


@given(parts, parts, parts, parts)
def test_a_subject_is_stable_and_distinct_for_every_sector_and_person(a: str, b: str, c: str, d: str) -> None:
    one, other = pseudonym(KEY, a, b), pseudonym(KEY, c, d)
    assert (one == other) == ((a, b) == (c, d))
    assert len(one) == 43
    assert set(one) <= URN


@given(parts, parts)
def test_another_key_gives_another_subject(sector: str, person: str) -> None:
    assert pseudonym(KEY, sector, person) != pseudonym(b"l" * 32, sector, person)


async def test_a_person_keeps_the_subject_of_a_sector(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    first = await subject_of(conn, person, "app:clinic")
    assert await subject_of(conn, person, "app:clinic") == first
    assert await subject_of(conn, person, "app:bus") != first
    assert await person_of(conn, first, "app:clinic") == person
    assert await person_of(conn, first, "app:bus") is None


async def test_a_subject_leads_to_another_sector_and_back(conn: Connection) -> None:
    people = [await pairs.add_person(conn) for _ in range(20)]
    clinic = await subjects_of(conn, people, "app:clinic")
    there = await translate(conn, clinic.values(), "app:clinic", "app:bus")
    assert set(there) == set(clinic.values())
    assert there == {clinic[one]: subject for one, subject in (await subjects_of(conn, people, "app:bus")).items()}
    back = await translate(conn, there.values(), "app:bus", "app:clinic")
    assert {back[there[subject]]: subject for subject in there} == {subject: subject for subject in there}


async def test_an_unknown_one_is_left_out(conn: Connection) -> None:
    person = await pairs.add_person(conn)
    known = await subject_of(conn, person, "app:clinic")
    assert set(await translate(conn, [known, "x" * 43], "app:clinic", "app:bus")) == {known}
    assert await translate(conn, [known], "app:school", "app:bus") == {}
    assert set(await subjects_of(conn, [person, "nobody"], "app:bus")) == {person}
    assert await subjects_of(conn, [], "app:bus") == {}
    with pytest.raises(PersonUnknown):
        await subject_of(conn, "nobody", "app:bus")


async def test_a_new_epoch_changes_new_pairs_only(conn: Connection) -> None:
    old, new = await pairs.add_person(conn), await pairs.add_person(conn)
    before = await subject_of(conn, old, "app:clinic")
    first = await pairs.newest_key(conn)
    assert await begin_epoch(conn) == 2
    second = await pairs.newest_key(conn)
    assert await subject_of(conn, old, "app:clinic") == before == pseudonym(first.secret, "app:clinic", old)
    assert await subject_of(conn, new, "app:clinic") == pseudonym(second.secret, "app:clinic", new)


async def test_two_processes_that_make_the_same_pairs_at_once_agree(pool: Pool) -> None:
    async with transaction(pool) as conn:
        people = [await pairs.add_person(conn) for _ in range(50)]

    async def ask(order: list[str]) -> dict[str, str]:
        async with transaction(pool) as conn:
            return await subjects_of(conn, order, "app:clinic")

    answers = await asyncio.gather(*(ask(people[::turn]) for turn in (1, -1, 1, -1)))
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0].values())) == 50


async def test_what_exists_is_translated_by_one_statement(conn: Connection) -> None:
    people = [await pairs.add_person(conn) for _ in range(5)]
    clinic = await subjects_of(conn, people, "app:clinic")
    await translate(conn, clinic.values(), "app:clinic", "app:bus")
    asked: list[str] = []
    with conn.query_logger(lambda record: asked.append(record.query)):
        assert len(await translate(conn, clinic.values(), "app:clinic", "app:bus")) == 5
        await asyncio.sleep(0)  # the log is told by the loop
    assert len(asked) == 1
