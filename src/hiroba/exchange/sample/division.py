"""Who governs what: the land cut along borders so that the municipalities tile it, without a gap or an overlap.

Coasts and borders are noded together on the grid of the coordinates that are kept; the faces between them are the
municipalities, so two neighbours share every vertex of their border.
"""

import math

import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.sample.layout import BORDERS, GREAT_ISLAND, ISLAND_OWNERS, LITTLE_ISLAND, MAINLAND, TOWNS
from hiroba.exchange.sample.outline import island, moved, rough_line
from hiroba.exchange.sample.plane import DIGITS, Place, chance, in_degrees, in_kilometres

GRID = 10.0**-DIGITS
ATTEMPTS = 20
ROOM = 0.3
"""Kilometres that must be free of borders and sea around a centre."""
ISLANDS = 3


def divided(seed: int) -> dict[str, BaseGeometry]:
    """The area of each kind of town, in degrees."""
    for attempt in range(ATTEMPTS):
        areas = _divided(seed, attempt)
        if areas is not None:
            return areas
    raise AssertionError(f"Seed {seed} draws no land that can be divided.")


def _divided(seed: int, attempt: int) -> dict[str, BaseGeometry] | None:
    """One attempt; None where a centre gets no room, or islands join."""
    calm = 1 - attempt / ATTEMPTS
    coast = chance(seed, "coast", attempt)
    lands = [
        island(MAINLAND, coast, restless=0.7 * calm, finest=0.26),
        island(GREAT_ISLAND, coast, restless=0.35 * calm, finest=0.24),
        island(LITTLE_ISLAND, coast, restless=0.15 * calm, finest=0.24),
    ]
    lines = [in_degrees(shapely.boundary(land)) for land in lands]
    lines += [in_degrees(border) for border in _borders(seed, attempt, calm)]
    faces = [
        face
        for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.unary_union(lines, grid_size=GRID))))
        if any(land.covers(in_kilometres(face).representative_point()) for land in lands)
    ]
    return _shared_out(faces)


def _borders(seed: int, attempt: int, calm: float) -> list[LineString]:
    random = chance(seed, "borders", attempt)
    corners: dict[Place, Place] = {}
    for border in BORDERS:
        for corner in border:
            corners.setdefault(corner, moved(corner, random, 0.5 * calm))
    return [
        LineString(rough_line([corners[corner] for corner in border], random, 0.13 * calm, 0.45)) for border in BORDERS
    ]


def _shared_out(faces: list[Polygon]) -> dict[str, BaseGeometry] | None:
    """Each face to the town whose centre it holds, slivers to the neighbour with the longest common border."""
    seats = [(town.kind, town.centre) for town in TOWNS] + [(kind, place) for place, kind in ISLAND_OWNERS]
    owners: dict[int, str] = {}
    for kind, place in seats:
        ground = in_degrees(Point(place).buffer(ROOM))
        found = next((number for number, face in enumerate(faces) if face.covers(ground)), None)
        if found is None or owners.setdefault(found, kind) != kind:
            return None
    shares = {
        town.kind: [face for number, face in enumerate(faces) if owners.get(number) == town.kind] for town in TOWNS
    }
    for number, sliver in enumerate(faces):
        if number not in owners:
            nearest = max(shares, key=lambda kind: _common(sliver, shares[kind]))
            shares[nearest].append(sliver)
    areas = {kind: shapely.normalize(shapely.coverage_union_all(parts)) for kind, parts in shares.items()}
    return areas if len(shapely.get_parts(shapely.coverage_union_all(list(areas.values())))) == ISLANDS else None


def _common(face: Polygon, parts: list[Polygon]) -> tuple[float, float]:
    """How long their border is; where there is none, the nearer is more."""
    common = sum(face.boundary.intersection(part.boundary).length for part in parts)
    return common, -min((face.distance(part) for part in parts), default=math.inf)


def one_piece(areas: dict[str, BaseGeometry]) -> BaseGeometry:
    """All the land, in degrees."""
    return shapely.coverage_union_all(list(areas.values()))
