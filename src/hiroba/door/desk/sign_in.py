"""Signing in by a link that works once, and signing out."""

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base import logs
from hiroba.base.errors import Forbidden, NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import UNSEEN, Asked
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.people.store import attempts
from hiroba.exchange.identity.provider.browser import gone


class NoAccount(Forbidden):
    """This link names no officer's account, and officers here sign in with passkeys."""


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
async def enter(conn: GivenConnection, request: Asked, state: State, secret: FromPath[str]) -> Redirect:
    """Use the link up: begin a session, or, where officers need a passkey, let this officer make one first."""
    link = await store.use_link(conn, secret)
    if link is None:
        raise LinkOver("Ask the operator of this house for a new link.")
    if link.kind == "officer" and state.settings.officers_need_passkeys:
        if link.officer is None:
            raise NoAccount("Ask the operator for a link with your name: hiroba sign-in --officer … --name …")
        attempt = await attempts.begin(conn, "officer", {"officer": link.officer})
        cookie = coming.attempt_cookie(request, attempt)
        return Redirect("/sign-in/officer", status_code=303, cookies=[cookie], headers=UNSEEN)
    if before := coming.held(request):
        await store.sign_out(conn, before)
    session = await store.begin_session(conn, link)
    logs.entered(f"{link.kind} {link.officer or ''}".strip(), "link")
    cookie = coming.session_cookie(request, session, store.SESSION_LIFE)
    return Redirect("/desk", status_code=303, cookies=[cookie], headers=UNSEEN)


@get("/sign-in/officer", opt={"may": (ANYONE,)}, include_in_schema=False)
async def make_passkey(request: Asked, page: GivenPage) -> Response[str]:
    """The officer's passkey: whoever was let in by the link makes it here, and it opens the desk from now on."""
    origin = coming.site(request).origins[0]
    answer = page.html("door/account/officer.html", elsewhere="" if coming.origin(request) == origin else origin)
    answer.headers.update(UNSEEN)
    return answer


@post("/sign-out", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def leave(conn: GivenConnection, request: Asked) -> Redirect:
    """End the session, here and in the house."""
    return await gone(conn, request, "/")


ROUTES = [ask, enter, make_passkey, leave]
