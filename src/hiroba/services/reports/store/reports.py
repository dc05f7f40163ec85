"""Reports as they are read and taken in. Whatever changes what others may know of one also writes its entity."""

import math
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.base.ids import ulid
from hiroba.exchange.broker.exchange import Exchange
from hiroba.services.reports.model import NEAR, OPEN, Decision, Draft, Report, entity, key_of, metres

NUMBERS: Final = 2**31
"""Numbers of reports stay below this."""


async def lock(conn: Connection, number: int) -> None:
    """Let those who change one report do so one after the other."""
    if 0 < number < NUMBERS:
        await conn.execute("select from reports.report where number = $1 for update", number)


async def tell(conn: Connection, exchange: Exchange, number: int) -> Report:
    """Write the entity of a report as it is now; the report. Who writes about it at the same time waits, and counts afresh."""
    await lock(conn, number)
    report = await report_of(conn, number)
    if report is None:
        raise LookupError(number)
    await exchange.put(conn, [entity(report)], owner=report.lg_code)
    return report


async def add(conn: Connection, exchange: Exchange, draft: Draft, jpeg: bytes | None) -> tuple[Report, str]:
    """Take a report in; with it the token of its private link, which is not kept."""
    token, now, id_ = secrets.token_urlsafe(24), clock.now(), ulid()
    number: int = await conn.fetchval("""
        insert into reports.report (id, lg_code, kind, place, landmark, words, follow, reported, changed)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning number
    """, id_, draft.lg_code, draft.kind, draft.place, draft.landmark, draft.words, key_of(token), now)  # fmt: skip
    if jpeg is not None:
        await conn.execute("insert into reports.photo (report, jpeg) values ($1, $2)", id_, jpeg)
    if draft.contact:
        person = draft.contact
        await conn.execute(
            "insert into reports.contact (report, name, phone, mail, keys) values ($1, $2, $3, $4, $5)",
            id_, person.name, person.phone, person.mail, person.keys,
        )  # fmt: skip
    await remember(conn, id_, Decision(state="received"), draft.lg_code, "")
    return await tell(conn, exchange, number), token


async def report_of(conn: Connection, number: int) -> Report | None:
    """The report with this number."""
    if not 0 < number < NUMBERS:
        return None
    return await fetch_one(conn, Report, "select * from reports.known where number = $1", number)


async def report_behind(conn: Connection, token: str) -> Report | None:
    """The report of a private link."""
    return await fetch_one(conn, Report, "select * from reports.known where follow = $1", key_of(token))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which reports are asked for; None asks for all."""

    lg_code: str | None = None
    states: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    numbers: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True
    limit: int = 100


async def reports(conn: Connection, wanted: Wanted) -> list[Report]:
    """The reports that are asked for, by the time they came."""
    return await fetch(conn, Report, """
        select * from reports.known
         where ($1::text is null or lg_code = $1) and ($2::text[] is null or state = any($2))
           and ($3::text[] is null or kind = any($3)) and ($4::bigint[] is null or number = any($4))
           and ($5::timestamptz is null or reported >= $5) and ($6::timestamptz is null or reported <= $6)
      order by case when $7 then reported end desc, reported, number limit $8
    """, wanted.lg_code, wanted.states, wanted.kinds, wanted.numbers, wanted.since, wanted.until, wanted.newest_first,
        wanted.limit)  # fmt: skip


async def similar(conn: Connection, kind: str, place: tuple[float, float]) -> list[tuple[Report, float]]:
    """Open reports of the same kind that may be the same damage, nearest first, with their distance in metres."""
    east, north = place
    tall = NEAR / 110_000
    wide = tall / max(math.cos(math.radians(north)), 0.01)
    found = await fetch(conn, Report, """
        select * from reports.known where kind = $1 and state = any($2) and place <@ box(point($3, $4), point($5, $6))
    """, kind, OPEN, east - wide, north - tall, east + wide, north + tall)  # fmt: skip
    near = [(report, metres(place, report.place)) for report in found if report.place is not None]
    return sorted((pair for pair in near if pair[1] <= NEAR), key=lambda pair: pair[1])


async def photo(conn: Connection, report: Report) -> bytes | None:
    """The photo of a report, whoever may see it."""
    return cast("bytes | None", await conn.fetchval("select jpeg from reports.photo where report = $1", report.id))


async def support(conn: Connection, exchange: Exchange, report: Report) -> None:
    """One more sees it too."""
    await conn.execute("insert into reports.support (report, at) values ($1, $2)", report.id, clock.now())
    await tell(conn, exchange, report.number)


async def remember(conn: Connection, report: str, decision: Decision, lg_code: str, officer: str) -> None:
    """Add a line to a report's history; no officer is the reporter."""
    await conn.execute("""
        insert into reports.change (report, at, state, lg_code, words, private_note, officer)
             values ($1, $2, $3, $4, $5, $6, $7)
    """, report, clock.now(), decision.state, lg_code, decision.words, decision.private_note, officer)  # fmt: skip
