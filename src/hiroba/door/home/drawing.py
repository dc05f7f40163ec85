"""A map as a drawing: what stands in the page before the interactive one wakes, on paper, and without JavaScript."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from shapely import box as rectangle
from shapely.errors import ShapelyError
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry, BaseMultipartGeometry

from hiroba.door.home.base_map import Feature
from hiroba.door.home.places import Place
from hiroba.door.region import Box

TILE: Final = 512
HALF_A_NAME: Final = 48
HALF_A_SIGN: Final = 24
ORDER: Final = ("area", "park", "river", "street", "railway")


class Path(msgspec.Struct, frozen=True):
    """One stroke or fill: the layer it is styled by, and its SVG path."""

    layer: str
    d: str
    rank: str = ""


class Sign(msgspec.Struct, frozen=True):
    """A place's sign in the drawing."""

    x: float
    y: float
    place: Place


class Label(msgspec.Struct, frozen=True):
    """A name in the drawing."""

    x: float
    y: float
    name: str
    layer: str


class Drawing(msgspec.Struct, frozen=True):
    """A whole map, ready for the template."""

    width: int
    height: int
    paths: list[Path]
    labels: list[Label]
    signs: list[Sign]
    centre: tuple[float, float]
    zoom: float


class View(msgspec.Struct, frozen=True):
    """A window on the map: its middle, zoom and size in pixels."""

    centre: tuple[float, float]
    zoom: float
    width: int = 720
    height: int = 360

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a place lies in the window (Web Mercator, as map tiles have it)."""
        x0, y0 = mercator(*self.centre, self.zoom)
        x, y = mercator(longitude, latitude, self.zoom)
        return round(x - x0 + self.width / 2, 1), round(y - y0 + self.height / 2, 1)

    @property
    def box(self) -> Box:
        """West, south, east, north of the window."""
        x, y = mercator(*self.centre, self.zoom)
        west, north = unmercator(x - self.width / 2, y - self.height / 2, self.zoom)
        east, south = unmercator(x + self.width / 2, y + self.height / 2, self.zoom)
        return west, south, east, north


def mercator(longitude: float, latitude: float, zoom: float) -> tuple[float, float]:
    """Pixels from the map's north-west corner."""
    world = TILE * 2**zoom
    slope = math.asinh(math.tan(math.radians(latitude)))
    return (longitude + 180) / 360 * world, (1 - slope / math.pi) / 2 * world


def unmercator(x: float, y: float, zoom: float) -> tuple[float, float]:
    """The place of a pixel."""
    world = TILE * 2**zoom
    return x / world * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / world))))


def view_of(box: Box, width: int = 720, height: int = 360, *, closest: float = 16.0) -> View:
    """The window that shows the whole box."""
    west, south, east, north = box
    left, top = mercator(west, north, 0)
    right, bottom = mercator(east, south, 0)
    across, down = max(right - left, 1e-9), max(bottom - top, 1e-9)
    zoom = min(math.log2(width * 0.92 / across), math.log2(height * 0.92 / down), closest)
    return View(unmercator((left + right) / 2, (top + bottom) / 2, 0), zoom, width, height)


def draw(view: View, features: Iterable[Feature], places: Sequence[Place] = ()) -> Drawing:
    """The features clipped to the window, the signs over them; the first place lies on top."""
    window = rectangle(*view.box).buffer((view.box[2] - view.box[0]) / 40)
    paths, labels = [], []
    for feature in sorted(features, key=lambda one: ORDER.index(one.layer)):
        try:
            seen = feature.geometry.intersection(window)
        except ShapelyError:
            continue
        if seen.is_empty:
            continue
        paths.append(Path(feature.layer, path(view, seen), feature.rank))
        if feature.layer == "area" and feature.name:
            inside = seen.representative_point()
            labels.append(Label(*view.pixel(inside.x, inside.y), feature.name, feature.layer))
    signs = [Sign(*view.pixel(*place.point), place) for place in reversed(places) if place.point]
    shown = [sign for sign in signs if 0 <= sign.x <= view.width and 0 <= sign.y <= view.height]
    labels = [label for label in labels if not any(_hides(sign, label) for sign in shown)]
    return Drawing(view.width, view.height, paths, labels, shown, view.centre, view.zoom)


def _hides(sign: Sign, label: Label) -> bool:
    return abs(sign.x - label.x) < HALF_A_NAME and abs(sign.y - label.y) < HALF_A_SIGN


def path(view: View, geometry: BaseGeometry) -> str:
    """The SVG path of a line or area, whole pixels and tenths."""
    if isinstance(geometry, Polygon):
        return "".join(stroke(view, ring.coords) + "z" for ring in (geometry.exterior, *geometry.interiors))
    if isinstance(geometry, LineString):
        return stroke(view, geometry.coords)
    if isinstance(geometry, BaseMultipartGeometry):
        return "".join(path(view, part) for part in geometry.geoms)
    return ""


def stroke(view: View, coordinates: Iterable[tuple[float, ...]]) -> str:
    """`M1 2L3 4…` through the coordinates, points that fall on one pixel taken once."""
    points: list[tuple[float, float]] = []
    for longitude, latitude, *_ in coordinates:
        point = view.pixel(longitude, latitude)
        if not points or abs(point[0] - points[-1][0]) + abs(point[1] - points[-1][1]) >= 1:
            points.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""
