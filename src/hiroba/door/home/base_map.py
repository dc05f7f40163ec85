"""The base map without a network: borders, rivers, railways and streets of the exchange, coarser the farther one looks."""

import math
from functools import lru_cache
from typing import Any, Final

import msgspec
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import Point, mapping, shape
from shapely.geometry.base import BaseGeometry

from hiroba.base.db import Connection
from hiroba.door.home.places import type_of, words
from hiroba.door.region import Box, Region
from hiroba.exchange.broker.exchange import Exchange, Simplified, Wanted

LAYERS: Final = {
    "River": ("river", 7),
    "Railway": ("railway", 8),
    "Street": ("street", 12),
    "Park": ("park", 11),
    "Forest": ("park", 7),
}
"""Layer of a type, and the zoom from which it is drawn."""
MOST: Final = 1500
"""Features of one answer beyond the borders."""
PIXEL: Final = 360 / 512
"""Degrees of longitude of one pixel at zoom 0 (tiles of 512 pixels)."""


class Feature(msgspec.Struct, frozen=True):
    """One line or area of the base map."""

    layer: str
    name: str
    geometry: BaseGeometry
    rank: str = ""
    """What kind of street or river, as its data says."""
    code: str = ""
    """A municipality's code."""

    def geojson(self) -> dict[str, Any]:
        """As a GeoJSON feature; five decimals are a metre."""
        properties = {"layer": self.layer, "name": self.name, "rank": self.rank, "code": self.code}
        geometry = mapping(shapely.set_precision(self.geometry, 1e-5, mode="pointwise"))
        return {
            "type": "Feature",
            "properties": {key: value for key, value in properties.items() if value},
            "geometry": geometry,
        }


@lru_cache(maxsize=64)
def simplified_borders(areas: tuple[BaseGeometry, ...], tolerance: float) -> tuple[BaseGeometry, ...]:
    """Neighbours simplified together, so that no gap opens between them."""
    if not areas:
        return ()
    try:
        return tuple(shapely.coverage_simplify(list(areas), tolerance))
    except ShapelyError:
        return tuple(area.simplify(tolerance) for area in areas)


def borders(region: Region, language: str, zoom: float) -> list[Feature]:
    """The municipalities' areas at this zoom."""
    drawn = simplified_borders(tuple(region.areas.values()), round(PIXEL / 2 ** math.floor(zoom), 7))
    names = {one.lg_code: one.name(language) for one in region.municipalities}
    return [
        Feature("area", names.get(code, code), area, code=code)
        for code, area in zip(region.areas, drawn, strict=True)
        if not area.is_empty
    ]


def names(region: Region, language: str) -> list[Feature]:
    """Each municipality's name, at one point inside it."""
    known = ((one.name(language), region.centres.get(one.lg_code)) for one in region.municipalities)
    return [Feature("name", name, Point(centre)) for name, centre in known if centre]


async def lines(conn: Connection, exchange: Exchange, language: str, box: Box, zoom: float) -> list[Feature]:
    """Rivers, railways, streets and parks in the box, as many as the zoom bears."""
    types = [type_ for type_, (_, from_zoom) in LAYERS.items() if zoom >= from_zoom]
    if not types:
        return []
    found = await exchange.find(conn, Wanted(types=types, box=box, limit=MOST))
    features = (line_of(entity, language, PIXEL / 2**zoom / 2) for entity in found.entities)
    return [feature for feature in features if feature is not None]


def line_of(entity: Simplified, language: str, tolerance: float) -> Feature | None:
    """The feature of one entity, or None where it has no line or area."""
    layer = LAYERS[type_of(entity)][0]
    try:
        drawn = shape(entity["location"]).simplify(tolerance)
    except (ShapelyError, KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None
    if drawn.is_empty or drawn.geom_type in {"Point", "MultiPoint"}:
        return None
    rank = words(entity.get("roadClass") or entity.get("category"), "en")
    return Feature(layer, words(entity.get("name"), language), drawn, rank=rank)
