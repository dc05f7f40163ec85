"""How the operator registers organisations and applications over HTTP."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, put
from litestar.params import FromQuery, JSONBody, Parameter

from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.identity.callers import OPERATOR
from hiroba.exchange.identity.organisations import store
from hiroba.exchange.identity.organisations.model import (
    Algorithm,
    Application,
    AuthMethod,
    Grant,
    Organisation,
    State,
    check,
)

OrganisationId = Annotated[str, Parameter(pattern=r"^org:[a-z0-9][a-z0-9_.-]{0,62}$", description="`org:` and a name.")]
ApplicationId = Annotated[
    str, Parameter(pattern=r"^/[A-Za-z0-9][A-Za-z0-9._:~/-]{0,98}$", description="The client_id; may hold slashes.")
]


class OrganisationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation as the operator states it."""

    title: dict[str, str]
    owns: str = ""
    url: str = ""
    contact: str = ""


class ApplicationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An application as the operator states it."""

    organisation: str
    title: dict[str, str]
    state: State = "sandbox"
    sector: str = ""
    auth_method: AuthMethod = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    grants: tuple[Grant, ...] = ("authorization_code", "refresh_token")
    purposes: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    policy_uri: str = ""
    signing_alg: Algorithm = "RS256"
    dpop_bound: bool = False
    pushed_only: bool = False


class Registered(msgspec.Struct, frozen=True):
    """What is registered now, with a secret where a new one was made: it is shown this once."""

    application: Application
    client_secret: str | None = None


class Organisations(Controller):
    """Who answers for applications."""

    path = "/api/v1/organisations"
    tags = ("Identity",)
    opt = {"may": (OPERATOR,), "exclude_from_csrf": True}  # noqa: RUF012 - Litestar's own declaration

    @get(summary="The organisations")
    async def all(self, conn: GivenConnection) -> list[Organisation]:
        """Every organisation, by id."""
        return await store.organisations(conn)

    @put("/{id:str}", status_code=204, summary="Add or replace one")
    async def put(
        self, conn: GivenConnection, data: JSONBody[OrganisationBody], id: OrganisationId  # noqa: A002 - the path's word
    ) -> None:  # fmt: skip
        """Add or replace an organisation."""
        await store.put_organisation(conn, Organisation(id, data.title, data.owns, data.url, data.contact))


class Applications(Controller):
    """Programs that sign people in or call the exchange."""

    path = "/api/v1/applications"
    tags = ("Identity",)
    opt = {"may": (OPERATOR,), "exclude_from_csrf": True}  # noqa: RUF012 - Litestar's own declaration

    @get(summary="The applications")
    async def all(self, conn: GivenConnection, *, organisation: FromQuery[str | None] = None) -> list[Application]:
        """Every application, or those of one organisation, by id."""
        return await store.applications(conn, organisation)

    @get("/{id:path}", summary="One application")
    async def one(self, conn: GivenConnection, id: ApplicationId) -> Application:  # noqa: A002 - the path's word
        """The application of this client_id."""
        found = await store.application(conn, id[1:])
        if found is None:
            raise NotFound(f"There is no application {id[1:]}.")
        return found

    @put("/{id:path}", status_code=200, summary="Add or replace one")
    async def put(
        self, conn: GivenConnection, data: JSONBody[ApplicationBody], id: ApplicationId, *, new_secret: FromQuery[bool] = False  # noqa: A002 - the path's word
    ) -> Registered:  # fmt: skip
        """Add or replace an application. One of `client_secret_basic` is given a secret, at first or by `new_secret`."""
        application = Application(id=id[1:], **msgspec.structs.asdict(data)).with_sector()
        check(application)
        await store.put_application(conn, application)
        secret = None
        if application.auth_method == "client_secret_basic" and (
            new_secret or not await store.has_secret(conn, application.id)
        ):
            secret = await store.renew_secret(conn, application.id)
        return Registered(application, secret)
