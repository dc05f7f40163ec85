"""The officer's side: the reports of one's own municipality, and what is decided about each."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden, Invalid, NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.broker.exchange import Exchange, GivenExchange
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import Caller, officer
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.services.reports import model, store
from hiroba.services.reports.model import Contact, Decision, Report
from hiroba.services.reports.pages import PRIVATE, jpeg, towns
from hiroba.services.reports.pages.maps import drawn

ROLE: Final = "reports"
OFFICER: Final = {"may": (officer(ROLE),)}
QUEUE: Final = 100
"""As many reports stand in a list at once."""
Days = Annotated[int, Parameter(ge=0, le=3650)]


def _own(caller: Caller) -> str | None:
    """The municipality whose reports this caller sees; None is all of them."""
    return None if caller.kind == "operator" else caller.organisation


async def _mine(conn: Connection, caller: Caller, number: int) -> Report:
    """The report, if it is this officer's to see; another municipality's is as good as none."""
    await store.lock(conn, number)
    report = await store.report_of(conn, number)
    if report is None or _own(caller) not in {None, report.lg_code}:
        raise NotFound(f"There is no report {number} at this desk.")
    return report


def _states(state: str) -> list[str] | None:
    return list(model.OPEN) if state == "open" else [state] if state in model.STATES else None


@get("/desk/reports", opt=OFFICER, include_in_schema=False)
async def queue(
    conn: GivenConnection,
    page: GivenPage,
    caller: GivenCaller,
    only: FromQuery[str] = "open",
    days: FromQuery[Days] = 0,
) -> Response[str]:
    """Everything that waits, the longest first."""
    now = clock.now()
    own = _own(caller)
    wanted = store.Wanted(
        lg_code=own, states=_states(only), until=now - timedelta(days=days) if days else None,
        newest_first=only not in {"open", *model.OPEN}, limit=QUEUE,
    )  # fmt: skip
    return _private(page.html(
        "reports/desk.html", reports=await store.reports(conn, wanted), counts=await store.counts(conn, own), only=only,
        days=days, now=now, kinds=model.KINDS, states=model.STATES, open_states=model.OPEN, own=own, queue=QUEUE,
        towns=await towns(conn, page.language), keys_only=bool(own) and await store.takes_keys_only(conn, own or ""),
    ))  # fmt: skip


@get("/desk/reports/{number:int}", opt=OFFICER, include_in_schema=False)
async def case(
    conn: GivenConnection, exchange: GivenExchange, page: GivenPage, caller: GivenCaller, number: FromPath[int]
) -> Response[str]:
    """One report and what may be decided about it."""
    return await _case(conn, exchange, page, caller, await _mine(conn, caller, number))


async def _case(
    conn: Connection, exchange: Exchange, page: Page, caller: Caller, report: Report, *, wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None, contact: Contact | None = None,
) -> Response[str]:  # fmt: skip
    waiting = store.Wanted(lg_code=_own(caller), states=model.OPEN, newest_first=False, limit=30)
    blank = dict.fromkeys((*Decision.__struct_fields__, "lg_code", "longitude", "latitude"), "")
    return _private(page.html(
        "reports/case.html", status=422 if wrong else 200, report=report, kind=model.KINDS[report.kind], kinds=model.KINDS,
        states=model.STATES, next=model.NEXT[report.state], history=await store.history(conn, report),
        looks=await store.looks(conn, report), waiting=await store.reports(conn, waiting), now=clock.now(),
        towns=await towns(conn, page.language), wrong=wrong or {}, typed=blank | (typed or {}), contact=contact,
        known=[pair for pair in await store.similar(conn, report.kind, report.place) if pair[0].id != report.id]
        if report.place else [],
        drawing=await drawn(conn, exchange, page, report.place) if report.place else None,
    ))  # fmt: skip


def _private(answer: Response[str]) -> Response[str]:
    answer.headers.update(PRIVATE)
    return answer


@get("/desk/reports/{number:int}/photo", opt=OFFICER, include_in_schema=False)
async def photo(conn: GivenConnection, caller: GivenCaller, number: FromPath[int]) -> Response[bytes]:
    """The photo, public or not."""
    return jpeg(await store.photo(conn, await _mine(conn, caller, number)), PRIVATE)


class ShowForm(msgspec.Struct, frozen=True):
    """Ticked boxes: what the public may see."""

    words: str = ""
    photo: str = ""


@post("/desk/reports/{number:int}/show", opt=OFFICER, include_in_schema=False)
async def show(
    conn: GivenConnection,
    caller: GivenCaller,
    exchange: GivenExchange,
    number: FromPath[int],
    data: URLEncodedBody[ShowForm],
) -> Redirect:
    """Let the public see words and photo, or take them back."""
    report = await _mine(conn, caller, number)
    await store.show(conn, exchange, report, words=bool(data.words), photo=bool(data.photo) and report.has_photo)
    return _back(number)


@post("/desk/reports/{number:int}/contact", opt=OFFICER, include_in_schema=False, status_code=200)
async def look(
    conn: GivenConnection, exchange: GivenExchange, page: GivenPage, caller: GivenCaller, number: FromPath[int]
) -> Response[str]:
    """Show the contact, this once; the look is written down."""
    report = await _mine(conn, caller, number)
    contact = await store.look_at_contact(conn, report, caller.id, caller.organisation)
    return await _case(conn, exchange, page, caller, report, contact=contact)


@post("/desk/reports/{number:int}/state", opt=OFFICER, include_in_schema=False)
async def decide(
    conn: GivenConnection, *, page: GivenPage, caller: GivenCaller, exchange: GivenExchange, number: FromPath[int],
    data: URLEncodedBody[Decision],
) -> Response[Any]:  # fmt: skip
    """Bring the report into another state."""
    report = await _mine(conn, caller, number)
    try:
        decision = data.cleaned()
        wrong = model.mistakes(report.state, decision)
        if not wrong:
            await store.decide(conn, exchange, report, decision, caller.id)
            return _back(number)
    except Invalid as error:
        wrong = {"duplicate_of" if data.state == "duplicate" else "words": error.detail}
    sentences = {name: page.text(sentence) for name, sentence in wrong.items()}
    return await _case(conn, exchange, page, caller, report, wrong=sentences, typed=msgspec.structs.asdict(data))


class HandOverForm(msgspec.Struct, frozen=True):
    """Whose report it is, and why."""

    lg_code: str = ""
    words: str = ""


@post("/desk/reports/{number:int}/hand-over", opt=OFFICER, include_in_schema=False)
async def hand_over(
    conn: GivenConnection, *, page: GivenPage, caller: GivenCaller, exchange: GivenExchange, number: FromPath[int],
    data: URLEncodedBody[HandOverForm],
) -> Response[Any]:  # fmt: skip
    """Give the report to another municipality of the region."""
    report = await _mine(conn, caller, number)
    if data.lg_code not in {town.lg_code for town in await identity.municipalities(conn)} - {report.lg_code}:
        wrong = {"lg_code": page.text("Choose the other municipality.")}
        return await _case(conn, exchange, page, caller, report, wrong=wrong, typed=msgspec.structs.asdict(data))
    decision = Decision(state="received", words=data.words[: model.WORDS_LIMIT]).cleaned()
    await store.hand_over(conn, exchange, report, data.lg_code, decision, officer=caller.id)
    return Redirect("/desk/reports" if _own(caller) else f"/desk/reports/{number}", status_code=303)


class PlaceForm(msgspec.Struct, frozen=True):
    """A point."""

    longitude: str = ""
    latitude: str = ""


@post("/desk/reports/{number:int}/place", opt=OFFICER, include_in_schema=False)
async def place(
    conn: GivenConnection, *, page: GivenPage, caller: GivenCaller, exchange: GivenExchange, number: FromPath[int],
    data: URLEncodedBody[PlaceForm],
) -> Response[Any]:  # fmt: skip
    """Put a report on the map that was described in words, or set its place right."""
    report = await _mine(conn, caller, number)
    try:
        point = model.place_of(data.longitude, data.latitude)
        town = await identity.municipality_at(conn, *point)
        if town is None or town.lg_code != report.lg_code:
            raise Invalid("This place is not in the municipality of this report.")  # noqa: TRY301 - one way to say it
    except Invalid as error:
        wrong = {"place": page.text(error.detail)}
        return await _case(conn, exchange, page, caller, report, wrong=wrong, typed=msgspec.structs.asdict(data))
    await store.put_place(conn, exchange, report, point)
    return _back(number)


class AppsForm(msgspec.Struct, frozen=True):
    """Ticked: apps need a key."""

    keys_only: str = ""


@post("/desk/reports/apps", opt=OFFICER, include_in_schema=False)
async def apps(conn: GivenConnection, caller: GivenCaller, data: URLEncodedBody[AppsForm]) -> Redirect:
    """Whether reports from apps (Open311) need a key in this municipality."""
    if caller.kind == "operator":
        raise Forbidden("Each municipality decides this for itself.")
    await store.put_keys_only(conn, caller.organisation, keys_only=bool(data.keys_only))
    return Redirect("/desk/reports", status_code=303)


def _back(number: int) -> Redirect:
    return Redirect(f"/desk/reports/{number}", status_code=303)


ROUTES = (queue, case, photo, show, look, decide, hand_over, place, apps)
