"""Numbered SQL files, forward only, one schema per room; what ran is remembered with its hash.

A room's `migrations/0001_words.sql` run once, in number order, rooms in the order given, each file in its own
transaction, all under one advisory lock. A file that was changed after it ran is refused: write the next number.
"""

import hashlib
from collections.abc import Callable, Iterable
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from hiroba.base.db import Connection, fetch
from hiroba.base.errors import Stop

LOCK = 4_120_711_001


class Migration(msgspec.Struct, frozen=True, order=True):
    """One file: `number` from its name, `sql` its text."""

    room: str
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash it is remembered by."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class _Ran(msgspec.Struct, frozen=True):
    room: str
    number: int
    sha256: str


def found(room: str, folder: Path | Traversable) -> list[Migration]:
    """The migrations of one room, by number."""
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(room, int(file.name.split("_", 1)[0]), file.name, file.read_text()) for file in files]


async def migrate(
    conn: Connection, migrations: Iterable[Migration], say: Callable[[str], None] = lambda _: None
) -> list[Migration]:
    """Run what has not run yet and return it; refuse a database that a newer Hiroba made, or a file that changed."""
    known = list(migrations)
    await conn.execute("select pg_advisory_lock($1)", LOCK)
    try:
        await conn.execute("""
            create schema if not exists base;
            create table if not exists base.migration (
                room text, number int, sha256 text not null, ran timestamptz not null default now(), primary key (room, number)
            )
        """)
        ran = {
            (row.room, row.number): row.sha256
            for row in await fetch(conn, _Ran, "select room, number, sha256 from base.migration")
        }
        highest = {room: max(m.number for m in known if m.room == room) for room in {m.room for m in known}}
        for room, number in ran:
            if number > highest.get(room, number):
                raise Stop(
                    f"the data was made by a newer Hiroba ({room} {number}). Start that one, or use another --data."
                )
        fresh = []
        for migration in known:
            before = ran.get((migration.room, migration.number))
            if before is None:
                say(f"migrating {migration.room}: {migration.name}")
                async with conn.transaction():
                    await conn.execute(migration.sql)
                    await conn.execute(
                        "insert into base.migration (room, number, sha256) values ($1, $2, $3)",
                        migration.room, migration.number, migration.sha256,
                    )  # fmt: skip
                fresh.append(migration)
            elif before != migration.sha256:
                raise Stop(
                    f"{migration.room}/{migration.name} was changed after it ran here. Undo that and write the next number."
                )
        return fresh
    finally:
        await conn.execute("select pg_advisory_unlock($1)", LOCK)
