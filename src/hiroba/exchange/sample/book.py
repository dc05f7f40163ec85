"""The book that places are entered in: it numbers them, and tells those that come later what stands where."""

from collections import Counter
from random import Random
from typing import Any

import msgspec
from shapely import Point
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.sample import categories
from hiroba.exchange.sample.localities import District, Locality, spot
from hiroba.exchange.sample.names import Name
from hiroba.exchange.sample.plane import Place, geojson

Entity = dict[str, Any]
PRIVATE = frozenset({"Restaurant", "Laundry", "Railway", "Station", "BusStop"})
"""What companies run; such entities name their `operator` beside the municipality they stand in."""


class Premises(msgspec.Struct, frozen=True):
    """A place that is in the book: its name, where it is, whose it is, how one writes to it."""

    kind: str
    name: Name
    at: Place
    home: Locality
    district: District
    address: dict[str, str]
    category: str = ""
    floor: float = 0.0
    """How many people it holds."""


class Book:
    """The entities of the region, each with the municipality that owns it, in the order they were entered."""

    def __init__(self) -> None:
        self.entities: list[tuple[str, Entity]] = []
        self.premises: list[Premises] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def enter(self, home: Locality, kind: str, name: Name, geometry: BaseGeometry, **attributes: Any) -> Entity:
        """An entity of a municipality, under the next free number of its type there."""
        self._counts[home.code, kind] += 1
        entity: Entity = {
            "id": f"urn:ngsi-ld:{kind}:sample:{home.code}-{self._counts[home.code, kind]:04}",
            "type": kind,
            "name": name.map(),
            "municipality": home.code,
            "location": geojson(geometry),
            **attributes,
        }
        self.entities.append((home.code, entity))
        return entity

    def open(
        self,
        home: Locality,
        district: District,
        kind: str,
        name: Name,
        random: Random,
        *,
        at: Place | Premises | None = None,
        category: str = "",
        floor: float = 0.0,
        shape: BaseGeometry | None = None,
        **attributes: Any,
    ) -> Premises:
        """A place to go to: beside a street of its district, at a given place, or at premises that stand already."""
        if isinstance(at, Premises):
            place, address = at.at, at.address
        else:
            place, address = at or spot(district, random), home.address(district, random)
        premises = Premises(kind, name, place, home, district, address, category, floor)
        known = {"category": categories.category(category)} if category else {}
        self.enter(home, kind, name, shape or Point(place), address=address, **known, **attributes)
        self.premises.append(premises)
        return premises

    def of(self, home: Locality, *kinds: str) -> list[Premises]:
        """The premises of these types in a municipality."""
        return [premises for premises in self.premises if premises.home is home and premises.kind in kinds]


def telephone(random: Random) -> str:
    """A number in the form of a Japanese one that no exchange connects: area code 0000."""
    return f"0000-{random.randint(10, 99)}-{random.randint(0, 9999):04}"
