"""The provider's endpoints for browsers (RFC 6749 §3.1). They show nothing: they send the browser to a page or back."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Request, get, post
from litestar.datastructures import Cookie, State
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.guards import SESSION_COOKIE, GivenCaller
from hiroba.exchange.identity.organisations import store as registered
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.provider import deciding, leaving, metadata, requests, waiting
from hiroba.exchange.identity.provider.errors import InvalidRequest, OAuthProblem
from hiroba.exchange.identity.provider.forms import form_of, needed, query_of
from hiroba.exchange.identity.provider.granting import Asking
from hiroba.exchange.identity.provider.store import codes

PUSHED: Final = timedelta(seconds=90)
"""How long a pushed request may be used."""
REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
UNSEEN: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""An address that carries a secret is kept nowhere and named to nobody."""


FORGOTTEN: Final = {**UNSEEN, "Clear-Site-Data": '"cache", "storage"'}
"""A browser that leaves keeps nothing of what it saw. Not its cookies: those of the hosts beside would go as well."""


class CannotAnswer(Invalid):
    """This application sent you here with a request that cannot be answered."""


async def push(conn: Connection, asking: Asking) -> dict[str, Any]:
    """A request brought ahead by the application itself (RFC 9126 §2.1): checked now, used once, soon."""
    if "request_uri" in asking.form:
        raise InvalidRequest("A pushed request is no place for another request_uri (RFC 9126 §2.1).")
    asked = requests.checked(asking.form, asking.application)
    if asking.thumbprint is not None:
        if asked.thumbprint not in (None, asking.thumbprint):
            raise InvalidRequest("The dpop_jkt is another key than that of the proof (RFC 9449 §10.1).")
        asked = requests.bound(asked, asking.thumbprint)
    secret = await codes.add_request(conn, "pushed", asking.application.id, asked, PUSHED)
    return {"request_uri": REQUEST_URI + secret, "expires_in": int(PUSHED.total_seconds())}


async def gone(conn: Connection, request: Request[Any, Any, State], back: str) -> Redirect:
    """The session is over, in the house and in this browser, which goes to `back`."""
    await store.sign_out(conn, request.cookies.get(SESSION_COOKIE, ""))
    over = Cookie(SESSION_COOKIE, value="", max_age=0, httponly=True, samesite="lax")
    return Redirect(back, status_code=303, headers=FORGOTTEN, cookies=[over])


@get(metadata.AUTHORIZE, opt={"may": (ANYONE,)}, status_code=303, tags=["OpenID Provider"], summary="Sign a person in")
async def authorize(conn: GivenConnection, request: Request[Any, Any, State]) -> Redirect:
    """The authorization endpoint: the request begins to wait for its person."""
    return await _begin(conn, request, query_of(request))


@post(
    metadata.AUTHORIZE, opt={"may": (ANYONE,), "exclude_from_csrf": True}, status_code=303, tags=["OpenID Provider"],
    summary="Sign a person in",
)  # fmt: skip
async def authorize_by_post(conn: GivenConnection, request: Request[Any, Any, State]) -> Redirect:
    """The same by POST (OpenID Connect Core §3.1.2.1); who is signed in is looked at only after the redirect."""
    return await _begin(conn, request, await form_of(request))


@get(f"{metadata.AUTHORIZE}/{{id:str}}", opt={"may": (ANYONE,)}, status_code=303, include_in_schema=False)
async def go_on(
    conn: GivenConnection, request: Request[Any, Any, State], caller: GivenCaller, id: FromPath[str]  # noqa: A002 - the path's word
) -> Redirect:  # fmt: skip
    """A waiting request takes its next step: to a page of the door, or back to the application."""
    issuer: str = request.app.state.settings.url
    looked = await waiting.look(conn, issuer, id, caller)
    match looked.step:
        case deciding.SignIn(level, fresh):
            query = {"next": f"/consent?id={id}", "level": level, "fresh": "1" if fresh else ""}
            hint = {"hint": looked.asked.login_hint}
            return _to("/sign-in?" + urlencode({name: value for name, value in (query | hint).items() if value}))
        case deciding.Agree():
            return _to(f"/consent?id={quote(id)}")
        case deciding.Refuse(error):
            await codes.end_request(conn, id, looked.asked.pushed)
            return _back(looked.asked, issuer, error.said())
        case deciding.Answer():
            return _back(looked.asked, issuer, {"code": await waiting.code(conn, looked, caller)})


@get(metadata.LOGOUT, opt={"may": (ANYONE,)}, status_code=303, tags=["OpenID Provider"], summary="Sign a person out")
async def leave(conn: GivenConnection, request: Request[Any, Any, State], caller: GivenCaller) -> Redirect:
    """The end session endpoint: at once for who shows an ID token of this very session; anybody else is asked by the door."""
    form = query_of(request)
    wish = await leaving.wish(conn, form, request.app.state.settings.url)
    if caller.kind == "anyone":
        return _to(wish.back)
    if wish.session != caller.id:
        told: dict[str, str] = {
            name: form[name] for name in ("client_id", "post_logout_redirect_uri", "state") if name in form
        }
        if wish.application is not None:
            told["client_id"] = wish.application.id
        return _to(f"/leave?{urlencode(told)}")
    return await gone(conn, request, wish.back)


@post(
    metadata.LOGOUT, opt={"may": (ANYONE,), "exclude_from_csrf": True}, status_code=303, tags=["OpenID Provider"],
    summary="Sign a person out",
)  # fmt: skip
async def leave_by_post(request: Request[Any, Any, State]) -> Redirect:
    """The same by POST: who is signed in is looked at only after the redirect."""
    return _to(f"{metadata.LOGOUT}?{urlencode(await form_of(request))}")


async def _begin(conn: Connection, request: Request[Any, Any, State], form: dict[str, str]) -> Redirect:
    """Check a request. Where it is not even clear who is to be told of a mistake, the person before the browser is."""
    issuer: str = request.app.state.settings.url
    application = await registered.application(conn, needed(form, "client_id"))
    if application is None or application.state == "suspended":
        raise CannotAnswer("The application is not registered here.")
    if "request_uri" in form and form["request_uri"].startswith(REQUEST_URI):
        asked = await codes.pushed(conn, form["request_uri"].removeprefix(REQUEST_URI), application.id)
        if asked is None:
            raise CannotAnswer("The request was used before, or it is too old. Go back and begin again.")
    else:
        try:
            redirect_uri = requests.redirect_uri_of(form, application)
        except OAuthProblem as error:
            raise CannotAnswer(error.detail) from None
        try:
            asked = _asked(form, application)
        except OAuthProblem as error:
            return _redirect(redirect_uri, form.get("state", ""), issuer, error.said())
    id_ = await waiting.begin(conn, application, asked)
    return _to(f"{metadata.AUTHORIZE}/{id_}")


def _asked(form: dict[str, str], application: Application) -> requests.Asked:
    if application.pushed_only:
        raise InvalidRequest("This application's requests have to be pushed (RFC 9126).")
    return requests.checked(form, application)


def _back(asked: requests.Asked, issuer: str, members: dict[str, Any]) -> Redirect:
    return _redirect(asked.redirect_uri, asked.state, issuer, members)


def _redirect(redirect_uri: str, state: str, issuer: str, members: dict[str, Any]) -> Redirect:
    """Back to the application: with what it sent as state, and with who answers (RFC 9207)."""
    query = urlencode(members | ({"state": state} if state else {}) | {"iss": issuer}, quote_via=quote)
    return _to(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}")


def _to(address: str) -> Redirect:
    return Redirect(address, status_code=303, headers=UNSEEN)


ROUTES = [authorize, authorize_by_post, go_on, leave, leave_by_post]
