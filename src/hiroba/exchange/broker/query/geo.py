"""The geoquery language: `near;maxDistance==2000` of a point, `within` an area and the like (CIM 009 §4.10).

PostgreSQL narrows the entities by the bounding boxes it indexes; `refine` then gives the exact answer for each of
them. Topological relations are those of Simple Features on longitude and latitude; distances are metres on WGS 84.
`near` measures from the nearest point of the entity's geometry, as is usual.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import msgspec
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import geodesy, geometry
from hiroba.exchange.broker.query.cursor import Cursor, is_name
from hiroba.exchange.broker.query.geodesy import Box, Degrees
from hiroba.exchange.broker.query.match import unwrapped, walk

Relation = Literal["near", "within", "contains", "overlaps", "intersects", "equals", "disjoint"]
_SIMPLE = ("within", "contains", "overlaps", "intersects", "equals", "disjoint")
_NUMBER = re.compile(r"(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?(?=$|;)", re.ASCII)
LOCATION = "https://uri.etsi.org/ngsi-ld/location"
"""The IRI of the GeoProperty whose boxes are indexed."""


class Geo(msgspec.Struct, frozen=True):
    """How an entity's geometry must lie to a reference geometry."""

    relation: Relation
    reference: BaseGeometry
    geoproperty: str = "location"
    most: float | None = None
    """`near`: at most so many metres away."""
    least: float | None = None
    """`near`: more than so many metres away."""

    def resolve(self, attribute: Callable[[str], str]) -> "Geo":
        """The same question with an IRI for the geoproperty."""
        return msgspec.structs.replace(self, geoproperty=attribute(self.geoproperty))

    def boxes(self) -> list[Box] | None:
        """Boxes one of which every match meets; None where a match may lie anywhere."""
        bounds = cast("Box", tuple(self.reference.bounds))
        if self.relation == "disjoint" or self.least is not None:
            return None
        return [bounds] if self.most is None else geodesy.reach(bounds, self.most)

    def distance(self, geojson: Any) -> float | None:
        """Metres from the reference to a stored geometry; None where it is none."""
        return far(self.reference, geojson, geodesy.metres)

    def refine(self, geojson: Any) -> bool:
        """The exact answer for one stored geometry."""
        if self.relation == "near":
            clear = self._reaches_clearly(geojson)
            return self.reaches(self.distance(geojson)) if clear is None else clear
        target = _stored(geojson)
        return target is not None and bool(getattr(target, self.relation)(self.reference))

    def _reaches_clearly(self, geojson: Any) -> bool | None:
        """Whether a point is inside the circle, or outside; None where the shape of the earth decides, or it is no point."""
        if self.most is None or not isinstance(self.reference, Point) or not (at := geometry.point(geojson)):
            return None
        away = geodesy.on_a_sphere((self.reference.x, self.reference.y), at)
        if away * (1 + geodesy.FLATTENING_ERROR) <= self.most:
            return True
        return False if away * (1 - geodesy.FLATTENING_ERROR) > self.most else None

    def reaches(self, metres: float | None) -> bool:
        """Whether a distance is within what `near` asks."""
        if metres is None:
            return False
        return metres <= self.most if self.most is not None else metres > (self.least or 0)

    def matches(self, doc: Mapping[str, Any]) -> bool:
        """The exact answer for a stored entity: any instance of the geoproperty counts; the name is an IRI."""
        return any(map(self.refine, unwrapped(walk(doc, (self.geoproperty, "value")))))


def far(
    origin: BaseGeometry, geojson: Any, between: Callable[[Degrees, Degrees], float] = geodesy.on_a_sphere
) -> float | None:
    """Metres to a stored geometry, None where it is none; between points over a sphere (Haversine) as §4.23.1 has it."""
    if isinstance(origin, Point) and (at := geometry.point(geojson)):
        return between((origin.x, origin.y), at)
    target = _stored(geojson)
    return None if target is None else geodesy.distance(origin, target)


def _stored(geojson: Any) -> BaseGeometry | None:
    try:
        return geometry.read(geojson, "geometry")
    except BadRequestData:
        return None


def parse(georel: str, kind: str, coordinates: str | list[Any], geoproperty: str = "location") -> Geo:
    """The question of the parameters georel, geometry, coordinates and geoproperty."""
    cursor = Cursor(georel, "georel")
    relation = cursor.take("near", *_SIMPLE)
    if not relation:
        cursor.fail(f"near, {', '.join(_SIMPLE[:-1])} or disjoint")
    bound, number = "", None
    if relation == "near":
        cursor.must(";")
        bound = cursor.take("maxDistance", "minDistance") or cursor.fail("maxDistance or minDistance")
        cursor.must("==")
        number = _positive(cursor)
    cursor.must_end("the end")
    if not (is_name(geoproperty) or ":" in geoproperty):
        raise BadRequestData(f"geoproperty: {geoproperty!r} is no attribute name.")
    return Geo(
        cast("Relation", relation),
        geometry.from_text(kind, coordinates),
        geoproperty,
        most=number if bound == "maxDistance" else None,
        least=number if bound == "minDistance" else None,
    )


def _positive(cursor: Cursor) -> float:
    found = _NUMBER.match(cursor.text, cursor.at)
    if found is None or float(found[0]) <= 0:
        cursor.fail("a positive number of metres")
    cursor.at = found.end()
    return float(found[0])


def box_of(geometries: list[BaseGeometry]) -> Box | None:
    """The box to store in `geo` beside an entity: around all of its locations."""
    if not geometries:
        return None
    west, south, east, north = (float(side) for side in shapely.total_bounds(geometries))
    return west, south, east, north
