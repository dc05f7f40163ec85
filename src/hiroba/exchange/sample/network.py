"""Trunk roads and railways between the towns, and the stations on them."""

from collections.abc import Mapping
from itertools import pairwise

import msgspec
import shapely
from shapely import LineString

from hiroba.exchange.sample.layout import ROADS, TOWNS
from hiroba.exchange.sample.outline import moved, smooth
from hiroba.exchange.sample.paths import Ways, along
from hiroba.exchange.sample.plane import Place, chance, thinned
from hiroba.exchange.sample.terrain import Terrain

CENTRES = {town.kind: town.centre for town in TOWNS}


class Road(msgspec.Struct, frozen=True):
    """A trunk road: its class, its number, its line."""

    rank: str
    number: str
    line: LineString


class Track(msgspec.Struct, frozen=True):
    """A railway: which one, its line, its stops with the town each is named after, if any."""

    kind: str
    line: LineString
    stops: list[tuple[Place, str]]


def roads(terrain: Terrain, ways: Ways) -> list[Road]:
    """The trunk roads of the design, laid over the land."""
    laid = [Road(rank, number, ways.path(*(_place(stop) for stop in stops))) for rank, number, stops in ROADS]
    ring = _round_island(terrain)
    spur = ways.path(along(ring, ring.project(shapely.Point(CENTRES["island"]))), CENTRES["island"])
    return [*laid, Road("prefectural", "21", ring), Road("prefectural", "22", spur)]


def _place(stop: str | Place) -> Place:
    return CENTRES[stop] if isinstance(stop, str) else stop


def _round_island(terrain: Terrain) -> LineString:
    """A road around the great island, some way above the shore."""
    home = shapely.Point(CENTRES["island"])
    land = min(shapely.get_parts(terrain.land), key=lambda part: part.distance(home))
    inner = max(shapely.get_parts(land.buffer(-0.5)), key=lambda part: part.area)
    return thinned(LineString(smooth(list(inner.simplify(0.12).exterior.coords), 2)), 0.012)


def railways(seed: int, terrain: Terrain) -> list[Track]:
    """The main line from the orchard town to the spa, a branch to the fishing port, the city's own line."""
    ways = Ways(terrain)
    random = chance(seed, "rails")
    beside: Mapping[str, Place] = {kind: moved(centre, random, 0.3) for kind, centre in CENTRES.items()}
    lines = {"main": ("orchard", "castle", "harbour", "newtown", "spa"), "coast": ("castle", "fishing")}
    tracks = []
    for kind, towns in lines.items():
        line = ways.path(*(beside[town] for town in towns), steep=60.0, reuse=0.8)
        tracks.append(Track(kind, line, _stops(line, [(beside[town], town) for town in towns], 2.6)))
    return [*tracks, _city_line(ways, beside["harbour"])]


def _city_line(ways: Ways, station: Place) -> Track:
    """A short line from the city's station to the port and along the bay."""
    line = ways.path(station, (station[0] + 1.0, station[1] - 1.0), (6.6, -1.4), steep=60.0)
    return Track("harbour", line, _stops(line, [(station, "harbour")], 1.3)[1:])


def _stops(line: LineString, named: list[tuple[Place, str]], spacing: float) -> list[tuple[Place, str]]:
    """The named stations and, between them, others about every `spacing` kilometres; in their order on the line."""
    marks = sorted((line.project(shapely.Point(place)), kind) for place, kind in named)
    if marks[-1][0] < line.length - spacing / 2:
        marks.append((line.length, ""))
    stops = []
    for (start, kind), (end, _) in pairwise(marks):
        between = max(0, round((end - start) / spacing) - 1)
        stops.append((start, kind))
        stops += [(start + (end - start) * (n + 1) / (between + 1), "") for n in range(between)]
    stops.append(marks[-1])
    return [(along(line, mark), kind) for mark, kind in stops]


def inside(line: LineString, area: shapely.geometry.base.BaseGeometry) -> list[LineString]:
    """The pieces of a line within an area, the longest first."""
    pieces = [
        part for part in shapely.get_parts(line.intersection(area)) if part.length and isinstance(part, LineString)
    ]
    return sorted(pieces, key=lambda piece: -piece.length)
