"""Who watches our log, and the logs that we watch: one function per question."""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one


class Witness(msgspec.Struct, frozen=True):
    """Somebody who watches our log."""

    name: str
    key: str
    """Verifier key: name+id+key, of type 4."""
    url: str
    """`add-checkpoint` stands below it."""
    size: int = 0
    """The largest tree of ours that it has confirmed."""
    failure: str = ""
    """Why it did not confirm at the last attempt."""


class Watched(msgspec.Struct, frozen=True):
    """A log that we watch."""

    origin: str
    key: str
    size: int = 0
    """Of the largest tree that we have confirmed."""
    root: bytes | None = None
    note: str = ""
    """The last checkpoint, with the log's signature and ours."""


async def witnesses(conn: Connection) -> list[Witness]:
    """Everybody who watches our log."""
    return await fetch(conn, Witness, "select name, key, url, size, failure from audit.witness order by name")


async def add_witness(conn: Connection, witness: Witness) -> None:
    """Ask one more from now on, or the same one at another address."""
    await conn.execute("""
        insert into audit.witness (name, key, url) values ($1, $2, $3)
            on conflict (name) do update set key = excluded.key, url = excluded.url, failure = ''
    """, witness.name, witness.key, witness.url)  # fmt: skip


async def remove_witness(conn: Connection, name: str) -> None:
    """Ask it no longer; what it has confirmed stays."""
    await conn.execute("delete from audit.witness where name = $1", name)


async def confirmed(conn: Connection, name: str, size: int, line: str, at: datetime) -> None:
    """Keep a cosignature below its checkpoint."""
    await conn.execute("""
        insert into audit.cosignature (size, witness, line, at) values ($1, $2, $3, $4)
            on conflict (size, witness) do update set line = excluded.line, at = excluded.at
    """, size, name, line, at)  # fmt: skip
    await conn.execute("update audit.witness set size = $2, failure = '' where name = $1", name, size)


async def stands_at(conn: Connection, name: str, size: int) -> None:
    """Remember which tree a witness says to have seen."""
    await conn.execute("update audit.witness set size = $2 where name = $1", name, size)


async def failed(conn: Connection, name: str, failure: str) -> None:
    """Remember why a witness did not confirm."""
    await conn.execute("update audit.witness set failure = $2 where name = $1", name, failure)


_WATCHED = "select origin, key, size, root, note from audit.watched"


async def all_watched(conn: Connection) -> list[Watched]:
    """Every log that we watch."""
    return await fetch(conn, Watched, f"{_WATCHED} order by origin")


async def watch(conn: Connection, origin: str, key: str) -> None:
    """Watch one more log; one that is watched already goes on with its new key from where it is."""
    await conn.execute("""
        insert into audit.watched (origin, key) values ($1, $2) on conflict (origin) do update set key = excluded.key
    """, origin, key)  # fmt: skip


async def watched(conn: Connection, origin: str) -> Watched | None:
    """The log of this origin; it is ours alone until the commit."""
    return await fetch_one(conn, Watched, f"{_WATCHED} where origin = $1 for update", origin)


async def note_of(conn: Connection, origin_sha256: bytes) -> str:
    """The last checkpoint we confirmed of the log whose origin has this hash; empty where there is none."""
    found: str | None = await conn.fetchval("""
        select note from audit.watched where sha256(convert_to(origin, 'UTF8')) = $1
    """, origin_sha256)  # fmt: skip
    return found or ""


async def saw(conn: Connection, log: Watched) -> None:
    """Remember the tree that we confirm."""
    await conn.execute(
        "update audit.watched set size = $2, root = $3, note = $4 where origin = $1",
        log.origin, log.size, log.root, log.note,
    )  # fmt: skip
