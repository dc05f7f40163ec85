"""GeoJSON geometries from outside, checked before anything is asked of them (CIM 009 §4.7 and §4.10, RFC 7946)."""

import math
from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.broker.errors import BadRequestData

MAX_VERTICES = 10_000
MAX_TEXT = 1 << 20
"""Bytes of a geometry written as text."""

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_EAST, _NORTH = 180, 90


def from_text(kind: str, coordinates: str | list[Any], what: str = "coordinates") -> BaseGeometry:
    """The geometry of the parameters `geometry` and `coordinates`; coordinates are JSON text or its value."""
    if isinstance(coordinates, str):
        if len(coordinates) > MAX_TEXT:
            raise BadRequestData(f"{what}: at most {MAX_TEXT} characters are taken.")
        try:
            coordinates = orjson.loads(coordinates)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(f"{what}: at character {error.pos + 1} JSON was expected.") from None
    return read({"type": kind, "coordinates": coordinates}, what)


def read(geojson: Any, where: str) -> BaseGeometry:
    """What a GeoJSON object covers: one that crosses itself in its valid reading, or BadRequestData that names the place."""
    geometry = well_formed(geojson, where)
    return geometry if geometry.is_valid else shapely.make_valid(geometry)


def well_formed(geojson: Any, where: str) -> BaseGeometry:
    """The geometry of a GeoJSON object (RFC 7946, §4.7), or BadRequestData that names the place; heights are left out."""
    kind, coordinates = _checked(geojson, where)
    return _made(kind, coordinates, where)


def check(geojson: Any, where: str) -> None:
    """Nothing, or the problem of a GeoJSON object that is not well formed."""
    kind, coordinates = _checked(geojson, where)
    if kind != "Point":  # of which there is nothing more to find out
        _made(kind, coordinates, where)


def _made(kind: str, coordinates: Any, where: str) -> BaseGeometry:
    try:
        geometry: BaseGeometry = shapely.geometry.shape({"type": kind, "coordinates": coordinates})
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise BadRequestData(f"{where}: {kind} is not well formed: {error}.") from None
    return geometry


def _checked(geojson: Any, where: str) -> tuple[str, Any]:
    kind = geojson.get("type") if isinstance(geojson, dict) else None
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise BadRequestData(f"{where}: the geometry must be one of {', '.join(_DEPTH)}, not {kind!r}.")
    counter = [0]
    coordinates = _positions(geojson.get("coordinates"), _DEPTH[kind], where, counter)
    _closed(kind, coordinates, where)
    return kind, coordinates


def point(geojson: Any) -> tuple[float, float] | None:
    """Longitude and latitude of a GeoJSON point; None where it is none. Most places are points, and many are asked at once."""
    if isinstance(geojson, dict) and geojson.get("type") == "Point":
        try:
            return _position(geojson.get("coordinates"), "geometry")
        except BadRequestData:
            return None
    return None


def _positions(node: Any, depth: int, where: str, counter: list[int]) -> Any:
    if depth == 0:
        counter[0] += 1
        if counter[0] > MAX_VERTICES:
            raise BadRequestData(f"{where}: a geometry may have at most {MAX_VERTICES} positions.")
        return _position(node, where)
    if not isinstance(node, list) or not node:
        raise BadRequestData(f"{where}: a list with at least one item was expected, not {_short(node)}.")
    return [_positions(item, depth - 1, f"{where}[{place}]", counter) for place, item in enumerate(node)]


def _position(node: Any, where: str) -> tuple[float, float]:
    if not isinstance(node, list) or len(node) not in {2, 3} or not all(map(_is_number, node)):
        raise BadRequestData(f"{where}: a position [longitude, latitude] was expected, not {_short(node)}.")
    longitude, latitude = node[:2]
    if not (-_EAST <= longitude <= _EAST and -_NORTH <= latitude <= _NORTH):
        raise BadRequestData(
            f"{where}: {_short(node)} is not on the earth: "
            "longitude (-180 to 180) comes first, then latitude (-90 to 90)."
        )
    return float(longitude), float(latitude)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _short(node: Any) -> str:
    text = repr(node)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - enough to recognise it by


def _closed(kind: str, coordinates: Any, where: str) -> None:
    """A ring has four positions or more and ends where it began; a line has two or more."""
    lines = {"LineString": [coordinates], "MultiLineString": coordinates}.get(kind, [])
    if any(len(line) < 2 for line in lines):  # noqa: PLR2004 - a line's two ends
        raise BadRequestData(f"{where}: a line needs two positions or more.")
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, [])
    for polygon in polygons:
        for place, ring in enumerate(polygon):
            if len(ring) < 4 or ring[0] != ring[-1]:  # noqa: PLR2004 - RFC 7946 §3.1.6
                raise BadRequestData(f"{where}: ring {place} needs four positions or more, the last like the first.")
