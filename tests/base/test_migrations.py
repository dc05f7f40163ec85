"""Numbered SQL files: each once, in order, remembered by its hash; a newer or changed database is refused."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from hiroba.base.db import Connection, single
from hiroba.base.db.migrations import Migration, found, migrate
from hiroba.base.errors import Stop

pytestmark = pytest.mark.anyio

FIRST = Migration("garden", 1, "0001_beds.sql", "create schema garden; create table garden.bed (id int)")
SECOND = Migration("garden", 2, "0002_names.sql", "alter table garden.bed add column name text")


@pytest.fixture
async def empty(empty_database: str) -> AsyncIterator[Connection]:
    async with single(empty_database) as conn:
        yield conn


async def columns(conn: Connection) -> list[str]:
    rows = await conn.fetch(
        "select column_name from information_schema.columns where table_schema = 'garden' order by ordinal_position"
    )
    return [row["column_name"] for row in rows]


async def test_files_run_in_the_order_they_are_given_and_only_once(empty: Connection) -> None:
    assert await migrate(empty, [FIRST, SECOND]) == [FIRST, SECOND]
    assert await columns(empty) == ["id", "name"]
    assert await migrate(empty, [FIRST, SECOND]) == []


async def test_a_file_that_is_added_later_runs_alone(empty: Connection) -> None:
    said: list[str] = []
    await migrate(empty, [FIRST])
    assert await migrate(empty, [FIRST, SECOND], said.append) == [SECOND]
    assert said == ["migrating garden: 0002_names.sql"]


async def test_a_file_that_was_changed_after_it_ran_is_refused(empty: Connection) -> None:
    await migrate(empty, [FIRST])
    with pytest.raises(Stop, match=r"garden/0001_beds\.sql was changed after it ran"):
        await migrate(empty, [Migration("garden", 1, "0001_beds.sql", "create schema garden")])


async def test_data_of_a_newer_hiroba_is_refused(empty: Connection) -> None:
    await migrate(empty, [FIRST, SECOND])
    with pytest.raises(Stop, match=r"made by a newer Hiroba \(garden 2\)"):
        await migrate(empty, [FIRST])


async def test_the_schema_of_a_service_that_was_removed_stays_and_is_no_obstacle(empty: Connection) -> None:
    await migrate(empty, [FIRST])
    assert await migrate(empty, []) == []
    assert await columns(empty) == ["id"]


async def test_a_file_that_fails_leaves_nothing_and_lets_the_next_start_try_again(empty: Connection) -> None:
    wrong = Migration("garden", 2, "0002_names.sql", "alter table garden.bed add column half int; select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, [FIRST, wrong])
    assert await columns(empty) == ["id"]
    assert await migrate(empty, [FIRST, SECOND]) == [SECOND]


async def test_two_that_migrate_at_once_run_each_file_once(empty_database: str) -> None:
    async def one() -> int:
        async with single(empty_database) as conn:
            return len(await migrate(conn, [FIRST, SECOND]))

    assert sorted(await asyncio.gather(one(), one(), one())) == [0, 0, 2]


def test_a_rooms_files_are_found_by_number(tmp_path: Path) -> None:
    for name in ("0010_ten.sql", "0002_two.sql", "notes.md"):
        (tmp_path / name).write_text("select 1")
    assert [(one.number, one.name) for one in found("garden", tmp_path)] == [(2, "0002_two.sql"), (10, "0010_ten.sql")]
