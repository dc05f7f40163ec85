"""Officers' accounts, for the operator: who there is, with which roles, and ending one."""

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import OPERATOR
from hiroba.exchange.identity.people.store import officers

HERE = "/desk/officers"


@get(HERE, opt={"may": (OPERATOR,)}, include_in_schema=False)
async def all_officers(conn: GivenConnection, page: GivenPage) -> Response[str]:
    """Every account that has not ended."""
    return page.html("door/desk/officers.html", officers=await officers.all_of(conn))


@post(f"{HERE}/{{officer:str}}/end", opt={"may": (OPERATOR,)}, include_in_schema=False, status_code=303)
async def end(conn: GivenConnection, officer: FromPath[str]) -> Redirect:
    """End an account, with its sessions and passkeys."""
    await officers.end(conn, officer)
    return Redirect(HERE, status_code=303)


ROUTES = [all_officers, end]
