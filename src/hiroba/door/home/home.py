"""The first page."""

from litestar import Response, get

from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE


@get("/", opt={"may": (ANYONE,)}, include_in_schema=False)
async def home(page: GivenPage) -> Response[str]:
    """What is near, what there is, what is new."""
    return page.html("door/home.html")
