"""At the desk: what the organisation asks personal data for, the papers on file, opening and closing."""

from datetime import date
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.base.text import sentence
from hiroba.base.web.given import GivenConnection
from hiroba.door.account.coming import PRIVATE
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.gateway.grants import endings
from hiroba.exchange.gateway.officers import acting, organisations_of
from hiroba.exchange.gateway.purposes import acts, store
from hiroba.exchange.gateway.purposes.model import NEXT, Paper, PaperKind
from hiroba.exchange.identity.callers import Caller, officer
from hiroba.exchange.identity.guards import GivenCaller

HERE: Final = "/desk/purposes"
ROLE, BOARD = "purposes", "board"
LOOK: Final = {"may": (officer(ROLE), officer(BOARD))}
KEEP: Final = {"may": (officer(ROLE),)}
KINDS: Final[dict[PaperKind, str]] = {
    "pia": sentence("Privacy impact assessment"),
    "elsi": sentence("Sheet of ethical, legal and social questions"),
    "decision": sentence("Decision of the board"),
}
STATES: Final = {
    "draft": (sentence("Draft"), "gray"),
    "assessed": (sentence("Assessed"), "warn"),
    "decided": (sentence("Decided"), "pref"),
    "active": (sentence("May be asked for"), ""),
    "retired": (sentence("Closed for good"), "gray"),
}


class PaperForm(msgspec.Struct, frozen=True):
    """A document, named by its hash and its day."""

    kind: str = ""
    sha256: str = ""
    dated: str = ""
    title: str = ""


@get(HERE, opt=LOOK, include_in_schema=False)
async def purposes(conn: GivenConnection, page: GivenPage, caller: GivenCaller) -> Response[str]:
    """What we ask for, and what is missing before it may be asked."""
    return await _page(conn, page, caller)


@post(f"{HERE}/{{id_:str}}/papers", opt=LOOK, include_in_schema=False)
async def file(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str], data: URLEncodedBody[PaperForm]
) -> Response[Any]:
    """Put a paper on file: the board's decision by the board, the others by whoever keeps the purposes."""
    caller.must_be((officer(BOARD if data.kind == "decision" else ROLE),))
    form = {"kind": data.kind, "sha256": data.sha256.strip().lower(), "dated": data.dated, "title": data.title.strip()}
    try:
        paper = msgspec.convert(form, Paper)
    except msgspec.ValidationError:
        words = page.text("A paper has a title, a day, and a SHA-256 of 64 figures and letters.")
        return await _page(conn, page, caller, {id_: words}, status=422)
    return await _done(conn, page, caller, id_, acts.file(conn, await acting(conn, caller), id_, paper))


@post(f"{HERE}/{{id_:str}}/open", opt=KEEP, include_in_schema=False)
async def open_(conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str]) -> Response[Any]:
    """Let it be asked for."""
    return await _done(conn, page, caller, id_, acts.activate(conn, await acting(conn, caller), id_))


@post(f"{HERE}/{{id_:str}}/close", opt=KEEP, include_in_schema=False)
async def close(conn: GivenConnection, page: GivenPage, caller: GivenCaller, id_: FromPath[str]) -> Response[Any]:
    """Close it for good, with everything granted for it."""
    return await _done(conn, page, caller, id_, endings.retire(conn, await acting(conn, caller), id_))


async def _done(conn: Connection, page: Page, caller: Caller, id_: str, act: Any) -> Response[Any]:
    """Back to the list, or the list with what was wrong."""
    try:
        async with conn.transaction():
            await act
    except Problem as error:
        said = f"{page.text('That was not done.')} {error.detail}"
        return await _page(conn, page, caller, {id_: said}, status=error.status)
    return Redirect(f"{HERE}#{id_}", status_code=303)


async def _page(
    conn: Connection, page: Page, caller: Caller, wrong: dict[str, str] | None = None, *, status: int = 200
) -> Response[str]:
    ours = set(await organisations_of(conn, await acting(conn, caller)))
    found = [purpose for purpose in await store.purposes(conn) if purpose.organisation in ours]
    answer = page.html(
        "door/desk/purposes.html", status=status, purposes=list(reversed(found)), kinds=KINDS, states=STATES, next=NEXT,
        wrong=wrong or {}, keeps=caller.is_allowed((officer(ROLE),)), decides=caller.is_allowed((officer(BOARD),)),
        day=lambda at: page.catalogue.date(at if type(at) is date else at.date()),
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


ROUTES = [purposes, file, open_, close]
