"""Every route of the door, and how a page says that something is wrong."""

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from hiroba.base.web import problems
from hiroba.door import health
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE


@get("/", opt={"may": (ANYONE,)})
async def home(page: GivenPage) -> Response[str]:
    """The first page."""
    return page.html("door/home.html")


ROUTES: list[BaseRouteHandler] = [health.live, health.ready, health.metrics, home]


def problem(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    """What went wrong, as a page for people and as a problem document for programs."""
    return problems.problem(request, error)
