"""The switch between the languages of the house."""

from litestar import get
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from hiroba.base.errors import NotFound
from hiroba.base.text import LANGUAGES
from hiroba.door.pages import LANGUAGE_COOKIE
from hiroba.exchange.identity.callers import ANYONE

YEAR = 365 * 86400


def here(address: str) -> str:
    """`address` where it is a path of this house, else the home page: a link may not lead a reader elsewhere."""
    local = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if local else "/"


@get("/language/{code:str}", opt={"may": (ANYONE,)}, include_in_schema=False, sync_to_thread=False, status_code=303)
def language(code: FromPath[str], next: FromQuery[str] = "/") -> Redirect:  # noqa: A002 - the parameter's usual name
    """Remember the language and go back to the page."""
    if code not in LANGUAGES:
        raise NotFound(f"The house does not speak {code[:20]}. It speaks: {', '.join(LANGUAGES)}.")
    chosen = Cookie(LANGUAGE_COOKIE, value=code, max_age=YEAR, samesite="lax")
    return Redirect(here(next), status_code=303, cookies=[chosen], headers={"Cache-Control": "no-store"})
