"""Who read my data: the month's list, and the file that proves it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter, URLEncodedBody

from hiroba.base import clock
from hiroba.base.db import Connection, transaction
from hiroba.base.errors import NotFound
from hiroba.base.text import sentence
from hiroba.base.web.given import GivenConnection
from hiroba.door.log.kinds import LOOKS
from hiroba.door.log.lines import lines, readers
from hiroba.door.pages import GivenPage
from hiroba.exchange.audit.log import Event
from hiroba.exchange.audit.people import store
from hiroba.exchange.audit.people.export import export
from hiroba.exchange.audit.store import identity
from hiroba.exchange.gateway.log.explaining import explained, told
from hiroba.exchange.identity.callers import RESIDENT, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import mandates
from hiroba.exchange.identity.people.subjects import DOOR, LOG, translate

PAGE: Final = "/account/log"
PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
MATTER: Final = "log"
"""What a mandate has to be given for, unless it is for everything."""


LIST: Final = sentence("Looked at this list")


class NotTheirs(NotFound):
    """You may not see the list of this person."""


class Whose(msgspec.Struct, frozen=True):
    """Whose list it is: their name in the log, and what the one who looks calls them ("": themselves)."""

    subject: str
    mandate: str = ""
    called: str = ""


async def whose(conn: Connection, caller: Caller, mandate: str) -> Whose:
    """The person meant: the caller, or somebody they act for by this mandate."""
    door, called = caller.subject, ""
    if mandate:
        for one in await mandates.represented_by(conn, caller.subject):
            if one.mandate == mandate and (not one.matters or MATTER in one.matters):
                door, called = one.subject, one.shown
                break
        else:
            raise NotTheirs
    found = await translate(conn, [door], DOOR, LOG)
    if door not in found:
        raise NotTheirs
    return Whose(found[door], mandate, called)


def _month(text: str) -> date:
    """The first day of `2026-11`; of this month where nothing is said."""
    try:
        return date.fromisoformat(f"{text}-01") if text else clock.today().replace(day=1)
    except ValueError:
        raise NotFound(f"{text!r} is no month; one is written 2026-11.") from None


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.JAPAN)


Month = Annotated[str, QueryParameter(pattern="^(|[0-9]{4}-[0-9]{2})$")]
Mandate = Annotated[str, QueryParameter(name="for", pattern="^[0-9A-Za-z]{0,40}$")]


@get(PAGE, opt={"may": (RESIDENT,)}, include_in_schema=False)
async def mine(
    conn: GivenConnection, state: State, caller: GivenCaller, page: GivenPage, *, month: Month = "",
    everything: FromQuery[str] = "",
    mandate: Mandate = "",
) -> Response[str]:  # fmt: skip
    """What was done with my data in a month, or with those of somebody I act for."""
    person = await whose(conn, caller, mandate)
    if person.mandate:  # who looks at another's list stands in it
        await state.log.append([Event(clock.now(), "acted", person.subject, by=f"mandate:{mandate}", note=LIST)])
    first = _month(month)
    seen = await store.seen(conn, person.subject, _moment(first), _moment(_next(first)))
    events = [told(one) for one in seen]
    found = lines(page, seen, await explained(conn, events))
    shown = found if everything else [line for line in found if line.name in LOOKS]
    began = await store.first(conn, person.subject)
    known = await identity(conn)
    answer = page.html(
        "door/log/mine.html",
        person=person, month=first, lines=shown, hidden=len(found) - len(shown), everything=bool(everything),
        readers=len(readers(found)), refused=sum(line.times for line in found if line.name == "refused"),
        before=(first - timedelta(days=1)).replace(day=1) if began is not None and began < _moment(first) else None,
        after=_next(first) if _next(first) <= clock.today() else None,
        key=known[0] if known is not None else "",
        acting=[one for one in await mandates.represented_by(conn, caller.subject) if not one.matters or MATTER in one.matters],
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


class Wanted(msgspec.Struct, frozen=True):
    """Whose list: empty, or a mandate."""

    mandate: str = ""


@post(f"{PAGE}/export", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=200)
async def download(state: State, caller: GivenCaller, data: URLEncodedBody[Wanted]) -> Response[bytes]:
    """The list as a file, with what proves it (docs/security/log.md)."""
    async with transaction(state.pool) as conn:
        person = await whose(conn, caller, data.mandate)
    body = await export(state.log, state.pool, person.subject)
    name = f"hiroba-log-{clock.today():%Y%m%d}.ndjson"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/x-ndjson", headers=headers)


ROUTES = [mine, download]
