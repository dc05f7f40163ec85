"""What the operator tells the exchange over HTTP: which tenants there are."""

from typing import Annotated

from litestar import put
from litestar.params import Parameter

from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker import store
from hiroba.exchange.identity.callers import OPERATOR

Name = Annotated[str, Parameter(pattern="^[a-z0-9_]{1,50}$", description="1 to 50 lower case letters, digits or _.")]


@put(
    "/api/v1/tenants/{name:str}",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True}, status_code=204, tags=["Exchange"], summary="Make a tenant",
)  # fmt: skip
async def put_tenant(conn: GivenConnection, name: Name) -> None:
    """Make a tenant of the exchange; one that is there stays as it is."""
    await store.add_tenant(conn, name)
