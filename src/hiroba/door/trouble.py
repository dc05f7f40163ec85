"""How the house says that something is wrong: a page in the same look for people, a problem document for programs."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.response import Redirect

from hiroba.base.errors import Unauthorized
from hiroba.base.text import sentence
from hiroba.base.web import problems
from hiroba.door.account.coming import PRIVATE, back_to, way_in
from hiroba.door.pages import Templates
from hiroba.exchange.identity.callers import NOBODY, RESIDENT
from hiroba.exchange.identity.levels import LevelNeeded
from hiroba.exchange.identity.provider.browser import CannotAnswer
from hiroba.exchange.identity.provider.waiting import RequestOver

SAID = {
    400: "We could not understand that",
    401: "This page is for officers who are signed in",
    403: "You may not open this page",
    404: "This page is not here",
    405: "This page is not here",
    410: "This link is used up",
    413: "That was too large",
    429: "That was a little fast",
    500: "Something went wrong on our side",
    503: "The house cannot answer right now",
}
"""The headline for people; the problem's own sentence follows it."""

OWN: dict[type[Exception], tuple[str, str]] = {
    RequestOver: (
        sentence("This sign-in is over"),
        sentence("It was answered before, or it took too long. Go back to the application and begin again."),
    ),
    CannotAnswer: (
        sentence("The application sent you here with a mistake"),
        sentence("It was told nothing, and you are not led on. Go back and begin again, or tell those who run it."),
    ),
}
"""What is said in words of its own, because the status alone would mislead: headline and what to do."""


def wants_a_page(accept: str) -> bool:
    """Whether a person's browser asks: it names text/html, which programs do not."""
    return "text/html" in accept.lower()


def _way_in(request: Request[Any, Any, State], error: Exception) -> str:
    """Where a person is led who has to sign in, or to show once more who they are; "" where that is not the matter."""
    if isinstance(error, LevelNeeded):
        level: str = error.level
    elif isinstance(error, Unauthorized) and RESIDENT in request.route_handler.opt.get("may", ()):
        level = ""
    else:
        return ""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return way_in(here if request.method == "GET" else back_to(request), level)


def problem(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    """What went wrong."""
    said = problems.problem(request, error)
    if not wants_a_page(request.headers.get("accept", "")):
        return said
    if way := _way_in(request, error):
        return Redirect(way, status_code=303, headers=PRIVATE)
    document = said.content
    status: int = document["status"]
    caller = (request.scope.get("state") or {}).get("caller", NOBODY)
    regions = getattr(request.app.state, "regions", None)
    templates: Templates = request.app.state.templates
    page = templates.page(request, caller, regions.known if regions else None)
    headline = SAID.get(status) or SAID[500 if status >= 500 else 400]  # noqa: PLR2004 - server errors begin there
    headline, mend = OWN.get(type(error), (headline, ""))
    return page.html("door/trouble.html", status=status, headline=headline, mend=mend, problem=document)
