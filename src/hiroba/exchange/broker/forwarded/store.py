"""The table of copies, one function per question."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.forwarded.model import Copy

Key = tuple[str, str]
"""A tenant, and the id of a subscription or of a registration in it."""
_COLUMNS = (
    "remote, named, tenant, subscription, registration, source, owner, digest, revision, wanted, state, members, tries"
)


def _copy(row: asyncpg.Record) -> Copy:
    return Copy(**{**dict(row), "source": orjson.loads(row["source"]), "members": tuple(row["members"])})


class Progress(NamedTuple):
    """Up to which numbers of the two memories everything is settled."""

    subscriptions: int
    sources: int


async def progress(conn: Connection, *, hold: bool = False) -> Progress:
    """How far it is settled; with `hold` nobody else settles anything until the transaction ends."""
    rows = await conn.fetch(f"select subscriptions, sources from broker.forwarding{' for update' if hold else ''}")  # noqa: S608 - constants
    return Progress(rows[0]["subscriptions"], rows[0]["sources"])


async def settled(conn: Connection, now: Progress) -> None:
    """It is settled up to here."""
    await conn.execute("update broker.forwarding set subscriptions = $1, sources = $2", *now)


async def changed_subscriptions(conn: Connection, above: int) -> set[Key]:
    """The subscriptions that were written or deleted above a number."""
    return _keys(await conn.fetch("select tenant, id from broker.subscription where number > $1", above))


async def changed_sources(conn: Connection, above: int) -> set[Key]:
    """The registrations that were written or deleted above a number."""
    return _keys(
        await conn.fetch(
            """
            select tenant, id from broker.registration where version > $1
             union select tenant, id from broker.registration_gone where version > $1
            """,
            above,
        )
    )


def _keys(rows: Iterable[asyncpg.Record]) -> set[Key]:
    return {(row["tenant"], row["id"]) for row in rows}


async def wanted(conn: Connection, subscriptions: Collection[Key], registrations: Collection[Key]) -> list[Copy]:
    """The wanted copies of these subscriptions, and those at these registrations."""
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from broker.subscription_copy c
         where wanted and (
               exists (select from unnest($1::text[], $2::text[]) as s (tenant, id)
                        where s.tenant = c.tenant and s.id = c.subscription)
            or exists (select from unnest($3::text[], $4::text[]) as r (tenant, id)
                        where r.tenant = c.tenant and r.id = c.registration))
           for update
        """,  # noqa: S608 - constants
        *_columns(subscriptions),
        *_columns(registrations),
    )
    return [_copy(row) for row in rows]


def _columns(keys: Collection[Key]) -> tuple[list[str], list[str]]:
    return [tenant for tenant, _ in keys], [id_ for _, id_ in keys]


async def add(conn: Connection, made: Sequence[Copy]) -> None:
    """Want copies that were not."""
    await conn.executemany(
        """
        insert into broker.subscription_copy (remote, named, tenant, subscription, registration, source, owner, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (one.remote, one.named, one.tenant, one.subscription, one.registration, orjson.dumps(one.source).decode(),
             one.owner, one.digest)
            for one in made
        ],
    )  # fmt: skip


async def change(conn: Connection, changed: Sequence[Copy]) -> None:
    """Want copies otherwise than before."""
    await conn.executemany(
        """
        update broker.subscription_copy
           set source = $2, owner = $3, digest = $4, revision = revision + 1, due = now(), tries = 0, modified = now()
         where remote = $1
        """,
        [(one.remote, orjson.dumps(one.source).decode(), one.owner, one.digest) for one in changed],
    )


async def drop(conn: Connection, remotes: Collection[str]) -> None:
    """Want copies no longer; one that was never sent is forgotten at once."""
    await conn.execute(
        "delete from broker.subscription_copy where remote = any($1) and state = 'absent'", list(remotes)
    )
    await conn.execute(
        """
        update broker.subscription_copy
           set wanted = false, revision = revision + 1, due = now(), tries = 0, modified = now()
         where remote = any($1)
        """,
        list(remotes),
    )


async def is_anything_due(conn: Connection, now: datetime) -> bool:
    """Whether a source is to be asked."""
    found: bool = await conn.fetchval(
        "select exists (select from broker.subscription_copy where due <= $1 and (busy is null or busy <= $1))", now
    )
    return found


async def take(conn: Connection, now: datetime, until: datetime, most: int, but: Collection[Key]) -> list[Copy]:
    """Copies whose source is to be asked, as they were; nobody else takes them until then, or until it is said how it went."""
    rows = await conn.fetch(
        f"""
        with due as (
            select {_COLUMNS} from broker.subscription_copy c
             where due <= $1 and (busy is null or busy <= $1)
               and not exists (select from unnest($4::text[], $5::text[]) as b (tenant, id)
                                              where b.tenant = c.tenant and b.id = c.registration)
             order by due limit $3 for update skip locked
        ), taken as (
            update broker.subscription_copy c
               set busy = $2, state = case when c.state = 'absent' then 'unsure' else c.state end
              from due where due.remote = c.remote
        )
        select * from due
        """,  # noqa: S608 - constants
        now,
        until,
        most,
        *_columns(but),
    )
    return [_copy(row) for row in rows]


async def done(conn: Connection, copy: Copy) -> None:
    """The source has what it was sent, by this name and with these members; if it is to have something else by now, soon."""
    await conn.execute(
        """
        update broker.subscription_copy
           set named = $3, state = 'there', members = $4, tries = 0, trouble = '', busy = null, modified = now(),
               due = case when revision = $2 then null else now() end
         where remote = $1
        """,
        copy.remote,
        copy.revision,
        copy.named,
        list(copy.members),
    )


async def failed(conn: Connection, copy: Copy, trouble: str, again: datetime | None) -> None:
    """The source was asked in vain; it is asked again then, if ever, or soon if it is to have something else by now."""
    await conn.execute(
        """
        update broker.subscription_copy
           set tries = tries + 1, trouble = $3, state = $5, busy = null, modified = now(),
               due = case when revision = $2 then $4 else now() end
         where remote = $1
        """,
        copy.remote,
        copy.revision,
        trouble,
        again,
        copy.state,
    )


async def let_go(conn: Connection, remotes: Collection[str]) -> None:
    """Others may take these up."""
    await conn.execute("update broker.subscription_copy set busy = null where remote = any($1)", list(remotes))


async def forget(conn: Connection, copy: Copy) -> None:
    """It is at the source no longer."""
    await conn.execute("delete from broker.subscription_copy where remote = $1 and not wanted", copy.remote)


async def known_as(conn: Connection, name: str) -> Copy | None:
    """The wanted copy of this id."""
    row = await conn.fetchrow(
        f"select {_COLUMNS} from broker.subscription_copy where wanted and (remote = $1 or named = $1)"  # noqa: S608 - constants
        " order by (remote = $1) desc limit 1",
        name,
    )
    return None if row is None else _copy(row)
