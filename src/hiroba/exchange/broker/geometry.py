"""Places: a GeoJSON geometry is checked once, when it arrives (RFC 7946, CIM 009 §4.7)."""

from collections.abc import Iterable
from typing import Any, Final

import orjson
import shapely
from shapely.validation import explain_validity

from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import Doc

MOST_VERTICES: Final = 10_000
LOCATION: Final = "https://uri.etsi.org/ngsi-ld/location"
Box = tuple[tuple[float, float], tuple[float, float]]


def check(geometry: Any, where: str) -> dict[str, Any]:
    """The geometry, or what is wrong with it and where."""
    if not isinstance(geometry, dict):
        raise BadRequestData(f"{where} is a GeoJSON geometry, an object with type and coordinates.")
    if geometry.get("type") == "Point":
        _position(geometry.get("coordinates"), where)
        return geometry
    count = sum(1 for position in _positions(geometry, where) if _position(position, where))
    if count > MOST_VERTICES:
        raise BadRequestData(f"{where} has {count} vertices; {MOST_VERTICES} are taken.")
    try:
        shape = shapely.from_geojson(orjson.dumps(geometry))
    except shapely.GEOSException as error:
        raise BadRequestData(f"{where} is no GeoJSON geometry: {error}.") from error
    if shape is None or shape.is_empty:
        raise BadRequestData(f"{where} is an empty geometry.")
    if not shape.is_valid:
        raise BadRequestData(f"{where} is not a valid {geometry.get('type')}: {explain_validity(shape)}.")
    return geometry


def _positions(geometry: dict[str, Any], where: str, depth: int = 0) -> Iterable[Any]:
    if depth > 3:  # noqa: PLR2004 - collections in collections in collections
        raise BadRequestData(f"{where} nests geometry collections too deep.")
    if geometry.get("type") == "GeometryCollection":
        for part in geometry.get("geometries", ()):
            if not isinstance(part, dict):
                raise BadRequestData(f"{where}.geometries holds geometries.")
            yield from _positions(part, where, depth + 1)
        return
    levels = {"MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}.get(str(geometry.get("type")))
    if geometry.get("type") == "Point":
        yield geometry.get("coordinates")
        return
    if levels is None:
        raise BadRequestData(f"{where} has a type that is no GeoJSON geometry.")
    yield from _flat(geometry.get("coordinates"), levels, where)


def _flat(coordinates: Any, levels: int, where: str) -> Iterable[Any]:
    if levels == 0:
        yield coordinates
        return
    if not isinstance(coordinates, list) or not coordinates:
        raise BadRequestData(f"{where}.coordinates is a list of positions, in as many brackets as its type asks.")
    for part in coordinates:
        yield from _flat(part, levels - 1, where)


def _position(position: Any, where: str) -> bool:
    """True for [longitude, latitude] or [longitude, latitude, height] on this earth; else the problem."""
    if isinstance(position, list) and 2 <= len(position) <= 3 and all(_is_number(number) for number in position):  # noqa: PLR2004 - dimensions
        longitude, latitude = position[:2]
        if -180 <= longitude <= 180 and -90 <= latitude <= 90:  # noqa: PLR2004 - WGS 84
            return True
        raise BadRequestData(f"{where}: [{longitude}, {latitude}] is not on this earth; longitude comes first, then latitude.")
    raise BadRequestData(f"{where}: a position is [longitude, latitude].")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def extent(doc: Doc) -> Box | None:
    """The bounding box of an entity's `location`, every instance of it."""
    values = [instance["value"] for instance in doc.get(LOCATION, ()) if instance.get("type") == "GeoProperty"]
    if not values:
        return None
    if len(values) == 1 and values[0]["type"] == "Point":
        x, y = values[0]["coordinates"][:2]
        return (x, y), (x, y)
    west, south, east, north = shapely.total_bounds([shapely.from_geojson(orjson.dumps(value)) for value in values])
    return (float(east), float(north)), (float(west), float(south))
