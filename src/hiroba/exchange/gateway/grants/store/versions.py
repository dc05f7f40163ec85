"""Versions of grants. What a read joins (`gateway.permit`) changes with them, at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
import orjson
from msgspec import UNSET

from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, NotFound
from hiroba.exchange.gateway.grants.model import OFFER_LIFE, Grant, Kept, State
from hiroba.exchange.gateway.grants.names import expanded

_COLUMNS: Final = """
    id, version, tenant, subject, source, recipient, purpose, data, actions, onward, basis, valid_from, valid_until,
    state, notice, given_by, authn, disclosure, made, decided, ended
"""


class AlreadyGranted(Conflict):
    """Another grant for this person, recipient and purpose stands."""


def _kept(row: Any) -> Kept:
    given = {name: row[name] for name in ("given_by", "authn") if row[name] is not None}
    if row["notice"] is not None:
        given["notice"] = orjson.loads(row["notice"])
    grant = msgspec.convert(
        {
            "id": row["id"], "version": row["version"], "subject": row["subject"], "source": row["source"],
            "recipient": row["recipient"], "purpose": row["purpose"],
            "data": orjson.loads(row["data"]), "actions": row["actions"], "onward": row["onward"],
            "basis": orjson.loads(row["basis"]), "from": row["valid_from"], "until": row["valid_until"],
            "state": row["state"], "disclosure": orjson.loads(row["disclosure"]),
            **{"givenBy" if name == "given_by" else name: value for name, value in given.items()},
        },
        Grant,
    )  # fmt: skip
    return Kept(grant, row["tenant"], row["made"], row["decided"], row["ended"])


def _json(value: Any) -> str | None:
    return None if value is UNSET else msgspec.json.encode(value).decode()


def _text(value: Any) -> str | None:
    return None if value is UNSET else value


async def add(conn: Connection, grant: Grant, tenant: str, at: datetime) -> Kept:
    """Write a version of a grant down, with its permits where it is active."""
    try:
        row = await conn.fetchrow(f"""
            insert into gateway.grant_version ({_COLUMNS})
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, null)
              returning {_COLUMNS}
        """, grant.id, grant.version, tenant, grant.subject, grant.source, grant.recipient, grant.purpose,  # noqa: S608 - constants
            _json(grant.data), list(grant.actions), grant.onward, _json(grant.basis), grant.from_,
            grant.until, grant.state, _json(grant.notice), _text(grant.given_by), _text(grant.authn),
            _json(grant.disclosure), at, at if grant.state == "active" else None)  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise Conflict("This version of the grant is there already.") from None
    await _permit(conn, grant, tenant)
    return _kept(row)


async def grant_of(conn: Connection, id_: str, version: int | None = None, *, lock: bool = False) -> Kept:
    """One version of a grant, the newest where none is named; locked where it is about to change. NotFound without one."""
    row = await conn.fetchrow(f"""
        select {_COLUMNS} from gateway.grant_version where id = $1 and ($2::int is null or version = $2)
         order by version desc limit 1 {"for update" if lock else ""}
    """, id_, version)  # noqa: S608 - constants  # fmt: skip
    if row is None:
        raise NotFound("There is no such grant.")
    return _kept(row)


async def stand(conn: Connection, kept: Kept, grant: Grant, at: datetime) -> Kept:
    """Write down how a grant stands now, and let its permits follow: they are there exactly while it is active."""
    row = await conn.fetchrow(f"""
        with gone as (delete from gateway.permit where grant_id = $1 and grant_version = $2)
        update gateway.grant_version
           set state = $3, data = $4, valid_from = $5, valid_until = $6, notice = $7, given_by = $8, authn = $9, basis = $10,
               decided = case when $3 = 'active' then $11 else decided end,
               ended = case when $3 in ('withdrawn', 'expired', 'superseded') then $11 else ended end
         where id = $1 and version = $2 and state = $12
     returning {_COLUMNS}
    """, grant.id, grant.version, grant.state, _json(grant.data), grant.from_, grant.until, _json(grant.notice),  # noqa: S608 - constants
        _text(grant.given_by), _text(grant.authn), _json(grant.basis), at, kept.grant.state)  # fmt: skip
    if row is None:
        raise Conflict("Somebody changed this grant at the same moment. Look at it again.")
    await _permit(conn, grant, kept.tenant)
    return _kept(row)


async def disclose(conn: Connection, kept: Kept, grant: Grant) -> Kept:
    """Write down when the person may see a grant."""
    row = await conn.fetchrow(f"""
        update gateway.grant_version set disclosure = $3 where id = $1 and version = $2 returning {_COLUMNS}
    """, grant.id, grant.version, _json(grant.disclosure))  # noqa: S608 - constants  # fmt: skip
    return _kept(row) if row else kept


async def by_office(conn: Connection, offices: Sequence[str]) -> list[Kept]:
    """The grants by law of some offices: what waits first, then what runs, then what is over."""
    rows = await conn.fetch(f"""
        select {_COLUMNS} from gateway.grant_version
         where basis ->> 'kind' = 'law' and basis ->> 'office' = any($1::text[])
         order by array_position(array['offered', 'active'], state) nulls last, made desc limit 500
    """, list(offices))  # noqa: S608 - constants  # fmt: skip
    return [_kept(row) for row in rows]


async def _permit(conn: Connection, grant: Grant, tenant: str) -> None:
    if grant.state != "active" or "read" not in grant.actions:
        return
    try:
        await conn.executemany("""
            insert into gateway.permit
                   (tenant, subject, recipient, purpose, type, attrs, valid_from, valid_until, grant_id, grant_version)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """, [
            (tenant, grant.subject, grant.recipient, grant.purpose, expanded(part.type),
             sorted({expanded(attr) for attr in part.attrs}), grant.from_, grant.until, grant.id, grant.version)
            for part in grant.data
        ])  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise AlreadyGranted from None


async def withdraw(conn: Connection, id_: str, at: datetime) -> list[Kept]:
    """Take a grant back, offered or active: one statement ends it and deletes its permits, so the next read finds none."""
    # whoever is agreeing at this moment is waited for: the statement then sees the permits that this wrote
    standing = await conn.fetch("""
        select id, version from gateway.grant_version where id = $1 and state in ('offered', 'active') for update
    """, id_)  # fmt: skip
    return await _end(conn, standing, "withdrawn", at)


async def expire(conn: Connection, at: datetime) -> list[Kept]:
    """End what is past its time: a grant, an offer nobody answered, an approval at night that nobody confirmed."""
    over = await conn.fetch("""
        select g.id, g.version from gateway.grant_version g
          left join gateway.proceeding p on (p.grant_id, p.grant_version) = (g.id, g.version)
         where g.state in ('offered', 'active')
           and (g.valid_until <= $1 or p.confirm_by <= $1 or (g.state = 'offered' and g.made <= $2))
           for update of g skip locked
    """, at, at - OFFER_LIFE)  # fmt: skip
    return await _end(conn, over, "expired", at)


async def end_of_purpose(conn: Connection, purpose: str, at: datetime) -> list[Kept]:
    """End every grant for a purpose that is retired; whoever agrees holds the purpose, so nobody does meanwhile."""
    standing = await conn.fetch("""
        select id, version from gateway.grant_version where purpose = $1 and state in ('offered', 'active') for update
    """, purpose)  # fmt: skip
    return await _end(conn, standing, "expired", at)


async def _end(conn: Connection, held: Sequence[Any], state: State, at: datetime) -> list[Kept]:
    """End these versions, whose rows are held by the transaction, and delete their permits, in one statement."""
    if not held:
        return []
    rows = await conn.fetch(f"""
        with held as (select * from unnest($1::text[], $2::int[]) as held (of_id, of_version)),
             gone as (delete from gateway.permit using held where (grant_id, grant_version) = (of_id, of_version))
        update gateway.grant_version set state = $3, ended = $4 from held where (id, version) = (of_id, of_version)
     returning {_COLUMNS}
    """, [row["id"] for row in held], [row["version"] for row in held], state, at)  # noqa: S608 - constants  # fmt: skip
    return [_kept(row) for row in rows]


async def grants_of(conn: Connection, subjects: Iterable[tuple[str, str]]) -> list[Kept]:
    """Every version of every grant over these people, each a (tenant, subject), the newest first."""
    pairs = list(subjects)
    rows = await conn.fetch(f"""
        select {_COLUMNS} from gateway.grant_version g
          join unnest($1::text[], $2::text[]) as whose(of_tenant, of_subject)
            on (g.tenant, g.subject) = (whose.of_tenant, whose.of_subject)
         order by coalesce(decided, made) desc, id, version desc
    """, [tenant for tenant, _ in pairs], [subject for _, subject in pairs])  # noqa: S608 - constants  # fmt: skip
    return [_kept(row) for row in rows]


async def standing(conn: Connection, tenant: str, subject: str, recipient: str, purpose: str) -> list[Kept]:
    """What is offered or active for a person, a recipient's application and any version of a purpose (its name)."""
    rows = await conn.fetch(f"""
        select {_COLUMNS} from gateway.grant_version
         where (tenant, subject, recipient) = ($1, $2, $3)
           and split_part(purpose, '@', 1) = $4 and state in ('offered', 'active')
         order by version desc
    """, tenant, subject, recipient, purpose)  # noqa: S608 - constants  # fmt: skip
    return [_kept(row) for row in rows]


async def refused_since(conn: Connection, grant: Grant, tenant: str, since: datetime) -> bool:
    """Whether the person has said no to the same recipient and purpose, in whole or in part, since then."""
    return bool(await conn.fetchval("""
        select exists (select from gateway.grant_version
                        where (tenant, subject, recipient, purpose) = ($1, $2, $3, $4)
                          and ((state = 'withdrawn' and decided is null and ended > $5)
                               or (state = 'active' and decided > $5)))
    """, tenant, grant.subject, grant.recipient, grant.purpose, since))  # fmt: skip
