"""The first page of an officer: their duties."""

from litestar import Response, get

from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import OPERATOR, May


@get("/desk", opt={"may": (May("officer"), OPERATOR)}, include_in_schema=False)
async def desk(page: GivenPage) -> Response[str]:
    """What this officer may do here."""
    return page.html("door/duties.html")
