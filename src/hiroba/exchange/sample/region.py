"""The whole sample region, drawn and named from a seed."""

from datetime import date
from typing import Any

import msgspec
from shapely.geometry.base import BaseGeometry

from hiroba.base.db import Connection
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.identity.store import Municipality, put_municipality
from hiroba.exchange.sample import ground, outdoors, public, safety, transport, visiting, words
from hiroba.exchange.sample.book import Book, Entity
from hiroba.exchange.sample.division import divided, one_piece
from hiroba.exchange.sample.layout import TOWNS
from hiroba.exchange.sample.localities import Locality, named
from hiroba.exchange.sample.network import Road, inside, railways, roads
from hiroba.exchange.sample.paths import Ways
from hiroba.exchange.sample.plane import as_geojson, in_kilometres
from hiroba.exchange.sample.quarters import quarters
from hiroba.exchange.sample.terrain import Terrain


class Region(msgspec.Struct, frozen=True):
    """An invented prefecture."""

    municipalities: list[tuple[Municipality, dict[str, Any]]]
    """Each with the GeoJSON geometry of its area; together they tile the land."""
    entities: list[tuple[str, Entity]]
    """Each with the code of the municipality that owns it; simplified NGSI-LD, names as language maps."""


def region(seed: int = 1, *, today: date) -> Region:
    """The prefecture of a seed, its events in the weeks after `today`. The same arguments give the same bytes."""
    areas = divided(seed)
    terrain = Terrain(seed, in_kilometres(one_piece(areas)))
    trunk = roads(terrain, Ways(terrain))
    localities = [_locality(seed, kind, in_kilometres(area), trunk, terrain) for kind, area in areas.items()]
    book = Book()
    ground.enter_areas(book, localities)
    ground.enter_rivers(book, seed, localities, terrain)
    mountains = ground.enter_woods(book, seed, localities, terrain)
    ground.enter_roads(book, localities, trunk)
    ground.enter_streets(book, seed, localities, terrain)
    transport.enter_railways(book, seed, localities, railways(seed, terrain))
    for home in localities:
        public.enter_offices(book, seed, home)
        public.enter_schools(book, seed, home)
        public.enter_nurseries(book, seed, home)
        public.enter_libraries(book, seed, home)
        public.enter_hospitals(book, seed, home)
        visiting.enter_sights(book, seed, home, terrain)
        outdoors.enter_parks(book, seed, home)
    visiting.enter_summits(book, localities, mountains)
    for home in localities:
        public.enter_aeds(book, seed, home)
        safety.enter_sites(book, seed, home, terrain)
        safety.enter_shelters(book, seed, home)
        outdoors.enter_toilets(book, seed, home)
        outdoors.enter_parking(book, seed, home)
        visiting.enter_events(book, seed, home, today)
        visiting.enter_shops(book, seed, home)
    transport.enter_buses(book, seed, localities, trunk)
    return Region([_municipality(home, areas[home.town.kind]) for home in localities], book.entities)


def _locality(seed: int, kind: str, area: BaseGeometry, trunk: list[Road], terrain: Terrain) -> Locality:
    town = next(town for town in TOWNS if town.kind == kind)
    passing = [piece for road in trunk for piece in inside(road.line, area)]
    return named(seed, town, area, quarters(seed, town, area, passing, terrain), terrain)


def _municipality(home: Locality, area: BaseGeometry) -> tuple[Municipality, dict[str, Any]]:
    names = home.name.map()["languageMap"]
    return Municipality(home.code, names, words.PREFECTURE.ja, f"https://{home.town.kind}.example.jp/"), as_geojson(
        area
    )


async def load(conn: Connection, exchange: Exchange, *, seed: int = 1, today: date) -> int:
    """Write the sample region, in one transaction; how many entities it has."""
    drawn = region(seed, today=today)
    async with conn.transaction():
        for municipality, area in drawn.municipalities:
            await put_municipality(conn, municipality, area)
        for municipality, _ in drawn.municipalities:
            owned = [entity for owner, entity in drawn.entities if owner == municipality.lg_code]
            await exchange.put(conn, owned, owner=municipality.lg_code)
    return len(drawn.entities)
