"""Persons, their pairs and the keys the pairs are made with."""

import secrets
from collections.abc import Collection, Mapping

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.base.ids import ALPHABET, ulid

NUMBER = 10
"""Letters and digits of an account's number: 50 bits, so that nobody meets another's by a slip of the pen."""


class Key(msgspec.Struct, frozen=True):
    """The key of one epoch: 32 bytes."""

    epoch: int
    secret: bytes


class Joined(msgspec.Struct, frozen=True):
    """A subject, whose it is, and the same person's subject in the other sector, where that exists."""

    subject: str
    person: str
    other: str | None


async def add_person(conn: Connection, chosen: str = "") -> str:
    """A new person; their id, which may have been chosen before."""
    person = chosen or ulid()
    number = "".join(secrets.choice(ALPHABET) for _ in range(NUMBER))
    await conn.execute("insert into identity.person (id, number) values ($1, $2)", person, number)
    return person


async def hold(conn: Connection, person: str) -> None:
    """Until this transaction ends, nobody else holds the person."""
    await conn.execute("select 1 from identity.person where id = $1 for no key update", person)


async def number_of(conn: Connection, person: str) -> str:
    """The account's number, which is told at a counter."""
    number: str = await conn.fetchval("select number from identity.person where id = $1", person)
    return number


async def person_with(conn: Connection, number: str) -> str | None:
    """Whose account has this number."""
    found: str | None = await conn.fetchval("select id from identity.person where number = $1", number)
    return found


async def newest_key(conn: Connection) -> Key:
    """The key that makes new pairs; the first one is made at its first use, once for all processes."""
    question = "select epoch, secret from identity.pair_key order by epoch desc limit 1"
    key = await fetch_one(conn, Key, question)
    if key is None:
        await conn.execute(
            "insert into identity.pair_key (epoch, secret) values (1, $1) on conflict do nothing",
            secrets.token_bytes(32),
        )
        key = await fetch_one(conn, Key, question)
    assert key is not None  # noqa: S101 - it was there, or was made just now
    return key


async def add_key(conn: Connection) -> int:
    """The next epoch."""
    epoch = (await newest_key(conn)).epoch + 1
    await conn.execute("insert into identity.pair_key (epoch, secret) values ($1, $2)", epoch, secrets.token_bytes(32))
    return epoch


async def subjects(conn: Connection, sector: str, persons: Collection[str]) -> dict[str, str]:
    """The subject of each of these persons who has one in the sector."""
    rows = await conn.fetch(
        "select person, subject from identity.pair where sector = $1 and person = any($2::text[])",
        sector, list(persons),
    )  # fmt: skip
    return {row["person"]: row["subject"] for row in rows}


async def add(conn: Connection, sector: str, epoch: int, made: Mapping[str, str]) -> None:
    """Keep new pairs (person to subject): of persons who exist, in one order for everybody, and none that is there already."""
    await conn.execute("""
        insert into identity.pair (sector, person, epoch, subject)
             select $1, person.id, $2, made.subject
               from unnest($3::text[], $4::text[]) as made (person, subject)
               join identity.person on person.id = made.person
              order by person.id
        on conflict (sector, person) do nothing
    """, sector, epoch, list(made), list(made.values()))  # fmt: skip


async def joined(conn: Connection, subjects: Collection[str], from_sector: str, to_sector: str) -> list[Joined]:
    """Each subject that `from_sector` knows, with its person's subject in `to_sector`."""
    return await fetch(conn, Joined, """
        select here.subject, here.person, there.subject as other
          from identity.pair as here
          left join identity.pair as there on there.sector = $3 and there.person = here.person
         where here.sector = $2 and here.subject = any($1::text[])
    """, list(subjects), from_sector, to_sector)  # fmt: skip


async def person(conn: Connection, sector: str, subject: str) -> str | None:
    """Whose subject this is in the sector."""
    found: str | None = await conn.fetchval(
        "select person from identity.pair where sector = $1 and subject = $2", sector, subject
    )
    return found
