"""What the tables hold about one person, one function per question."""

from datetime import date, datetime

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one

VISIBLE = """
    from audit.entry e
    left join audit.shown s on s.subject = e.subject and s.ground = e.ground
   where e.subject = $1 and (e.ground = '' or e.number <= s.number)
"""
"""A person's own chain, and of the chains of grounds what was shown by now."""


class Seen(msgspec.Struct, frozen=True):
    """An entry that its person may see."""

    id: int
    ground: str
    """Of its chain: empty in the person's own."""
    number: int
    at: datetime
    kind: str
    event: bytes


class Provable(msgspec.Struct, frozen=True):
    """An entry with all that its proof needs."""

    ground: str
    number: int
    event: bytes
    salt: bytes
    position: int


class Held(msgspec.Struct, frozen=True):
    """A chain that its person does not see, or not to its end."""

    subject: str
    ground: str
    number: int
    leaf: bytes
    mode: str
    """Of its last entry: delayed, withheld."""
    review_on: str


async def seen(conn: Connection, subject: str, begin: datetime, end: datetime) -> list[Seen]:
    """What happened from `begin` to before `end`, the latest first."""
    return await fetch(
        conn,
        Seen,
        f"""
        select e.id, e.ground, e.number, e.at, e.kind, e.event {VISIBLE} and e.at >= $2 and e.at < $3
         order by e.at desc, e.id desc
    """,
        subject,
        begin,
        end,
    )


async def uses(
    conn: Connection, subject: str, begin: datetime, end: datetime, kinds: list[str], *, offset: int, limit: int
) -> tuple[int, list[Seen]]:
    """How many entries of these kinds there are, and some of them, the latest first."""
    values = (subject, begin, end, kinds)
    condition = f"{VISIBLE} and e.at >= $2 and e.at < $3 and e.kind = any($4)"
    total: int = await conn.fetchval(f"select count(*) {condition}", *values)
    found = await fetch(
        conn,
        Seen,
        f"""
        select e.id, e.ground, e.number, e.at, e.kind, e.event {condition}
         order by e.at desc, e.id desc offset $5 limit $6
    """,
        *values,
        offset,
        limit,
    )
    return total, found


async def first(conn: Connection, subject: str) -> datetime | None:
    """When the first thing happened that the person may see."""
    found: datetime | None = await conn.fetchval(f"select min(e.at) {VISIBLE}", subject)
    return found


async def provable(conn: Connection, subject: str, until: int) -> list[Provable]:
    """What the person may see of chains up to the own chain's number `until`.

    Of the chain of a ground that much is in it as the own chain said by then.
    """
    return await fetch(conn, Provable, """
        with told as (
            select convert_from(event, 'UTF8')::jsonb as event from audit.entry
             where subject = $1 and ground = '' and number <= $2 and kind = 'disclosed'
        ), shown as (
            select event ->> 'ground' as ground, max(split_part(event ->> 'note', ' ', 1)::bigint) as number
              from told group by 1
        )
        select e.ground, e.number, e.event, e.salt, l.position
          from audit.entry e join audit.leaf l on l.entry = e.id left join shown s on s.ground = e.ground
         where e.subject = $1 and (case when e.ground = '' then e.number <= $2 else e.number <= s.number end)
    """, subject, until)  # fmt: skip


async def position(conn: Connection, entry: int) -> int | None:
    """Where an entry stands in the tree, once it does."""
    found: int | None = await conn.fetchval("select position from audit.leaf where entry = $1", entry)
    return found


_HELD = """
    select c.subject, c.ground, c.number, c.leaf, e.event ->> 'disclosure' as mode,
           coalesce(e.event ->> 'reviewOn', '') as review_on
      from audit.chain c left join audit.shown s using (subject, ground)
      join lateral (select convert_from(event, 'UTF8')::jsonb as event from audit.entry
                     where subject = c.subject and ground = c.ground and number = c.number) e on true
     where c.ground <> '' and c.number > coalesce(s.number, 0)
"""


async def held(conn: Connection) -> list[Held]:
    """Every chain with something that its person has not been shown."""
    return await fetch(conn, Held, f"{_HELD} order by c.subject, c.ground")


async def held_of(conn: Connection, subject: str, ground: str) -> Held | None:
    """The chain of this ground, if something in it has not been shown."""
    return await fetch_one(conn, Held, f"{_HELD} and c.subject = $1 and c.ground = $2", subject, ground)


async def show(conn: Connection, chain: Held) -> None:
    """Show a chain to its person, up to where it is now."""
    await conn.execute("""
        insert into audit.shown (subject, ground, number) values ($1, $2, $3)
            on conflict (subject, ground) do update set number = excluded.number
    """, chain.subject, chain.ground, chain.number)  # fmt: skip


async def erase(conn: Connection, subject: str) -> int:
    """Forget what happened, with its salts; the leaves stay, and every proof with them. How many entries it was."""
    done = await conn.execute("delete from audit.entry where subject = $1", subject)
    await conn.execute("delete from audit.chain where subject = $1", subject)
    await conn.execute("delete from audit.shown where subject = $1", subject)
    return int(done.rsplit(" ", 1)[1])


def is_over(review_on: str, today: date) -> bool:
    """Whether a day of review, a legal date, has passed to its end."""
    return bool(review_on) and date.fromisoformat(review_on) < today
