"""The page that asks, where an application wishes it, whether the person wants to leave the house as well."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from hiroba.base.web.given import GivenConnection
from hiroba.door.account.consent import origin
from hiroba.door.headers import policy
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.provider import leaving
from hiroba.exchange.identity.provider.browser import UNSEEN, gone
from hiroba.exchange.identity.provider.forms import query_of

Asked = Request[Any, Any, State]


class Said(msgspec.Struct, frozen=True):
    """What the person says, and what the application had wished."""

    answer: str = ""
    client_id: str = ""
    post_logout_redirect_uri: str = ""
    state: str = ""

    def form(self) -> dict[str, str]:
        """The wish once more, to be checked again."""
        wished = {name: getattr(self, name) for name in ("client_id", "post_logout_redirect_uri", "state")}
        return {name: value for name, value in wished.items() if value}


@get("/leave", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ask(conn: GivenConnection, page: GivenPage, request: Asked) -> Response[str]:
    """Ask."""
    form = query_of(request)
    wish = await leaving.wish(conn, form, request.app.state.settings.url)
    answer = page.html("door/account/leave.html", application=wish.application, wished=form)
    answer.headers.update(UNSEEN)
    if wish.back != "/":
        answer.headers["Content-Security-Policy"] = policy(request.app.state.settings.tiles, origin(wish.back))
    return answer


@post("/leave", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def say(conn: GivenConnection, request: Asked, data: URLEncodedBody[Said]) -> Redirect:
    """End the session, or let it be; either way back to the application."""
    wish = await leaving.wish(conn, data.form(), request.app.state.settings.url)
    if data.answer != "leave":
        return Redirect(wish.back, status_code=303, headers=UNSEEN)
    return await gone(conn, request, wish.back)


ROUTES = [ask, say]
