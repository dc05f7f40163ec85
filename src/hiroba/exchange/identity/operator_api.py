"""What the operator tells identity over HTTP: the municipalities of the region, and the end of every session."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, put
from litestar.params import JSONBody, Parameter

from hiroba.base.web.given import GivenConnection
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import ANYONE, OPERATOR

LgCode = Annotated[
    str, Parameter(pattern="^[0-9]{6}$", description="Six-digit code of a municipality, check digit included.")
]


class MunicipalityBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A municipality as the operator states it."""

    names: dict[str, str]
    """Language map; `ja` at least."""
    prefecture: str = ""
    url: str = ""
    area: dict[str, Any] | None = None
    """GeoJSON Polygon or MultiPolygon; left out: the area stays as it is."""


class Municipalities(Controller):
    """The municipalities of the region."""

    path = "/api/v1/municipalities"
    tags = ("Municipalities",)

    @get(opt={"may": (ANYONE,)}, summary="The municipalities of the region")
    async def all(self, conn: GivenConnection) -> list[store.Municipality]:
        """Every municipality, by code."""
        return await store.municipalities(conn)

    @put(
        "/{lg_code:str}",
        opt={"may": (OPERATOR,), "exclude_from_csrf": True},
        status_code=204,
        summary="Add or replace one",
    )
    async def put(self, conn: GivenConnection, lg_code: LgCode, data: JSONBody[MunicipalityBody]) -> None:
        """Add or replace a municipality and the area of its jurisdiction."""
        municipality = store.Municipality(lg_code, data.names, data.prefecture, data.url)
        await store.put_municipality(conn, municipality, data.area)


@delete(
    "/api/v1/sessions",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True},
    tags=["Sessions"],
    summary="End every session",
)
async def end_sessions(conn: GivenConnection) -> None:
    """Sign everybody out: residents, officers and the operator's own browser. Keys stay."""
    await store.end_sessions(conn)
