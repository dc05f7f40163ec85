"""The tables of the log, one function per question."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.exchange.audit.tree.tiles import Tile

Chain = tuple[str, str]
"""(subject, ground); the ground is empty in the chain that the person sees."""


class Head(msgspec.Struct, frozen=True):
    """Where a chain stands: its last number and leaf."""

    number: int
    leaf: bytes


class Written(msgspec.Struct, frozen=True):
    """An entry as it is stored."""

    chain: Chain
    number: int
    at: datetime
    kind: str
    event: bytes
    salt: bytes
    leaf: bytes


async def advance(conn: Connection, counts: dict[Chain, int]) -> dict[Chain, Head]:
    """Take so many numbers in each chain; where each stands then, with the leaf before. The chains are ours until the commit.

    They are taken in the order of their names, whoever takes them, so that nobody waits in a circle.
    """
    order = sorted(counts)
    rows = await conn.fetch("""
        insert into audit.chain (subject, ground, number, leaf)
        select subject, ground, taken, '' from unnest($1::text[], $2::text[], $3::int[])
               with ordinality as c (subject, ground, taken, place) order by place
            on conflict (subject, ground) do update set number = audit.chain.number + excluded.number
        returning subject, ground, number, leaf
    """, [subject for subject, _ in order], [ground for _, ground in order], [counts[chain] for chain in order])  # fmt: skip
    return {(row["subject"], row["ground"]): Head(row["number"], row["leaf"]) for row in rows}


async def write(conn: Connection, entries: Sequence[Written], heads: dict[Chain, bytes]) -> dict[bytes, int]:
    """Write entries and their leaves, and the new last leaf of each chain; the id of each entry by its leaf."""
    chains = list(heads)
    rows = await conn.fetch("""
        with headed as (
            update audit.chain c set leaf = h.leaf
              from unnest($1::text[], $2::text[], $3::bytea[]) as h (subject, ground, leaf)
             where c.subject = h.subject and c.ground = h.ground
        ), given as (
            select * from unnest($4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::text[], $9::bytea[],
                                 $10::bytea[], $11::bytea[]) with ordinality
                       as e (subject, ground, number, at, kind, event, salt, hash, place)
        ), named as materialized (
            select nextval(pg_get_serial_sequence('audit.entry', 'id')) as id, * from (select * from given order by place) g
        ), kept as (
            insert into audit.entry (id, subject, ground, number, at, kind, event, salt) overriding system value
            select id, subject, ground, number, at, kind, event, salt from named
        )
        insert into audit.leaf (entry, hash) select id, hash from named returning entry, hash
    """,
        [subject for subject, _ in chains], [ground for _, ground in chains], list(heads.values()),
        [entry.chain[0] for entry in entries], [entry.chain[1] for entry in entries],
        [entry.number for entry in entries], [entry.at for entry in entries], [entry.kind for entry in entries],
        [entry.event for entry in entries], [entry.salt for entry in entries], [entry.leaf for entry in entries],
    )  # fmt: skip
    return {row["hash"]: row["entry"] for row in rows}


class Stored(msgspec.Struct, frozen=True):
    """A checkpoint of ours: the note with the log's signature, and what witnesses put below it."""

    size: int
    root: bytes
    signed: str
    at: datetime
    cosignatures: str = ""

    @property
    def note(self) -> str:
        """The whole signed note."""
        return self.signed + self.cosignatures


async def identity(conn: Connection) -> tuple[str, str] | None:
    """The verifier keys of the log and the witness of this database."""
    row = await conn.fetchrow("select log, witness from audit.identity")
    return None if row is None else (row["log"], row["witness"])


async def be(conn: Connection, log: str, witness: str) -> tuple[str, str]:
    """Be this log, unless the database is another already; who it is."""
    await conn.execute("insert into audit.identity (log, witness) values ($1, $2) on conflict do nothing", log, witness)
    row = await conn.fetchrow("select log, witness from audit.identity")
    return (row["log"], row["witness"]) if row is not None else ("", "")


SEQUENCER = 4_120_711_030
"""The advisory lock of whoever gives positions."""


async def is_sequencer(conn: Connection) -> bool:
    """Whether this transaction may give positions: one at a time, however many processes there are."""
    return bool(await conn.fetchval("select pg_try_advisory_xact_lock($1)", SEQUENCER))


async def size(conn: Connection) -> int:
    """How many leaves the tree has."""
    found: int | None = await conn.fetchval("select max(size) from audit.checkpoint")
    return found or 0


async def waiting(conn: Connection, most: int) -> list[tuple[int, bytes]]:
    """Entries without a position and their leaves, in the order of their commits."""
    rows = await conn.fetch("select entry, hash from audit.leaf where position is null order by entry limit $1", most)
    return [(row["entry"], row["hash"]) for row in rows]


async def place(conn: Connection, entries: Sequence[int], first: int) -> None:
    """Give entries their positions, one after the other from `first` on."""
    await conn.execute("""
        update audit.leaf l set position = $2 + p.place - 1
          from unnest($1::bigint[]) with ordinality as p (entry, place) where l.entry = p.entry
    """, entries, first)  # fmt: skip


async def tiles(conn: Connection, wanted: Iterable[Tile]) -> dict[Tile, bytes]:
    """Tiles as long as they are by now."""
    chosen = list(wanted)
    rows = await conn.fetch("""
        select level, number, hashes from audit.tile
          join unnest($1::smallint[], $2::bigint[]) as t (level, number) using (level, number)
    """, [level for level, _ in chosen], [number for _, number in chosen])  # fmt: skip
    return {(row["level"], row["number"]): row["hashes"] for row in rows}


async def put_tiles(conn: Connection, made: Mapping[Tile, bytes]) -> None:
    """Keep tiles that are new or longer."""
    await conn.execute("""
        insert into audit.tile (level, number, hashes)
        select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
            on conflict (level, number) do update set hashes = excluded.hashes
    """, [level for level, _ in made], [number for _, number in made], list(made.values()))  # fmt: skip


async def put_checkpoint(conn: Connection, made: Stored) -> None:
    """Keep a signed tree."""
    await conn.execute(
        "insert into audit.checkpoint (size, root, signed, at) values ($1, $2, $3, $4)",
        made.size, made.root, made.signed, made.at,
    )  # fmt: skip


_STORED = """
    select size, root, signed, at, coalesce((
               select string_agg(line, '' order by witness) from audit.cosignature s where s.size = c.size
           ), '') as cosignatures
      from audit.checkpoint c
"""


async def latest(conn: Connection) -> Stored | None:
    """The newest checkpoint."""
    return await fetch_one(conn, Stored, f"{_STORED} order by size desc limit 1")


async def checkpoint_of(conn: Connection, size: int) -> Stored | None:
    """The checkpoint of the tree with so many leaves."""
    return await fetch_one(conn, Stored, f"{_STORED} where size = $1", size)


async def checkpoints(conn: Connection, before: int, most: int) -> list[Stored]:
    """Checkpoints of smaller trees, the largest first."""
    return await fetch(conn, Stored, f"{_STORED} where size < $1 order by size desc limit $2", before, most)


async def latest_confirmed(conn: Connection) -> Stored | None:
    """The newest checkpoint below which a witness has put its line."""
    condition = "where exists (select from audit.cosignature s where s.size = c.size)"
    return await fetch_one(conn, Stored, f"{_STORED} {condition} order by size desc limit 1")


async def has_witnesses(conn: Connection) -> bool:
    """Whether anybody watches this log."""
    return bool(await conn.fetchval("select exists (select from audit.witness)"))


async def witness_keys(conn: Connection, size: int) -> list[str]:
    """The verifier keys of those who confirmed the tree of `size`."""
    rows = await conn.fetch("""
        select key from audit.witness w join audit.cosignature s on s.witness = w.name where s.size = $1 order by w.name
    """, size)  # fmt: skip
    return [row["key"] for row in rows]
