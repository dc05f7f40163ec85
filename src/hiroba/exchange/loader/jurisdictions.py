"""Polygons of municipalities and wards, joined by code: areas of the exchange and jurisdictions of the house.

In N03 a municipality comes in many features (islands, wards). Five digits name each; the sixth is the check digit of
JIS X 0402. A designated city has no features of its own: it is the union of its wards.
"""

from typing import Any

import msgspec
import orjson
from shapely import from_geojson, make_valid, to_geojson, union_all
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.loader.entity import ColumnRefused
from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.readers import Row
from hiroba.exchange.loader.values import code, text, with_check_digit

FURTHER_CITIES = ("14130", "14150", "22130", "27140", "40130")
"""Designated cities that are not the first of their prefecture; the first is always …100."""
DIGITS = 5


def city_of_ward(five: str) -> str:
    """The five-digit code of the designated city a ward belongs to."""
    return max(city for city in (f"{five[:2]}100", *FURTHER_CITIES) if city[:2] == five[:2] and city <= five)


class Area(msgspec.Struct, frozen=True):
    """A municipality, or a ward of one."""

    code: str
    name: str
    prefecture: str
    shape: dict[str, Any]
    municipality: bool = True
    part_of: str = ""

    def entity(self, mapping: Mapping) -> dict[str, Any]:
        """The area as an entity."""
        id_ = f"urn:ngsi-ld:{mapping.type}:{mapping.source}:"
        attributes: dict[str, Any] = {
            "name": {"type": "Property", "value": self.name},
            "municipality": {"type": "Property", "value": self.part_of or self.code},
            "localGovernmentCode": {"type": "Property", "value": self.code},
            "address": {"type": "Property", "value": {"addressRegion": self.prefecture}},
            "location": {"type": "GeoProperty", "value": self.shape},
        }
        if self.part_of:
            attributes["isPartOf"] = {"type": "Relationship", "object": f"{id_}{self.part_of}"}
        constants = {name: {"type": "Property", "value": value} for name, value in mapping.set.items()}
        return {"id": f"{id_}{self.code}", "type": mapping.type, **attributes, **constants}

    def document(self) -> dict[str, Any]:
        """The municipality as the operator states it to the house."""
        return {"names": {"ja": self.name}, "prefecture": self.prefecture, "area": self.shape}


class Parts:
    """Features as they come, kept by code."""

    def __init__(self, mapping: Mapping) -> None:
        assert mapping.jurisdictions is not None  # noqa: S101 - asked only of mappings with jurisdictions
        self._how = mapping.jurisdictions
        self._shapes: dict[str, list[BaseGeometry]] = {}
        self._about: dict[str, tuple[str, str, str]] = {}

    def add(self, row: Row) -> None:
        """Take one feature; ColumnRefused where it has no code or no polygon."""
        five = code(row.cells.get(self._how.code))
        if len(five) != DIGITS or not (five.isascii() and five.isdigit()):
            raise ColumnRefused(self._how.code, Refusal("“{cell}” is no five-digit code of a municipality.", cell=five))
        shape = _shape(row.geometry)
        name, city, prefecture = (
            text(row.cells.get(column)) for column in (self._how.name, self._how.city, self._how.prefecture)
        )
        if not name:
            raise ColumnRefused(
                self._how.name,
                Refusal("The cell is empty, and “{column}” must not be. Fill it in.", column=self._how.name),
            )
        ward = name.endswith("区") and city.endswith("市")
        if ward:
            self._keep(city_of_ward(five), shape, (city, prefecture, ""))
        self._keep(five, shape, (f"{city}{name}" if ward else name, prefecture, city_of_ward(five) if ward else ""))

    def _keep(self, five: str, shape: BaseGeometry, about: tuple[str, str, str]) -> None:
        self._shapes.setdefault(five, []).append(shape)
        self._about[five] = about

    def joined(self) -> list[Area]:
        """Each area whole, by code."""
        areas = []
        for five, shapes in sorted(self._shapes.items()):
            name, prefecture, city = self._about[five]
            shape = orjson.loads(to_geojson(_polygons(union_all(shapes))))
            part_of = with_check_digit(city) if city else ""
            areas.append(Area(with_check_digit(five), name, prefecture, shape, not city, part_of))
        return areas


def _shape(geometry: dict[str, Any] | None) -> BaseGeometry:
    try:
        shape = from_geojson(orjson.dumps(geometry)) if geometry else None
    except (GEOSException, TypeError):
        shape = None
    polygons = _polygons(shape) if shape is not None else None
    if polygons is None or polygons.is_empty:
        raise ColumnRefused(
            "geometry", Refusal("The feature has no polygon. Export the areas again with their outlines.")
        )
    return polygons


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape, mended where its outline crosses itself."""
    valid = shape if shape.is_valid else make_valid(shape)
    parts = [
        part
        for part in getattr(valid, "geoms", [valid])
        if isinstance(part, Polygon | MultiPolygon) and not part.is_empty
    ]
    return union_all(parts) if len(parts) != 1 else parts[0]
