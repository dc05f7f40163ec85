"""The tables of the log, one function per question."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hiroba.base.db import Connection

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
