"""People I act for, and who acts for me: giving a mandate, accepting one by its code, ending it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base.clock import JAPAN
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid, Problem
from hiroba.base.web.given import GivenConnection
from hiroba.door.account.coming import PRIVATE
from hiroba.door.account.said import beside, said
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.identity.callers import RESIDENT, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import mandates, recovery

HERE = "/account/mandates"


class Given(msgspec.Struct, frozen=True):
    """A mandate to give: what the proxy knows me by, its last day."""

    shown: str = ""
    until: str = ""


class Code(msgspec.Struct, frozen=True):
    """An invitation's code, and what the other knows me by."""

    code: str = ""
    shown: str = ""


@get(HERE, opt={"may": (RESIDENT,)}, include_in_schema=False)
async def all_of_them(conn: GivenConnection, caller: GivenCaller, page: GivenPage) -> Response[str]:
    """Both sides."""
    return await _page(conn, caller, page)


@post(HERE, opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=200)
async def give(
    conn: GivenConnection, caller: GivenCaller, page: GivenPage, data: URLEncodedBody[Given]
) -> Response[str]:
    """Give a mandate: the code, shown once."""
    caller.must_have_level("passkey")
    try:
        until = last_moment(data.until)
        code = await mandates.invite_proxy(conn, caller.subject, shown=data.shown, matters=(), until=until)
    except Invalid as error:
        return await _page(conn, caller, page, wrong=beside(page, error, "shown"), typed=data)
    return await _page(conn, caller, page, code=recovery.grouped(code))


@post(f"{HERE}/look", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=200)
async def look(
    conn: GivenConnection, caller: GivenCaller, page: GivenPage, data: URLEncodedBody[Code]
) -> Response[str]:
    """What an invitation is about, before it is accepted."""
    try:
        offered = await mandates.look(conn, data.code[:100])
    except Problem as error:
        return await _page(conn, caller, page, wrong={"code": said(page, error)})
    return _kept(page.html("door/account/mandate_accept.html", offered=offered, code=data.code[:100], wrong={}))


@post(f"{HERE}/accept", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def accept(
    conn: GivenConnection, caller: GivenCaller, page: GivenPage, data: URLEncodedBody[Code]
) -> Response[Any]:
    """Take it on."""
    caller.must_have_level("passkey")
    try:
        await mandates.accept(conn, data.code[:100], caller.subject, data.shown)
    except Invalid as error:
        offered = await mandates.look(conn, data.code[:100])
        wrong = {"shown": said(page, error)}
        return _kept(
            page.html(
                "door/account/mandate_accept.html", status=422, offered=offered, code=data.code[:100], wrong=wrong
            )
        )
    return Redirect(HERE, status_code=303)


@post(f"{HERE}/{{mandate:str}}/end", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def end(conn: GivenConnection, caller: GivenCaller, mandate: FromPath[str]) -> Redirect:
    """End one, from the next question on."""
    await mandates.end(conn, mandate, caller.subject)
    return Redirect(HERE, status_code=303)


def last_moment(day: str) -> datetime | None:
    """The end of a day in Japan, as a form gives it; None where none was given."""
    if not day:
        return None
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise mandates.WrongDay from None
    return datetime.combine(after, time(), JAPAN).astimezone(UTC)


async def _page(
    conn: Connection, caller: Caller, page: Page, *, code: str = "", wrong: dict[str, str] | None = None,
    typed: Given | None = None,
) -> Response[str]:  # fmt: skip
    held, given = await mandates.of(conn, caller.subject)
    return _kept(
        page.html(
            "door/account/mandates.html", status=422 if wrong else 200, held=held, given=given, code=code,
            wrong=wrong or {}, typed=typed or Given(),
        )
    )  # fmt: skip


def _kept(answer: Response[str]) -> Response[str]:
    answer.headers.update(PRIVATE)
    return answer


ROUTES = [all_of_them, give, look, accept, end]
