"""Offices that act under laws, what is known of their grants besides the grant, and people under a protective measure."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
import orjson

from hiroba.base.db import Connection, fetch_one
from hiroba.base.errors import NotFound
from hiroba.exchange.gateway.grants.law import Office


class Proceeding(msgspec.Struct, frozen=True):
    """Who proposed a grant by law, until when a second approver confirms it, and what the board found."""

    proposed_by: str
    confirm_by: datetime | None = None
    reviewed: datetime | None = None
    reviewed_by: str = ""
    finding: str = ""


async def put(conn: Connection, office: Office) -> None:
    """Add or replace an office."""
    await conn.execute("""
        insert into gateway.office (id, organisation, title, opens, closes, weekdays, closed, recipients)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (id) do update
                set organisation = excluded.organisation, title = excluded.title, opens = excluded.opens,
                    closes = excluded.closes, weekdays = excluded.weekdays, closed = excluded.closed,
                    recipients = excluded.recipients
    """, office.id, office.organisation, orjson.dumps(office.title).decode(), office.opens, office.closes,
        list(office.weekdays), list(office.closed), list(office.recipients))  # fmt: skip


async def every(conn: Connection) -> list[Office]:
    """All of them, by id."""
    rows = await conn.fetch("""
        select id, organisation, title, opens, closes, weekdays, closed, recipients from gateway.office order by id
    """)
    return [
        Office(
            row["id"], row["organisation"], orjson.loads(row["title"]), row["opens"], row["closes"], tuple(row["weekdays"]),
            tuple(row["closed"]), tuple(row["recipients"]),
        )
        for row in rows
    ]  # fmt: skip


async def one(conn: Connection, id_: str) -> Office:
    """The office of this id; NotFound where there is none."""
    found = next((office for office in await every(conn) if office.id == id_), None)
    if found is None:
        raise NotFound(f"There is no office {id_}.")
    return found


async def propose(conn: Connection, grant_id: str, version: int, by: str) -> None:
    """Note who proposed a grant."""
    await conn.execute(
        "insert into gateway.proceeding (grant_id, grant_version, proposed_by) values ($1, $2, $3)",
        grant_id, version, by,
    )  # fmt: skip


async def proceeding(conn: Connection, grant_id: str, version: int) -> Proceeding:
    """What is known of a grant by law; NotFound where it is none."""
    found = await fetch_one(conn, Proceeding, """
        select proposed_by, confirm_by, reviewed, reviewed_by, finding from gateway.proceeding
         where grant_id = $1 and grant_version = $2
    """, grant_id, version)  # fmt: skip
    if found is None:
        raise NotFound("This grant does not rest on a law.")
    return found


async def proceedings(conn: Connection, grants: Iterable[str]) -> dict[tuple[str, int], Proceeding]:
    """What is known of some grants by law, by id and version."""
    rows = await conn.fetch("""
        select grant_id, grant_version, proposed_by, confirm_by, reviewed, reviewed_by, finding from gateway.proceeding
         where grant_id = any($1::text[])
    """, list(grants))  # fmt: skip
    return {(row["grant_id"], row["grant_version"]): Proceeding(*tuple(row)[2:]) for row in rows}


async def confirm_by(conn: Connection, grant_id: str, version: int, until: datetime | None) -> None:
    """Until when a second approver confirms a grant; None: nobody has to any more."""
    await conn.execute(
        "update gateway.proceeding set confirm_by = $3 where grant_id = $1 and grant_version = $2",
        grant_id,
        version,
        until,
    )


async def review(conn: Connection, grant_id: str, version: int, by: str, finding: str, at: datetime) -> None:  # noqa: PLR0917 - a row in its order
    """Note what the board found."""
    await conn.execute("""
        update gateway.proceeding set reviewed = $5, reviewed_by = $3, finding = $4 where grant_id = $1 and grant_version = $2
    """, grant_id, version, by, finding, at)  # fmt: skip


async def protect(conn: Connection, tenant: str, subject: str, office: str, ends: date, at: datetime) -> None:  # noqa: PLR0917 - a row in its order
    """Put a person under a protective measure until a day, or prolong it."""
    await conn.execute("""
        insert into gateway.protection (tenant, subject, office, ends, made) values ($1, $2, $3, $4, $5)
        on conflict (tenant, subject) do update set office = excluded.office, ends = excluded.ends
    """, tenant, subject, office, ends, at)  # fmt: skip


async def protected(conn: Connection, people: Iterable[tuple[str, str]], day: date) -> set[tuple[str, str]]:
    """Who of these (tenant, subject) is under a protective measure on that day."""
    pairs = list(people)
    rows = await conn.fetch("""
        select tenant, subject from gateway.protection
          join unnest($1::text[], $2::text[]) as whose(of_tenant, of_subject) on (tenant, subject) = (of_tenant, of_subject)
         where ends >= $3
    """, [tenant for tenant, _ in pairs], [subject for _, subject in pairs], day)  # fmt: skip
    return {(row["tenant"], row["subject"]) for row in rows}
