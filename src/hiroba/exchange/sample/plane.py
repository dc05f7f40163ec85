"""The sheet the region is drawn on: kilometres east and north of a point in the open sea, and the way to degrees."""

from collections.abc import Iterable
from random import Random
from typing import Any, Final

import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

Place = tuple[float, float]
"""Kilometres east and north of the centre, or degrees of longitude and latitude once it leaves this room."""

CENTRE: Final = (136.2, 33.0)
"""Open sea, about 90 km off the nearest coast, so that the region covers nothing real."""
DEGREES: Final = (1 / 93.45, 1 / 110.91)
"""Degrees per kilometre at that latitude."""
DIGITS: Final = 6
"""Digits of a degree that are kept: 0.1 m."""


def chance(seed: int, *topic: object) -> Random:
    """A source of chance for one topic, so that more of one thing does not shuffle all others."""
    return Random("/".join(map(str, (seed, *topic))))  # noqa: S311 - landscapes, not secrets


def likely(random: Random, share: float) -> bool:
    """True in this share of all cases."""
    return random.random() < share


def in_degrees(drawn: BaseGeometry) -> BaseGeometry:
    """A geometry of the sheet in longitude and latitude."""
    return shapely.transform(drawn, lambda places: places * DEGREES + CENTRE)


def in_kilometres(geographic: BaseGeometry) -> BaseGeometry:
    """A geometry in longitude and latitude on the sheet."""
    return shapely.transform(geographic, lambda places: (places - CENTRE) / DEGREES)


def thinned(line: LineString, by: float) -> LineString:
    """A line without the places that lie within `by` kilometres of what remains."""
    return LineString(line.simplify(by).coords)


def geojson(drawn: BaseGeometry) -> dict[str, Any]:
    """A geometry of the sheet as GeoJSON, in degrees."""
    return as_geojson(in_degrees(drawn))


def as_geojson(geographic: BaseGeometry) -> dict[str, Any]:
    """A geometry in degrees as GeoJSON, rounded."""
    written = shapely.geometry.mapping(geographic)
    return {"type": written["type"], "coordinates": _rounded(written["coordinates"])}


def _rounded(coordinates: Iterable[Any]) -> list[Any]:
    return [round(part, DIGITS) if isinstance(part, float) else _rounded(part) for part in coordinates]
