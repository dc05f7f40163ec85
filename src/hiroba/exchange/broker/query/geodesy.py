"""Metres on the earth: distances on the WGS 84 ellipsoid and the boxes of longitude and latitude they reach.

Between two points the distance is Vincenty's inverse solution (Survey Review 23, 1975), good to a millimetre; where
it does not converge, near antipodes, a point half way is sought through which the way is shortest. Between lines and
areas the nearest points are found on an azimuthal equidistant map around one of them and measured. An edge is
straight in longitude and latitude (RFC 7946 §3.1.1).
"""

from collections.abc import Iterator
from math import asin, atan, atan2, cos, degrees, hypot, inf, pi, radians, remainder, sin, sqrt, tan

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from shapely import Point
from shapely.geometry.base import BaseGeometry

Degrees = tuple[float, float]
"""Longitude and latitude."""
Box = tuple[float, float, float, float]
"""West, south, east, north."""

_Points = NDArray[np.float64]
_Edges = tuple[_Points, _Points]

_A = 6378137.0
_F = 1 / 298.257223563
_B = _A * (1 - _F)
_MEAN = (2 * _A + _B) / 3
_SMALLEST_RADIUS = 6_335_000.0
_ROUNDS = 50
_PIECE = 0.5
_PIECES = 20_000
_CUTS = 3
_TINY = 1e-12
_TORN = 5_000_000.0
_EAST_HALF = 180.0


FLATTENING_ERROR = 0.006
"""How far the way over a sphere may be off the way over the ellipsoid, as a part of it."""


def on_a_sphere(one: Degrees, two: Degrees) -> float:
    """The same length on a sphere: within FLATTENING_ERROR, at a fifth of the cost."""
    north, other_north = radians(one[1]), radians(two[1])
    half_north, half_east = (other_north - north) / 2, radians(two[0] - one[0]) / 2
    squared = sin(half_north) ** 2 + cos(north) * cos(other_north) * sin(half_east) ** 2
    return 2 * _MEAN * asin(min(1.0, sqrt(squared)))


def metres(one: Degrees, two: Degrees) -> float:
    """The length of the shortest way over the ellipsoid."""
    found = _vincenty(one, two)
    return found if found is not None else _around(one, two)


def _vincenty(one: Degrees, two: Degrees) -> float | None:
    """Vincenty's inverse formula; None where it does not converge."""
    u1, u2 = (atan((1 - _F) * tan(radians(point[1]))) for point in (one, two))
    difference = radians(remainder(two[0] - one[0], 360))
    sin1, cos1, sin2, cos2 = sin(u1), cos(u1), sin(u2), cos(u2)
    wide = difference
    for _ in range(_ROUNDS):
        sin_sigma = hypot(cos2 * sin(wide), cos1 * sin2 - sin1 * cos2 * cos(wide))
        if sin_sigma == 0:
            return 0.0 if cos1 * cos2 * cos(wide) + sin1 * sin2 > 0 else None
        cos_sigma = sin1 * sin2 + cos1 * cos2 * cos(wide)
        sigma = atan2(sin_sigma, cos_sigma)
        sin_alpha = cos1 * cos2 * sin(wide) / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        middle = cos_sigma - 2 * sin1 * sin2 / cos2_alpha if cos2_alpha else 0.0
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        series = sigma + c * sin_sigma * (middle + c * cos_sigma * (2 * middle**2 - 1))
        before, wide = wide, difference + (1 - c) * _F * sin_alpha * series
        if abs(wide) > pi * 1.5:
            return None
        if abs(wide - before) < 1e-12:  # noqa: PLR2004 - radians: 0.006 mm
            return _length(cos2_alpha, sigma, sin_sigma, cos_sigma, middle)
    return None


def _length(cos2_alpha: float, sigma: float, sin_sigma: float, cos_sigma: float, middle: float) -> float:
    squared = cos2_alpha * (_A**2 - _B**2) / _B**2
    a = 1 + squared / 16384 * (4096 + squared * (-768 + squared * (320 - 175 * squared)))
    b = squared / 1024 * (256 + squared * (-128 + squared * (74 - 47 * squared)))
    last = b / 6 * middle * (4 * sin_sigma**2 - 3) * (4 * middle**2 - 3)
    return _B * a * (sigma - b * sin_sigma * (middle + b / 4 * (cos_sigma * (2 * middle**2 - 1) - last)))


def _around(one: Degrees, two: Degrees) -> float:
    """The shortest way across a circle a quarter round `one`: exact, for every way to an antipode crosses it."""

    def through(azimuth: float) -> float:
        half = _destination(one, azimuth)
        parts = _vincenty(one, half), _vincenty(half, two)
        return sum(part if part is not None else inf for part in parts)

    steps = 36
    best = min(range(steps), key=lambda step: through(2 * pi * step / steps))
    low, high = (2 * pi * (best + side) / steps for side in (-1, 1))
    for _ in range(40):
        third = (high - low) / 3
        if through(low + third) < through(high - third):
            high -= third
        else:
            low += third
    return through((low + high) / 2)


def _destination(start: Degrees, azimuth: float) -> Degrees:
    """A quarter of the way round a sphere."""
    latitude = radians(start[1])
    north = asin(cos(latitude) * cos(azimuth))
    east = atan2(sin(azimuth) * cos(latitude), -sin(latitude) * sin(north))
    return start[0] + degrees(east), degrees(north)


def distance(one: BaseGeometry, two: BaseGeometry) -> float:
    """Metres between the nearest points of two geometries; 0 where they meet."""
    if isinstance(one, Point) and isinstance(two, Point):
        return metres((one.x, one.y), (two.x, two.y))
    if one.intersects(two):
        return 0.0
    first, second = _edges(one), _edges(two)
    if isinstance(one, Point):
        return metres((one.x, one.y), _nearest(second, (one.x, one.y)))
    if isinstance(two, Point):
        return metres((two.x, two.y), _nearest(first, (two.x, two.y)))
    return min(_between(first, second, start) for start in _starts(one, two))


def _between(first: _Edges, second: _Edges, start: Degrees) -> float:
    """From a point to the nearest of the other geometry and back again, until it comes no nearer."""
    best, here = inf, start
    for _ in range(_ROUNDS):
        there = _nearest(second, here)
        here = _nearest(first, there)
        away = metres(here, there)
        if away > best * (1 - 1e-6):
            return min(best, away)
        best = away
    return best


def _starts(one: BaseGeometry, two: BaseGeometry) -> Iterator[Degrees]:
    """Points of the first geometry that may be near the second: seen flat, over the date line, over a pole."""
    bounds = one.bounds
    narrow = max(cos(radians((bounds[1] + bounds[3]) / 2)), 0.01)
    squeezed = shapely.transform(one, lambda xy: xy * (narrow, 1))
    for shift in (0, 360, -360):
        moved = shapely.transform(shapely.affinity.translate(two, shift), lambda xy: xy * (narrow, 1))
        x, y = shapely.get_coordinates(shapely.shortest_line(squeezed, moved))[0]
        yield float(x) / narrow, float(y)
    edges = _edges(one)
    yield _nearest(edges, (0.0, 90.0))
    yield _nearest(edges, (0.0, -90.0))


def _edges(geometry: BaseGeometry) -> _Edges:
    """Short straight pieces of a geometry's outline, from and to; a point is a piece without length."""
    if "Point" in geometry.geom_type:
        alone: _Points = shapely.get_coordinates(geometry)
        return alone, alone
    lines = geometry.boundary if "Polygon" in geometry.geom_type else geometry
    dense = shapely.segmentize(lines, max(_PIECE, lines.length / _PIECES))
    xy, line = shapely.get_coordinates(shapely.get_parts(dense), return_index=True)
    same = line[1:] == line[:-1]
    return xy[:-1][same], xy[1:][same]


def _nearest(edges: _Edges, point: Degrees) -> Degrees:
    """The point of an outline next to a point: the best pieces on a map around it, cut finer and finer."""
    start, end = edges
    for _ in range(_CUTS):
        on_start, on_end = _to_map(start, point), _to_map(end, point)
        way = on_end - on_start
        length = np.einsum("ij,ij->i", way, way)
        part = np.divide(-np.einsum("ij,ij->i", on_start, way), length, out=np.zeros_like(length), where=length > 0)
        ends = np.hypot(*on_start.T), np.hypot(*on_end.T)
        # Round the antipode the map is torn apart: there the nearer end of a piece stands for it.
        part = np.where(np.minimum(*ends) > _TORN, ends[0] > ends[1], np.clip(part, 0, 1))[:, None]
        away = np.hypot(*(on_start + part * way).T)
        best = np.argsort(away)[:3]
        found = (start + part * (end - start))[best[0]]
        steps = np.linspace(0, 1, 17)[:, None, None]
        cut = start[best] + steps * (end - start)[best]
        start, end = cut[:-1].reshape(-1, 2), cut[1:].reshape(-1, 2)
    return float(found[0]), float(found[1])


def _to_map(xy: _Points, centre: Degrees) -> _Points:
    """Longitude and latitude to metres on an azimuthal map; distances from its centre are Lambert's, good to 1e-5."""
    longitude = np.radians(xy[:, 0] - centre[0])
    latitude = np.arctan((1 - _F) * np.tan(np.radians(xy[:, 1])))
    middle = atan((1 - _F) * tan(radians(centre[1])))
    east = np.cos(latitude) * np.sin(longitude)
    north = cos(middle) * np.sin(latitude) - sin(middle) * np.cos(latitude) * np.cos(longitude)
    up = sin(middle) * np.sin(latitude) + cos(middle) * np.cos(latitude) * np.cos(longitude)
    flat = np.hypot(east, north)
    angle = np.arctan2(flat, up)
    half, mean = (latitude - middle) / 2, (latitude + middle) / 2
    over, under = np.cos(angle / 2) ** 2, np.sin(angle / 2) ** 2
    zero = np.zeros_like(angle)
    x = np.divide(
        (angle - np.sin(angle)) * (np.sin(mean) * np.cos(half)) ** 2, over, out=zero.copy(), where=over > _TINY
    )
    y = np.divide(
        (angle + np.sin(angle)) * (np.cos(mean) * np.sin(half)) ** 2, under, out=zero.copy(), where=under > _TINY
    )
    scale = np.divide(_A * (angle - _F / 2 * (x + y)), flat, out=zero, where=flat > 0)
    return np.stack([scale * east, scale * north], axis=1)


def reach(bounds: Box, radius: float) -> list[Box]:
    """Boxes that hold every point within `radius` metres of a box; two where the date line is crossed."""
    west, south, east, north = bounds
    angle = radius / _SMALLEST_RADIUS * 1.01 + 1e-6
    bottom, top = south - degrees(angle), north + degrees(angle)
    if bottom <= -90 or top >= 90:  # noqa: PLR2004 - a pole is in reach, and with it every longitude
        return [(-180.0, max(bottom, -90.0), 180.0, min(top, 90.0))]
    wide = degrees(asin(min(1.0, sin(angle) / cos(radians(max(abs(south), abs(north)))))))
    left, right = west - wide, east + wide
    if right - left >= 360:  # noqa: PLR2004 - all the way round
        return [(-180.0, bottom, 180.0, top)]
    if left < -_EAST_HALF:
        return [(-180.0, bottom, right, top), (left + 360, bottom, 180.0, top)]
    if right > _EAST_HALF:
        return [(left, bottom, 180.0, top), (-180.0, bottom, right - 360, top)]
    return [(left, bottom, right, top)]
