"""At the counter: a recovery code after papers were checked, and a guardian's mandate for a child."""

import msgspec
from litestar import Response, get, post
from litestar.params import URLEncodedBody

from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.base.web.given import GivenConnection
from hiroba.door.account.coming import PRIVATE
from hiroba.door.account.mandates import last_moment
from hiroba.door.account.said import beside
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.identity.callers import officer
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import mandates, recovery

HERE = "/desk/counter"
MAY = {"may": (officer(recovery.ROLE),)}


class Recovery(msgspec.Struct, frozen=True):
    """Who is at the counter, which papers were checked, why."""

    said: str = ""
    papers: str = ""
    reason: str = ""


class Guardian(msgspec.Struct, frozen=True):
    """A child: what its guardian calls it, its account's number if it has one, its last day as a child, the papers."""

    shown: str = ""
    child: str = ""
    until: str = ""
    basis: str = ""


@get(HERE, opt=MAY, include_in_schema=False)
async def counter(page: GivenPage) -> Response[str]:
    """Both forms."""
    return _page(page)


@post(f"{HERE}/recovery", opt=MAY, include_in_schema=False, status_code=200)
async def give_code(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, data: URLEncodedBody[Recovery]
) -> Response[str]:
    """A recovery code, shown once."""
    try:
        person = await recovery.find(conn, data.said[:300])
        code = await recovery.give(conn, caller, person, data.papers, data.reason)
    except Problem as error:
        return _page(page, wrong=beside(page, error, "papers"), recovery_typed=data)
    return _page(page, code=recovery.grouped(code))


@post(f"{HERE}/guardian", opt=MAY, include_in_schema=False, status_code=200)
async def give_mandate(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, data: URLEncodedBody[Guardian]
) -> Response[str]:
    """A code by which the guardian accepts the child's mandate, shown once."""
    try:
        code = await _invited(conn, caller.organisation, data)
    except Problem as error:
        return _page(page, wrong=beside(page, error, "basis"), guardian_typed=data)
    return _page(page, invitation=recovery.grouped(code))


async def _invited(conn: Connection, organisation: str, data: Guardian) -> str:
    until = last_moment(data.until)
    if until is None:
        raise mandates.NoLastDay("Write the last day, the one before the child comes of age.")
    return await mandates.invite_guardian(
        conn, organisation, shown=data.shown, until=until, basis=data.basis, child=data.child
    )


def _page(
    page: Page, *, code: str = "", invitation: str = "", wrong: dict[str, str] | None = None,
    recovery_typed: Recovery | None = None, guardian_typed: Guardian | None = None,
) -> Response[str]:  # fmt: skip
    answer = page.html(
        "door/desk/counter.html", status=422 if wrong else 200, code=code, invitation=invitation, wrong=wrong or {},
        recovery=recovery_typed or Recovery(), guardian=guardian_typed or Guardian(),
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


ROUTES = [counter, give_code, give_mandate]
