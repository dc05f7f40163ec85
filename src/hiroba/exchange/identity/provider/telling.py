"""What the log is told of sign-ins: that a person agreed to be known to an application, and each time it came to know them."""

from datetime import datetime

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.log import Event, append_in
from hiroba.exchange.identity.people.subjects import LOG, subject_of

PURPOSE = "sign-in"
"""What being known is for, where no purpose of an organisation is meant."""


async def agreed(conn: Connection, person: str, application: str, until: datetime) -> None:
    """The person agreed, until then. The last thing that its transaction does."""
    await _tell(conn, person, "granted", application, until=clock.iso(until))


async def withdrawn(conn: Connection, person: str, application: str) -> None:
    """The person ended it. The last thing that its transaction does."""
    await _tell(conn, person, "withdrawn", application)


async def signed_in(conn: Connection, person: str, application: str, level: str) -> None:
    """The application was told who is there. The last thing that its transaction does."""
    await _tell(conn, person, "signed-in", application, note=level)


async def _tell(
    conn: Connection, person: str, kind: str, application: str, *, note: str = "", until: str = ""
) -> None:  # fmt: skip
    subject = await subject_of(conn, person, LOG)
    event = Event(clock.now(), kind, subject, recipient=application, purpose=PURPOSE, note=note, until=until)
    await append_in(conn, [event])
