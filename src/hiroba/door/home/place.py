"""The page of one place."""

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.home.base_map import borders, lines
from hiroba.door.home.drawing import Drawing, View, draw
from hiroba.door.home.facts import facts_of, hazards_of, other_facts_of
from hiroba.door.home.places import Place, moment_of, reader, words
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.broker.exchange import Exchange, GivenExchange, Wanted
from hiroba.exchange.identity.callers import ANYONE

NEIGHBOURS = 5


@get("/place/{id:str}", opt={"may": (ANYONE,)}, include_in_schema=False)
async def place(page: GivenPage, conn: GivenConnection, exchange: GivenExchange, id: FromPath[str]) -> Response[str]:  # noqa: A002 - the entity's own word
    """One place, by the id of its entity."""
    return await shown(page, conn, exchange, id)


@get("/place", opt={"may": (ANYONE,)}, include_in_schema=False)
async def place_by_address(
    page: GivenPage, conn: GivenConnection, exchange: GivenExchange, id: FromQuery[str]  # noqa: A002 - the entity's own word
) -> Response[str]:  # fmt: skip
    """One place whose id has slashes in it."""
    return await shown(page, conn, exchange, id)


async def shown(page: Page, conn: Connection, exchange: Exchange, id_: str) -> Response[str]:
    """The page of this entity, or that it is not here."""
    entity = await exchange.entity(conn, id_) if id_.isprintable() else None
    if entity is None:
        raise NotFound(f"There is no place with the id {id_[:200]}.")
    read = reader(page.language, page.region)
    found = read(entity)
    neighbours: list[Place] = []
    drawing: Drawing | None = None
    if found.point:
        beside = await exchange.find(conn, Wanted(types=(found.kind.type,), near=found.point, limit=NEIGHBOURS + 1))
        neighbours = [one for one in map(read, beside.entities) if one.id != found.id][:NEIGHBOURS]
        view = View(found.point, 14.6, 720, 400)
        features = borders(page.region, page.language, view.zoom)
        features += await lines(conn, exchange, page.language, view.box, view.zoom)
        drawing = draw(view, features, [found, *neighbours])
    return page.html(
        "door/place.html",
        place=found,
        neighbours=neighbours,
        drawing=drawing,
        description=words(entity.get("description"), page.language),
        hazards=hazards_of(entity),
        facts=facts_of(entity, page.catalogue),
        others=other_facts_of(entity, page.catalogue),
        source=words(entity.get("source") or entity.get("dataProvider"), page.language),
        licence=words(entity.get("license"), page.language),
        changed=moment_of(entity.get("modifiedAt") or entity.get("dateModified")),
    )
