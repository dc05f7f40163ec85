"""Looks of officers: a page of the desk that shows somebody's data says so to the log before it is shown."""

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden
from hiroba.exchange.audit.log import Data, Event, Line, append_in
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.people.subjects import LOG, translate


async def looked(
    conn: Connection,
    officer: Caller,
    subject: str,
    what: str,
    *,
    sector: str = LOG,
    ground: str = "",
    data: Data | None = None,
) -> Line:
    """Log that an officer looks at somebody's data, as the last thing before the page is made.

    `subject` is the person as `sector` knows them. `what` is an English sentence of the door (`sentence(…)`), which the person
    reads in their own language: "the application for school lunch". `ground` is the law or the grant the office acts under.
    """
    known = {subject: subject} if sector == LOG else await translate(conn, [subject], sector, LOG)
    if subject not in known:
        raise Forbidden("Nobody is known by this name, so nothing of them is shown.")
    event = Event(
        clock.now(), "looked", known[subject], recipient=officer.organisation, by=officer.id or officer.kind,
        ground=ground, note=what, data=() if data is None else (data,),
    )  # fmt: skip
    (line,) = await append_in(conn, [event])
    return line
