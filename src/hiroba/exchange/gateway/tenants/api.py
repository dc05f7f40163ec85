"""What the operator declares about tenants over HTTP: that there is one, who may read it, and to whom it is open."""

from typing import Annotated

from litestar import Controller, delete, get, put
from litestar.params import Parameter

from hiroba.base.errors import Conflict, Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker.store import add_tenant
from hiroba.exchange.gateway.tenants import store
from hiroba.exchange.gateway.tenants.store import Declared
from hiroba.exchange.identity.callers import OPERATOR

Name = Annotated[str, Parameter(pattern="^[a-z0-9_]{1,50}$", description="1 to 50 lower case letters, digits or _.")]
IsPersonal = Annotated[bool | None, Parameter(description="Whether it is for data of people.")]
IsPublic = Annotated[
    bool | None, Parameter(description="Whether anyone may read it; left out: as it was, at first nobody.")
]
Organisation = Annotated[
    str,
    Parameter(
        pattern=r"^([0-9]{6}|org:[a-z0-9][a-z0-9_.-]{0,62})$", description="A municipality's code, or an `org:…`."
    ),
]
Writes = Annotated[bool, Parameter(description="Whether it may write there as well as read.")]


class TenantIsFixed(Conflict):
    """What a tenant is for is said when it is made."""


class Tenants(Controller):
    """Rooms of the exchange that are kept apart: a sandbox, another region, an organisation's own data, data of people."""

    path = "/api/v1/tenants"
    tags = ("Exchange",)
    opt = {"may": (OPERATOR,), "exclude_from_csrf": True}  # noqa: RUF012 - Litestar's own declaration

    @get(summary="The tenants")
    async def all(self, conn: GivenConnection) -> list[Declared]:
        """Every tenant besides the region's own, and what is declared about it."""
        return await store.all_declared(conn)

    @put("/{name:str}", status_code=204, summary="Make a tenant, or declare it public")
    async def make(
        self, conn: GivenConnection, name: Name, *, personal: IsPersonal = None, public: IsPublic = None
    ) -> None:
        """Make a tenant; one that is there stays as it is, but for what is said of it here.

        A personal one holds data of people, which nothing but their grants opens, to nobody. What a tenant is for is said
        when it is made, and never changes.
        """
        if not await add_tenant(conn, name, personal=bool(personal)) and personal is not None:
            raise TenantIsFixed(f"{name} is {'no' if personal else 'a'} tenant of personal data, and stays so.")
        if public is not None:
            if public and (await store.tenant(conn, name)).personal:
                raise Invalid("Data of people are never public.")
            await store.declare(conn, name, public=public)

    @put("/{name:str}/organisations/{organisation:str}", status_code=204, summary="Open a tenant to an organisation")
    async def open_to(
        self, conn: GivenConnection, name: Name, organisation: Organisation, *, writes: Writes = False
    ) -> None:
        """Let the keys and applications of an organisation read a tenant, and write there what is their own."""
        await store.open_to(conn, name, organisation, writes=writes)

    @delete(
        "/{name:str}/organisations/{organisation:str}", status_code=204, summary="Close a tenant to an organisation"
    )
    async def close_to(self, conn: GivenConnection, name: Name, organisation: Organisation) -> None:
        """Close a tenant to an organisation; what it wrote stays."""
        await store.close_to(conn, name, organisation)
