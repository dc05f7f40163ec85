"""What we hold of people: contacts, who looked at them, and what a person may ask for: all of it, or to be forgotten."""

from base64 import b64encode
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.exchange.broker.exchange import Exchange
from hiroba.services.reports.model import Contact, Report
from hiroba.services.reports.store.desk import history
from hiroba.services.reports.store.reports import photo, tell

CONTACT_LIFE: Final = timedelta(days=30)
"""How long after a report is closed its contact is kept, for a question back."""


class Look(msgspec.Struct, frozen=True):
    """Somebody looked at a contact."""

    at: datetime
    organisation: str

    @property
    def day(self) -> date:
        """The day of the look, in Japan."""
        return self.at.astimezone(clock.JAPAN).date()


async def look_at_contact(conn: Connection, report: Report, officer: str, organisation: str) -> Contact | None:
    """The contact of a report; the look is written down for the reporter to see."""
    contact = await fetch_one(
        conn, Contact, "select name, phone, mail from reports.contact where report = $1", report.id
    )
    if contact is not None:
        await conn.execute(
            "insert into reports.look (report, at, officer, organisation) values ($1, $2, $3, $4)",
            report.id, clock.now(), officer, organisation,
        )  # fmt: skip
    return contact


async def looks(conn: Connection, report: Report) -> list[Look]:
    """Who looked at the contact of a report, newest first."""
    return await fetch(
        conn, Look, "select at, organisation from reports.look where report = $1 order by id desc", report.id
    )


async def forget_contact(conn: Connection, report: Report) -> None:
    """Drop the contact of a report: the reporter wants no answer any more."""
    await conn.execute("delete from reports.contact where report = $1", report.id)


async def forget_contacts(conn: Connection) -> None:
    """Drop the contacts of reports that were closed long enough ago."""
    await conn.execute("""
        delete from reports.contact c using reports.report r where r.id = c.report and r.closed < $1
    """, clock.now() - CONTACT_LIFE)  # fmt: skip


async def overdue(conn: Connection, before: datetime) -> int:
    """How many contacts are still here of reports that were closed before then."""
    count: int = await conn.fetchval("""
        select count(*) from reports.contact c join reports.report r on r.id = c.report where r.closed < $1
    """, before)  # fmt: skip
    return count


async def reports_of(conn: Connection, key: bytes) -> list[Report]:
    """The reports of a private link, a telephone number or a mail address, by its key."""
    return await fetch(conn, Report, """
        select * from reports.known k
         where follow = $1 or exists (select from reports.contact c where c.report = k.id and c.keys @> array[$1::bytea])
      order by number
    """, key)  # fmt: skip


async def export(conn: Connection, key: bytes) -> list[dict[str, Any]]:
    """Everything we hold of a person, report by report."""
    found = []
    for report in await reports_of(conn, key):
        contact = await fetch_one(
            conn, Contact, "select name, phone, mail from reports.contact where report = $1", report.id
        )
        jpeg = await photo(conn, report)
        found.append({
            "number": report.number,
            "municipality": report.lg_code,
            "kind": report.kind,
            "place": report.place,
            "landmark": report.landmark,
            "words": report.words,
            "photo": jpeg and b64encode(jpeg).decode(),
            "contact": contact and msgspec.to_builtins(contact),
            "history": [{"at": step.at, "state": step.state, "words": step.words} for step in await history(conn, report)],
            "looks": [msgspec.to_builtins(look) for look in await looks(conn, report)],
        })  # fmt: skip
    return found


async def erase(conn: Connection, exchange: Exchange, key: bytes) -> int:
    """Forget a person: contact, words, photo and link go, and the landmark where a point says the place as well.

    The damage itself stays, since it is the street's and not the person's; so does a landmark that alone says where.
    """
    found = await reports_of(conn, key)
    ids = [report.id for report in found]
    await conn.execute("delete from reports.contact where report = any($1)", ids)
    await conn.execute("delete from reports.photo where report = any($1)", ids)
    await conn.execute("""
        update reports.report
           set words = '', follow = null, landmark = case when place is null then landmark else '' end, changed = $2
         where id = any($1)
    """, ids, clock.now())  # fmt: skip
    for report in found:
        await tell(conn, exchange, report.number)
    return len(found)
