"""Grants over HTTP, for applications: ask a person, see how one's own grants stand. And for the operator: sources, offices."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post, put
from litestar.params import JSONBody, Parameter

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden, Invalid, NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker.store import tenants
from hiroba.exchange.gateway.grants import consents, endings, once
from hiroba.exchange.gateway.grants.consents import Wanted
from hiroba.exchange.gateway.grants.law import Office
from hiroba.exchange.gateway.grants.model import Grant, Kept
from hiroba.exchange.gateway.grants.store import offices, papers, sources, versions
from hiroba.exchange.gateway.grants.store.sources import Source
from hiroba.exchange.gateway.officers import acting
from hiroba.exchange.gateway.purposes import acts
from hiroba.exchange.gateway.purposes.model import Data, Languages, Purpose
from hiroba.exchange.identity.callers import OPERATOR, Caller, client
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people.subjects import translate

PROGRAM = {"may": (client(""),), "exclude_from_csrf": True}
KEYED = {"may": (OPERATOR,), "exclude_from_csrf": True}
Ulid = Annotated[str, Parameter(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
SourceId = Annotated[
    str,
    Parameter(
        pattern=r"^/org:[a-z0-9][a-z0-9_.-]{0,62}(/[a-z0-9_.-]{1,40})?$",
        description="`org:mutsu` or `org:mutsu/health`.",
    ),
]
OfficeId = Annotated[str, Parameter(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]


class AskBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an application asks of a person."""

    subject: str
    """The person, as this application knows them (`sub`)."""
    purpose: str
    source: str
    data: tuple[Data, ...] | None = None
    """A part of what the purpose names; left out: all of it."""
    until: datetime | None = None


class Asked(msgspec.Struct, frozen=True):
    """How a grant stands, for its recipient: `subject` is the person as the recipient knows them."""

    grant: Grant
    answer_at: str
    """The page where the person answers."""


class SourceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A personal tenant, as grants speak of it."""

    tenant: str
    title: Languages


class OfficeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An office that may act under laws."""

    organisation: str
    """As its officers' sessions say it: the code of a municipality, or `org:…`."""
    title: Languages
    opens: time = time(8, 45)
    closes: time = time(17, 30)
    weekdays: tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    closed: tuple[date, ...] = ()
    """Holidays."""
    recipients: tuple[str, ...]


class RetireBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a purpose shall go: opened for asking, or closed for good with all that was granted for it."""

    state: Literal["active", "retired"]


class Grants(Controller):
    """What people are asked for, and how it stands."""

    path = "/api/v1/grants"
    tags = ("Consents",)

    @post("/", opt=PROGRAM, summary="Ask a person")
    async def ask(self, conn: GivenConnection, caller: GivenCaller, data: JSONBody[AskBody]) -> Asked:
        """Ask a person whom this application knows; they answer on a page of the house, where they read what it means.

        What stands already is given back. 409 where the person refused, or agreed to less, within thirty days.
        """
        if caller.purpose != data.purpose:
            raise Forbidden(f"This key is for the purpose {caller.purpose or 'of nothing'}.")
        wanted = Wanted(recipient=caller.id, purpose=data.purpose, source=data.source, data=data.data, until=data.until)
        return await _for_recipient(conn, caller, await consents.ask(conn, wanted, data.subject))

    @get("/{id:str}", opt=PROGRAM, summary="How a grant stands")
    async def one(self, conn: GivenConnection, caller: GivenCaller, id: Ulid) -> Asked:  # noqa: A002 - the path's word
        """The newest version of a grant to this application."""
        kept = await versions.grant_of(conn, id)
        if kept.grant.recipient != caller.id or kept.grant.basis.kind != "consent":
            raise NotFound("There is no such grant.")
        return await _for_recipient(conn, caller, kept)


async def _for_recipient(conn: Connection, caller: Caller, kept: Kept) -> Asked:
    """The grant with the person named as the recipient knows them."""
    application = await organisations.application(conn, caller.id)
    if application is None:
        raise Forbidden("Ask with the key or the token of a registered application.")
    sector = application.with_sector().sector
    names = await translate(conn, [kept.grant.subject], f"tenant:{kept.tenant}", sector)
    known = msgspec.structs.replace(kept.grant, subject=names[kept.grant.subject])
    return Asked(known, f"/consents/{known.id}")


class PrefillBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form would ask a person."""

    subject: str
    """The person, as this application knows them (`sub`)."""
    data: Annotated[tuple[Data, ...], msgspec.Meta(min_length=1, max_length=50)]


@post(
    "/api/v1/prefill", opt=PROGRAM, status_code=200, tags=["Consents"], summary="Fill a form with what is known already"
)
async def prefill(conn: GivenConnection, caller: GivenCaller, data: JSONBody[PrefillBody]) -> once.Prefilled:
    """Once only: what the person granted this application for its purpose comes filled in, the rest is to be asked."""
    return await once.prefill(conn, caller.id, caller.purpose, data.subject, data.data)


class Sources(Controller):
    """Personal tenants, as grants speak of them."""

    path = "/api/v1/sources"
    tags = ("Consents",)
    opt = KEYED

    @get(summary="The sources of personal data")
    async def all(self, conn: GivenConnection) -> list[Source]:
        """Every source, by id."""
        return list((await sources.every(conn)).values())

    @put("/{id:path}", status_code=204, summary="Name a personal tenant")
    async def put(self, conn: GivenConnection, id: SourceId, data: JSONBody[SourceBody]) -> None:  # noqa: A002 - the path's word
        """Let grants speak of a personal tenant by this name."""
        if not (await tenants(conn)).get(data.tenant):
            raise Invalid(f"{data.tenant} is no tenant of personal data.")
        await sources.put(conn, Source(id[1:], data.tenant, id[1:].split("/")[0], data.title))


class Offices(Controller):
    """Offices that may act under laws."""

    path = "/api/v1/offices"
    tags = ("Consents",)
    opt = KEYED

    @get(summary="The offices that may act under laws")
    async def all(self, conn: GivenConnection) -> list[Office]:
        """Every office, by id."""
        return await offices.every(conn)

    @put("/{id:str}", status_code=204, summary="Add or replace one")
    async def put(self, conn: GivenConnection, id: OfficeId, data: JSONBody[OfficeBody]) -> None:  # noqa: A002 - the path's word
        """An office with its hours and holidays, by which it is told when one approver is enough."""
        if data.opens >= data.closes:
            raise Invalid("An office opens before it closes.")
        await offices.put(conn, Office(id, *msgspec.structs.astuple(data)))


@put("/api/v1/purposes/{id:str}/state", opt=KEYED, tags=["Consents"], summary="Open a purpose, or close it for good")
async def put_state(
    conn: GivenConnection, caller: GivenCaller, id: Annotated[str, Parameter(max_length=100)], data: JSONBody[RetireBody]  # noqa: A002 - the path's word
) -> Purpose:  # fmt: skip
    """Opened only with all its papers on file; closed, everything granted for it ends in the same moment."""
    who = await acting(conn, caller)
    return await (acts.activate if data.state == "active" else endings.retire)(conn, who, id)


@post(
    "/api/v1/consent-receipts/keys", opt=KEYED, tags=["Consents"], status_code=204, summary="Change the key of receipts"
)
async def new_key(conn: GivenConnection) -> None:
    """Sign receipts with a new key from now on; the ones before stay published."""
    await papers.add_key(conn, clock.now())


ROUTES: list[Any] = [Grants, prefill, Sources, Offices, put_state, new_key]
