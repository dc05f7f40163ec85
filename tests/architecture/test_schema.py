"""The tables: a fresh database and one migrated step by step are the same, and migrating again changes nothing."""

from collections.abc import AsyncIterator

import pytest

from hiroba.app import migrations
from hiroba.base.db import Connection, single
from hiroba.base.db.migrations import migrate
from hiroba.door.service import found

pytestmark = pytest.mark.anyio

QUESTIONS = (
    """select table_schema, table_name, column_name, ordinal_position, data_type, udt_name, is_nullable, column_default
         from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
        order by table_schema, table_name, ordinal_position""",
    "select schemaname, indexname, indexdef from pg_indexes where schemaname !~ '^(pg_|information_)' order by 1, 2",
    """select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace::regnamespace::text !~ '^(pg_|information_)' order by 1, 2""",
    "select extname from pg_extension order by 1",
)


async def schema(conn: Connection) -> list[list[tuple[object, ...]]]:
    """Everything a migration makes."""
    return [[tuple(row) for row in await conn.fetch(question)] for question in QUESTIONS]


@pytest.fixture
async def empty(empty_database: str) -> AsyncIterator[Connection]:
    async with single(empty_database) as conn:
        yield conn


async def test_a_database_migrated_file_by_file_equals_one_migrated_at_once(
    conn: Connection, empty: Connection
) -> None:
    every = migrations(found())
    for number in range(1, len(every) + 1):
        assert len(await migrate(empty, every[:number])) == 1
    at_once, step_by_step = await schema(conn), await schema(empty)
    assert len(at_once[0]) > 20
    assert step_by_step == at_once


async def test_migrating_again_changes_nothing(conn: Connection) -> None:
    before = await schema(conn)
    assert await migrate(conn, migrations(found())) == []
    assert await schema(conn) == before


async def test_every_table_about_entities_is_keyed_for_distribution_by_id(conn: Connection) -> None:
    """`(tenant, path, id)` in every key of the broker's entity table, so that it can be spread over machines."""
    keys = await conn.fetch("""
        select array_agg(attname::text order by attname) as columns from pg_index i
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
         where i.indrelid = 'broker.entity'::regclass and i.indisunique group by i.indexrelid
    """)
    assert keys
    assert all({"tenant", "path", "id"} <= set(row["columns"]) for row in keys)


def test_numbers_of_a_rooms_files_have_no_gap() -> None:
    by_room: dict[str, list[int]] = {}
    for migration in migrations(found()):
        by_room.setdefault(migration.room, []).append(migration.number)
    assert {room: numbers for room, numbers in by_room.items() if numbers != list(range(1, len(numbers) + 1))} == {}
