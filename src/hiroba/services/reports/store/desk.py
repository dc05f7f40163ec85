"""What officers do with reports, and how the work goes."""

from datetime import date, datetime, timedelta
from typing import cast

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch
from hiroba.base.errors import Invalid
from hiroba.exchange.broker.exchange import Exchange
from hiroba.services.reports.model import OPEN, Decision, Report, State
from hiroba.services.reports.store.reports import remember, report_of, tell


class Step(msgspec.Struct, frozen=True):
    """One line of a report's history."""

    at: datetime
    state: State
    lg_code: str
    words: str
    private_note: str
    officer: str

    @property
    def day(self) -> date:
        """The day it happened, in Japan."""
        return self.at.astimezone(clock.JAPAN).date()


async def history(conn: Connection, report: Report) -> list[Step]:
    """Everything that happened to a report, newest first."""
    return await fetch(conn, Step, """
        select at, state, lg_code, words, private_note, officer from reports.change where report = $1 order by id desc
    """, report.id)  # fmt: skip


async def decide(conn: Connection, exchange: Exchange, report: Report, decision: Decision, officer: str) -> None:
    """Bring a report into another state. The decision was found to be without mistakes for the report's state."""
    before, first = report.duplicate_of, None
    if decision.state == "duplicate":
        first = await _first(conn, report, int(decision.duplicate_of))
        await conn.execute("update reports.report set duplicate_of = $2 where duplicate_of = $1", report.id, first.id)
    now = clock.now()
    await conn.execute("""
        update reports.report
           set state = $2, changed = $3, closed = $4, duplicate_of = $5, forwarded_to = $6
         where id = $1
    """, report.id, decision.state, now, None if decision.state in OPEN else now, first and first.id,
        decision.forwarded_to if decision.state == "forwarded" else "")  # fmt: skip
    await remember(conn, report.id, decision, report.lg_code, officer)
    for number in {report.number, before, first and first.number} - {None}:
        await tell(conn, exchange, cast("int", number))


async def _first(conn: Connection, report: Report, number: int) -> Report:
    """The report that `report` is a duplicate of, or Invalid with a sentence for the officer."""
    first = await report_of(conn, number)
    if first is not None and first.duplicate_of is not None:
        first = await report_of(conn, first.duplicate_of)
    if first is None or first.lg_code != report.lg_code:
        raise Invalid("There is no report with this number in this municipality.")
    if first.id == report.id:
        raise Invalid("A report cannot be a duplicate of itself.")
    return first


async def hand_over(
    conn: Connection, exchange: Exchange, report: Report, lg_code: str, decision: Decision, *, officer: str
) -> None:
    """Give a report to another municipality of the region, where it waits as a new one; `decision` brings the words."""
    await exchange.remove(conn, [report.entity])  # an entity keeps its owner: the other municipality makes it anew
    await conn.execute("""
        update reports.report
           set lg_code = $2, state = 'received', changed = $3, closed = null, duplicate_of = null, forwarded_to = ''
         where id = $1
    """, report.id, lg_code, clock.now())  # fmt: skip
    await remember(conn, report.id, decision, lg_code, officer)
    await tell(conn, exchange, report.number)


async def show(conn: Connection, exchange: Exchange, report: Report, *, words: bool, photo: bool) -> None:
    """What the public sees, after an officer's look."""
    await conn.execute(
        "update reports.report set words_public = $2, photo_public = $3, changed = $4 where id = $1",
        report.id, words, photo, clock.now(),
    )  # fmt: skip
    await tell(conn, exchange, report.number)


async def put_place(conn: Connection, exchange: Exchange, report: Report, place: tuple[float, float]) -> None:
    """Put a report on the map that was described in words alone."""
    await conn.execute(
        "update reports.report set place = $2, changed = $3 where id = $1", report.id, place, clock.now()
    )
    await tell(conn, exchange, report.number)


async def waiting(conn: Connection, before: datetime) -> dict[str, int]:
    """How many reports no officer took up since then, by municipality."""
    rows = await conn.fetch(
        "select lg_code, count(*) from reports.report where state = 'received' and reported < $1 group by lg_code order by 1",
        before,
    )
    return {row["lg_code"]: row["count"] for row in rows}


async def takes_keys_only(conn: Connection, lg_code: str) -> bool:
    """Whether this municipality takes reports from apps with a key only."""
    return bool(await conn.fetchval("select true from reports.keys_only where lg_code = $1", lg_code))


async def put_keys_only(conn: Connection, lg_code: str, *, keys_only: bool) -> None:
    """Take reports from apps with a key only, or from anyone."""
    if keys_only:
        await conn.execute("insert into reports.keys_only values ($1) on conflict do nothing", lg_code)
    else:
        await conn.execute("delete from reports.keys_only where lg_code = $1", lg_code)


async def counts(conn: Connection, lg_code: str | None) -> dict[str, int]:
    """How many reports there are in each state."""
    rows = await conn.fetch(
        "select state, count(*) from reports.report where $1::text is null or lg_code = $1 group by state", lg_code
    )
    return {row["state"]: row["count"] for row in rows}


async def backdate(conn: Connection, exchange: Exchange, report: Report, by: timedelta) -> None:
    """Move everything about a report into the past: samples and imports did not happen just now."""
    await conn.execute("""
        update reports.report
           set reported = reported - $2::interval, closed = closed - $2::interval / 2, changed = changed - $2::interval / 2
         where id = $1
    """, report.id, by)  # fmt: skip
    await conn.execute("""
        update reports.change c set at = at - case when c.id = first.id then $2::interval else $2::interval / 2 end
          from (select min(id) as id from reports.change where report = $1) as first where c.report = $1
    """, report.id, by)  # fmt: skip
    await tell(conn, exchange, report.number)
