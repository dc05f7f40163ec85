"""Places of an entity: each GeoJSON geometry is checked once, when it arrives (RFC 7946, CIM 009 §4.7).

A geometry that crosses itself is kept as it came: it is somebody's data, and questions are put to its valid reading.
"""

from typing import Any, Final

import orjson
import shapely

from hiroba.exchange.broker.model import Doc
from hiroba.exchange.broker.query import geometry as geometries

LOCATION: Final = "https://uri.etsi.org/ngsi-ld/location"
Box = tuple[tuple[float, float], tuple[float, float]]


def check(geometry: Any, where: str) -> dict[str, Any]:
    """The geometry as it came, or what is wrong with it and where."""
    geometries.check(geometry, where)
    checked: dict[str, Any] = geometry
    return checked


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
