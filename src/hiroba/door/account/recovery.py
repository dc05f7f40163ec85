"""Coming back in with a code from a counter: the code, then a new way to sign in."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import URLEncodedBody

from hiroba.base import logs
from hiroba.base.db import Connection
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import PRIVATE, Asked
from hiroba.door.account.said import said
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.people import recovery
from hiroba.exchange.identity.people.recovery import CodeSpent
from hiroba.exchange.identity.people.store import attempts, sessions
from hiroba.exchange.identity.people.telling import RECOVERED, Told


class Typed(msgspec.Struct, frozen=True):
    """The code as it was typed."""

    code: str = ""


@get("/sign-in/recover", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ask(page: GivenPage) -> Response[str]:
    """Ask for the code."""
    return page.html("door/account/recover.html", wrong={})


@post("/sign-in/recover", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=200)
async def take(conn: GivenConnection, request: Asked, page: GivenPage, data: URLEncodedBody[Typed]) -> Response[Any]:
    """A right code leads to a new way to sign in; it is used up by that, not by typing it."""
    try:
        code = await recovery.look(conn, data.code[:100])
    except CodeSpent as error:
        logs.refused("POST /sign-in/recover", 422, "", type(error).__name__)
        answer = page.html("door/account/recover.html", status=422, wrong={"code": said(page, error)})
        answer.headers.update(PRIVATE)
        return answer
    secret = await attempts.begin(conn, "recover", {"person": code.person, "code": code.id})
    upstream = request.app.state.upstream
    answer = page.html(
        "door/account/recover_with.html", upstream=upstream.provider if upstream else None,
        elsewhere="" if coming.origin(request) == coming.site(request).origins[0] else coming.site(request).origins[0],
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    answer.set_cookie(coming.attempt_cookie(request, secret))
    return answer


async def recovered(conn: Connection, person: str, code: str) -> Told:
    """A new way works: the code is used up, and whoever was signed in to the account is signed out."""
    used = await recovery.use(conn, code)
    await sessions.end_others(conn, person, "")
    return Told(person, RECOVERED, by=f"{used.organisation} {used.officer}", note=used.reason)


ROUTES = [ask, take]
