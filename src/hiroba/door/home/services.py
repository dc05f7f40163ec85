"""The services a visitor can use."""

from litestar import Response, get

from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE


@get("/services", opt={"may": (ANYONE,)}, include_in_schema=False)
async def all_services(page: GivenPage) -> Response[str]:
    """Every service that has a page for residents."""
    return page.html("door/services.html")
