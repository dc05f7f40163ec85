"""What the operator tells the exchange over HTTP: which tenants there are."""

from typing import Annotated

from litestar import put
from litestar.params import Parameter

from hiroba.base.errors import Conflict
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker import store
from hiroba.exchange.identity.callers import OPERATOR

IsPersonal = Annotated[bool | None, Parameter(description="Whether it is for data of people.")]
Name = Annotated[str, Parameter(pattern="^[a-z0-9_]{1,50}$", description="1 to 50 lower case letters, digits or _.")]


class TenantIsFixed(Conflict):
    """What a tenant is for is said when it is made."""


@put(
    "/api/v1/tenants/{name:str}",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True}, status_code=204, tags=["Exchange"], summary="Make a tenant",
)  # fmt: skip
async def put_tenant(conn: GivenConnection, name: Name, personal: IsPersonal = None) -> None:
    """Make a tenant of the exchange; one that is there stays as it is.

    A personal one holds data of people, which nothing but their grants opens, to nobody. What a tenant is for is said when
    it is made, and never changes.
    """
    if not await store.add_tenant(conn, name, personal=bool(personal)) and personal is not None:
        raise TenantIsFixed(f"{name} is {'no' if personal else 'a'} tenant of personal data, and stays so.")
