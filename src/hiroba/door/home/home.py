"""The first page: what is near, what there is, what is new."""

from collections.abc import Callable
from itertools import islice

from litestar import Response, get
from litestar.params import FromQuery

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.web.given import GivenConnection
from hiroba.door.home.base_map import borders, lines
from hiroba.door.home.drawing import View, draw, view_of
from hiroba.door.home.kinds import DAILY, kinds_there
from hiroba.door.home.near import near as near_of
from hiroba.door.home.places import Place, asked, reader
from hiroba.door.pages import GivenPage
from hiroba.exchange.broker.exchange import Exchange, GivenExchange, Simplified, Wanted
from hiroba.exchange.identity.callers import ANYONE

AROUND = 3000.0
"""Metres that count as near."""
SHOWN = 7
EVENTS = 3
CLOSEST = 14.5
"""The zoom at which a neighbourhood is seen."""

Read = Callable[[Simplified], Place]


@get("/", opt={"may": (ANYONE,)}, include_in_schema=False)
async def home(
    page: GivenPage,
    *,
    conn: GivenConnection,
    exchange: GivenExchange,
    at: FromQuery[str] = "",
    m: FromQuery[str] = "",
    place: FromQuery[str] = "",
) -> Response[str]:
    """The home page, around the place the visitor named."""
    region = page.region
    near = await near_of(conn, exchange, region, page.language, at=at, m=m, place=place)
    lost = near is None and bool(place or m)
    if lost:
        near = await near_of(conn, exchange, region, page.language)
    read = reader(page.language, region)
    places = await nearest_of_each(conn, exchange, near.point, read) if near else []
    drawing = None
    if near:
        view = around(near.point, places)
        features = borders(region, page.language, view.zoom) + await lines(
            conn, exchange, page.language, view.box, view.zoom
        )
        drawing = draw(view, features, places)
    elif region.box:
        view = view_of(region.box)
        drawing = draw(view, borders(region, page.language, view.zoom))
    return page.html(
        "door/home.html",
        near=near,
        chosen=bool(at or m or place) and not lost,
        lost=asked(place) if lost else "",
        asked=m,
        places=places,
        drawing=drawing,
        kinds=kinds_there(region.counts),
        events=await coming_events(conn, exchange, read),
    )


def around(point: tuple[float, float], places: list[Place]) -> View:
    """The window around the point that shows the nearest places too, as close as it can."""
    points = [point, *(place.point for place in places if place.point)]
    longitudes, latitudes = zip(*points, strict=True)
    reach = max(max(abs(x - point[0]) for x in longitudes) / 2, *(abs(y - point[1]) for y in latitudes), 0.003)
    seen = view_of((point[0] - reach * 2, point[1] - reach, point[0] + reach * 2, point[1] + reach), closest=CLOSEST)
    return View(point, seen.zoom - 0.5)


async def nearest_of_each(conn: Connection, exchange: Exchange, point: tuple[float, float], read: Read) -> list[Place]:
    """The nearest place of each everyday kind, nearest first."""
    found = await exchange.find(conn, Wanted(types=DAILY, near=point, within=AROUND, limit=200))
    nearest: dict[str, Place] = {}
    for entity in found.entities:
        place = read(entity)
        nearest.setdefault(place.kind.type, place)
    wanted = [nearest[type_] for type_ in DAILY if type_ in nearest][:SHOWN]
    taken = {place.id for place in wanted}
    others = (place for place in map(read, found.entities) if place.id not in taken)
    wanted += islice(others, SHOWN - len(wanted))
    return sorted(wanted, key=lambda place: place.distance or 0)


async def coming_events(conn: Connection, exchange: Exchange, read: Read) -> list[Place]:
    """The next events that are not over."""
    found = await exchange.find(conn, Wanted(types=("Event",), limit=500))
    today = clock.today()
    events = [event for event in map(read, found.entities) if event.starts and (event.ends or event.starts) >= today]
    return sorted(events, key=lambda event: (max(event.starts or today, today), event.name))[:EVENTS]
