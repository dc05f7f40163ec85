"""The applications that a person agreed to be known to: since when, until when, and the end of it in one press."""

from litestar import Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import PRIVATE
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import RESIDENT
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.provider import telling
from hiroba.exchange.identity.provider.store import agreements

MINE = "/account/applications"


class NotAgreed(NotFound):
    """You have no agreement with this application; it may be over already."""


@get(MINE, opt={"may": (RESIDENT,)}, include_in_schema=False)
async def mine(conn: GivenConnection, page: GivenPage, caller: GivenCaller) -> Response[str]:
    """Every agreement that runs."""
    agreed = await agreements.of_person(conn, await coming.person(conn, caller))
    answer = page.html("door/account/applications.html", agreed=agreed, zone=clock.JAPAN)
    answer.headers.update(PRIVATE)
    return answer


@post(f"{MINE}/end", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def end(conn: GivenConnection, caller: GivenCaller, data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """End one: its tokens are worth nothing from now on, and the application is told."""
    person, application = await coming.person(conn, caller), data.get("application", "")
    if "\x00" in application or not await agreements.withdraw(conn, person, application):
        raise NotAgreed
    await telling.withdrawn(conn, person, application)
    return Redirect(MINE, status_code=303, headers=PRIVATE)


ROUTES = [mine, end]
