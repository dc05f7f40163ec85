"""Purposes over HTTP: read by anybody; declared, filed, opened and retired by the operator (officers have pages at the desk)."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromQuery, JSONBody, Parameter

from hiroba.base.web.given import GivenConnection
from hiroba.exchange.gateway.officers import acting
from hiroba.exchange.gateway.purposes import acts, store
from hiroba.exchange.gateway.purposes.model import Definition, Outcome, Paper, PaperKind, Purpose, Sha256, Text, parsed
from hiroba.exchange.identity.callers import ANYONE, OPERATOR
from hiroba.exchange.identity.guards import GivenCaller

KEYED = {"may": (OPERATOR,), "exclude_from_csrf": True}
Name = Annotated[
    str,
    Parameter(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80, description="Words with dots between."),
]
Id = Annotated[str, Parameter(max_length=100, description="`name@version`: health.checkup@2.")]


class PaperBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document to put on file."""

    kind: PaperKind
    sha256: Sha256
    dated: date
    """The day the document itself bears."""
    title: Text
    address: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Purposes(Controller):
    """What personal data are asked for."""

    path = "/api/v1/purposes"
    tags = ("Consents",)

    @get(opt={"may": (ANYONE,)}, summary="What personal data are asked for")
    async def all(self, conn: GivenConnection, *, organisation: FromQuery[str | None] = None) -> list[Purpose]:
        """Every version of every purpose, with the papers on file: drafts too, for what is planned may be known."""
        return await store.purposes(conn, organisation)

    @get("/{id:str}", opt={"may": (ANYONE,)}, summary="One version of a purpose")
    async def one(self, conn: GivenConnection, id: Id) -> Purpose:  # noqa: A002 - the path's word
        """A purpose by `name@version`."""
        return await store.purpose_of(conn, *parsed(id))

    @post("/{name:str}", opt=KEYED, summary="Declare a new version")
    async def declare(
        self, conn: GivenConnection, caller: GivenCaller, name: Name, data: JSONBody[Definition], *,
        organisation: FromQuery[str] = "",
    ) -> Purpose:  # fmt: skip
        """The next version of a purpose, a draft: what it says does not change any more."""
        return await acts.declare(conn, await acting(conn, caller), name, data, organisation)

    @post("/{id:str}/papers", opt=KEYED, summary="Put a paper on file")
    async def file(
        self, conn: GivenConnection, caller: GivenCaller, id: Id, data: JSONBody[PaperBody]  # noqa: A002 - as above
    ) -> Purpose:  # fmt: skip
        """The impact assessment (pia), the ELSI sheet (elsi) or the board's decision (decision)."""
        paper = Paper(**msgspec.structs.asdict(data))
        return await acts.file(conn, await acting(conn, caller), id, paper)

    @put("/{id:str}/outcome", opt=KEYED, summary="Say what the data did")
    async def outcome(
        self, conn: GivenConnection, caller: GivenCaller, id: Id, data: JSONBody[Outcome]  # noqa: A002 - as above
    ) -> Purpose:  # fmt: skip
        """A measure before and after, shown beside the consent."""
        return await acts.say_outcome(conn, await acting(conn, caller), id, data)
