"""`hiroba export`: the past as Parquet, read by a program that knows nothing of us."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from hiroba.base.db import Pool
from hiroba.base.errors import Stop
from hiroba.cli import export
from hiroba.exchange.broker.history import parquet
from hiroba.exchange.broker.history.model import Evolution, Record
from hiroba.exchange.broker.history.store import exporting, writing
from hiroba.exchange.broker.model import Key
from hiroba.exchange.broker.store import add_tenant

NAME = "https://example.org/temperature"
VALUES = (21.5, True, "warm", {"a": [1, "部屋"]})


async def record(pool: Pool, tenant: str, day: int, type_: str, id_: str = "urn:a:1") -> None:
    at = datetime(2026, 3, day, 12, tzinfo=UTC)
    key = Key(tenant, "", id_)
    records = [
        Record(
            key=key, name=NAME, instance=f"{number:026}", at=at, observed=at, created=at,
            value={"type": "Property", "value": value},
        )
        for number, value in enumerate(VALUES)
    ]  # fmt: skip
    async with pool.acquire() as conn:
        await writing.record(conn, [Evolution(key=key, types=(type_,), names=(NAME,), created=at)], records)


@pytest.fixture
def command(database: str, monkeypatch, capsys):
    """The command on the test's database; what it said."""
    monkeypatch.setenv("DATABASE_URL", database)

    async def run(*arguments: str) -> str:
        import asyncio  # noqa: PLC0415 - the command has a loop of its own

        assert await asyncio.to_thread(export.execute, list(arguments)) == 0
        return capsys.readouterr().out

    return run


def rows(folder: Path, columns: str) -> list[tuple]:
    return duckdb.sql(f"select {columns} from '{folder}/*.parquet' order by recorded, instance").fetchall()  # noqa: S608 - ours


@pytest.mark.anyio
async def test_every_day_is_a_file_and_every_instance_a_row(pool: Pool, command, tmp_path: Path) -> None:
    await record(pool, "", 1, "urn:t:A")
    await record(pool, "", 2, "urn:t:A")
    assert "8 instances in 2 files" in await command(str(tmp_path / "past"))
    folder = tmp_path / "past"
    assert sorted(file.name for file in folder.iterdir()) == ["2026-03-01.parquet", "2026-03-02.parquet"]
    assert [number for (number,) in rows(folder, "number")] == [21.5, 1.0, None, None] * 2
    assert rows(folder, "value ->> '$.value.a[1]'")[3] == ("部屋",)
    first = rows(folder, "id, types, name, dataset, instance, kind, observed = recorded")[0]
    assert first == ("urn:a:1", ["urn:t:A"], NAME, "", f"urn:ngsi-ld:Instance:{0:026}", "Property", True)


@pytest.mark.anyio
async def test_days_types_and_tenants_narrow_it(pool: Pool, command, tmp_path: Path) -> None:
    async with pool.acquire() as conn:
        await add_tenant(conn, "other")
    for day in (1, 2, 3):
        await record(pool, "", day, "urn:t:A")
        await record(pool, "", day, "urn:t:B", "urn:a:2")
    await record(pool, "other", 4, "urn:t:A")
    assert "4 instances in 1 files" in await command(
        str(tmp_path / "a"), "--since", "2026-03-02", "--until", "2026-03-02", "--type", "urn:t:B"
    )
    assert {id_ for (id_,) in rows(tmp_path / "a", "id")} == {"urn:a:2"}
    await command(str(tmp_path / "b"), "--tenant", "other")
    assert [file.name for file in (tmp_path / "b").iterdir()] == ["2026-03-04.parquet"]
    assert "0 instances in 0 files" in await command(str(tmp_path / "c"), "--type", "urn:t:none")
    assert list((tmp_path / "c").iterdir()) == []
    with pytest.raises(Stop, match="no tenant"):
        await command(str(tmp_path / "d"), "--tenant", "nobody")


@pytest.mark.anyio
async def test_no_more_than_a_stretch_is_in_memory(pool: Pool, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(exporting, "STRETCH", 3)
    await record(pool, "", 1, "urn:t:A")
    stretches = []
    async with pool.acquire() as conn, conn.transaction():
        (day,) = await exporting.days(conn, "")
        async for some in exporting.recorded(conn, "", day, None):
            stretches.append(len(some))  # noqa: PERF401 - asynchronous
        assert await parquet.export_day(conn, "", day, [], tmp_path) == 4
    assert stretches == [3, 1]
    assert len(rows(tmp_path, "id")) == 4


def test_without_the_extra_it_says_how_to_add_it(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Stop, match=r"hiroba\[parquet\]"):
        export.execute([str(tmp_path)])


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01"])
def test_a_day_that_is_none_is_told_so(day: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        export.execute([str(tmp_path), "--since", day])
    assert "no day" in capsys.readouterr().err
