"""The page with the ways in, for signing in and for showing once more that it is you."""

from typing import Any

from litestar import Response, get
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.door.account.coming import PRIVATE, Asked, after, origin, site
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.identity.callers import ANYONE, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.levels import FRESH, Level, known, reaches
from hiroba.exchange.identity.people.upstream import Upstream


@get("/sign-in", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ways_in(request: Asked, page: GivenPage, caller: GivenCaller) -> Response[Any]:
    """How one can sign in here.

    `next`: where it leads; `level`: what must be shown, within the last minutes; `fresh`: now; `hint`: a mail address.
    """
    asked = request.query_params
    wanted = known(asked.get("level", ""))
    if "fresh" not in asked and _suffices(caller, wanted):
        return Redirect(after(asked.get("next", "")), status_code=303, headers=PRIVATE)
    return ways_page(request, page, asked.get("next", ""), wanted or "mail", typed=asked.get("hint", "")[:254])


def ways_page(
    request: Asked, page: Page, next_: str, wanted: Level = "mail", *, typed: str = "", wrong: str = ""
) -> Response[str]:
    """The page itself; `wrong` is what was the matter with the mail address that was `typed`."""
    upstream: Upstream | None = request.app.state.upstream
    passkey_origin = site(request).origins[0]
    answer = page.html(
        "door/account/sign_in.html",
        status=422 if wrong else 200,
        next=next_,
        wanted=wanted,
        mail=reaches("mail", wanted),
        passkey=reaches("passkey", wanted),
        elsewhere="" if origin(request) == passkey_origin else passkey_origin,
        upstream=upstream.provider if upstream else None,
        typed=typed,
        wrong={"address": wrong} if wrong else {},
    )
    answer.headers.update(PRIVATE)
    return answer


def _suffices(caller: Caller, wanted: Level | None) -> bool:
    """Whether whoever looks is in already, as far as is asked."""
    if caller.kind != "resident" or caller.proof is None:
        return False
    return wanted is None or (reaches(caller.proof.level, wanted) and clock.now() - caller.proof.at <= FRESH)


ROUTES = [ways_in]
