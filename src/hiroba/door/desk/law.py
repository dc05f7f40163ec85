"""At the desk: grants by law. One proposes, two others approve (one at night), the board looks at each again."""

from datetime import date
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid, Problem
from hiroba.base.text import sentence
from hiroba.base.web.given import GivenConnection
from hiroba.door.account.coming import PRIVATE
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.gateway.grants import lawful
from hiroba.exchange.gateway.grants.law import Proposal
from hiroba.exchange.gateway.grants.lawful import About
from hiroba.exchange.gateway.grants.model import Mode
from hiroba.exchange.gateway.grants.store import offices, sources
from hiroba.exchange.gateway.officers import acting
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.identity.callers import Caller, officer
from hiroba.exchange.identity.guards import GivenCaller

HERE: Final = "/desk/law"
ROLE, BOARD = "law", "board"
LOOK: Final = {"may": (officer(ROLE), officer(BOARD))}
ACT: Final = {"may": (officer(ROLE),)}
REVIEW: Final = {"may": (officer(BOARD),)}
MODES: Final[dict[Mode, str]] = {
    "withheld": sentence("Not shown to the person yet"),
    "delayed": sentence("Shown from that day on"),
    "immediate": sentence("Shown now"),
}
STATES: Final = {
    "offered": (sentence("Waits for approval"), "warn"),
    "active": (sentence("May read now"), ""),
    "withdrawn": (sentence("Ended by the office"), "gray"),
    "expired": (sentence("Its time is over"), "gray"),
    "superseded": (sentence("Replaced by a newer version"), "gray"),
}


class ProposalForm(msgspec.Struct, frozen=True):
    """What an officer states; `rests_on` is purpose|office|law."""

    rests_on: str = ""
    recipient: str = ""
    source: str = ""
    subject: str = ""
    case: str = ""
    necessity: str = ""
    days: str = ""


class ReviewForm(msgspec.Struct, frozen=True):
    """What the board found."""

    mode: str = ""
    review_on: str = ""
    finding: str = ""


@get(HERE, opt=LOOK, include_in_schema=False)
async def matters(conn: GivenConnection, page: GivenPage, caller: GivenCaller) -> Response[str]:
    """What waits for me."""
    return await _page(conn, page, caller)


@post(HERE, opt=ACT, include_in_schema=False)
async def propose(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, data: URLEncodedBody[ProposalForm]
) -> Response[Any]:
    """State law, case and necessity."""
    purpose, _, rest = data.rests_on.partition("|")
    office, _, law = rest.partition("|")
    about = About(office=office, purpose=purpose, source=data.source, subject=data.subject.strip())
    days = int(data.days) if data.days.isascii() and data.days.isdigit() and len(data.days) < 4 else 0  # noqa: PLR2004
    proposal = Proposal(
        law=law, case=data.case[:200], necessity=data.necessity[:2000], recipient=data.recipient, days=days
    )
    act = lawful.propose(conn, await acting(conn, caller), about, proposal)
    return await _done(conn, page, caller, act, typed=data)


@post(f"{HERE}/{{id_:str}}/approve", opt=ACT, include_in_schema=False)
async def approve(conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str]) -> Response[Any]:
    """One more who has looked and agrees."""
    return await _done(conn, page, caller, lawful.approve(conn, await acting(conn, caller), id_))


@post(f"{HERE}/{{id_:str}}/lift", opt=ACT, include_in_schema=False)
async def lift(conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str]) -> Response[Any]:
    """It is not needed any more."""
    return await _done(conn, page, caller, lawful.lift(conn, await acting(conn, caller), id_))


@post(f"{HERE}/{{id_:str}}/review", opt=REVIEW, include_in_schema=False)
async def review(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str], data: URLEncodedBody[ReviewForm]
) -> Response[Any]:
    """The board has looked."""
    try:
        mode = msgspec.convert(data.mode, Mode)
        again = date.fromisoformat(data.review_on) if data.review_on else None
    except ValueError:
        raise Invalid("Choose what the person sees, and a day.") from None
    act = lawful.review(conn, await acting(conn, caller), id_, mode, again, data.finding[:2000])
    return await _done(conn, page, caller, act)


async def _done(
    conn: Connection, page: Page, caller: Caller, act: Any, *, typed: ProposalForm | None = None
) -> Response[Any]:
    """Back to the list, or the list with what was wrong and what was typed."""
    try:
        async with conn.transaction():
            await act
    except Problem as error:
        lines = (type(error).__doc__ or "").strip().splitlines()
        return await _page(conn, page, caller, error.detail or lines[0], typed, status=error.status)
    return Redirect(HERE, status_code=303)


async def _page(
    conn: Connection,
    page: Page,
    caller: Caller,
    wrong: str = "",
    typed: ProposalForm | None = None,
    *,
    status: int = 200,
) -> Response[str]:
    who = await acting(conn, caller)
    ours = [office for office in await offices.every(conn) if office.organisation == who.office]
    rests = [
        (purpose, office, law)
        for purpose in await purposes.purposes(conn)
        if purpose.state == "active"
        for law in purpose.definition.laws
        for office in ours
        if office.id in law.offices
    ]
    answer = page.html(
        "door/desk/law.html", status=status, matters=await lawful.of_offices(conn, who), offices=ours, rests=rests,
        sources=await sources.every(conn), modes=MODES, states=STATES, wrong=wrong, typed=typed or ProposalForm(), me=who.by,
        open_now={office.id: office.is_open(clock.now()) for office in ours}, acts=caller.is_allowed((officer(ROLE),)),
        reviews=caller.is_allowed((officer(BOARD),)),
        moment=lambda at: page.catalogue.date(at.astimezone(clock.JAPAN).date()) + f" {at.astimezone(clock.JAPAN):%H:%M}",
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


ROUTES = [matters, propose, approve, lift, review]
