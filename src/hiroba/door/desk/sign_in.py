"""Signing in by a link that works once, and signing out."""

from typing import Final

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.guards import SESSION_COOKIE

UNSEEN: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""A page whose address is a secret is kept nowhere and named to nobody."""


class LinkOver(NotFound):
    """This sign-in link was used before, is too old, or was never given."""

    status = 410


@get("/sign-in/once/{secret:str}", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ask(page: GivenPage, secret: FromPath[str]) -> Response[str]:
    """Ask before the link is used up, so that a mail program's preview does not do it."""
    answer = page.html("door/sign_in.html", secret=secret)
    answer.headers.update(UNSEEN)
    return answer


@post("/sign-in/once/{secret:str}", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def enter(conn: GivenConnection, state: State, secret: FromPath[str]) -> Redirect:
    """Use the link up and begin a session."""
    session = await store.sign_in(conn, secret)
    if session is None:
        raise LinkOver("Ask the operator of this house for a new link.")
    cookie = Cookie(
        SESSION_COOKIE, value=session, max_age=int(store.SESSION_LIFE.total_seconds()), httponly=True, samesite="lax",
        secure=state.settings.url.startswith("https"),
    )  # fmt: skip
    return Redirect("/desk", status_code=303, cookies=[cookie], headers=UNSEEN)


@post("/sign-out", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def leave(conn: GivenConnection, request: Request) -> Redirect:  # type: ignore[type-arg]
    """End the session, here and in the house."""
    if session := request.cookies.get(SESSION_COOKIE):
        await store.sign_out(conn, session)
    over = Cookie(SESSION_COOKIE, value="", max_age=0, httponly=True, samesite="lax")
    return Redirect("/", status_code=303, cookies=[over])


ROUTES = [ask, enter, leave]
