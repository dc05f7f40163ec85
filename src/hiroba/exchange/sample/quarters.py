"""Where people live: districts around each centre and hamlets along the roads, their streets each their own way."""

import math
from collections.abc import Iterator, Sequence
from random import Random

import msgspec
import shapely
from shapely import LineString, MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.sample.layout import Town
from hiroba.exchange.sample.paths import along
from hiroba.exchange.sample.plane import Place, chance, thinned
from hiroba.exchange.sample.terrain import Terrain

GOLDEN = math.pi * (3 - math.sqrt(5))
STEEPEST, HIGHEST = 0.2, 420.0
"""Nobody builds where it is steeper (metres per metre) or higher (metres)."""
SHORTEST = 0.16
"""Kilometres: a piece of street below this is left out."""


class Quarter(msgspec.Struct, frozen=True):
    """A district or hamlet: its middle, its ground, its streets."""

    middle: Place
    ground: BaseGeometry
    streets: list[LineString]
    hamlet: bool


def quarters(seed: int, town: Town, area: BaseGeometry, roads: Sequence[LineString], terrain: Terrain) -> list[Quarter]:
    """The settled ground of one municipality, the centre first."""
    random = chance(seed, "quarters", town.kind)
    shapely.prepare(area)
    core = _around(town, area, random, terrain)
    hamlets = _along_roads(town, area, roads, core, random=random, terrain=terrain)
    middles = core + hamlets
    cells = _cells(middles)
    dry = area.buffer(-0.12, quad_segs=2).difference(
        shapely.union_all([river.buffer(0.09) for river in terrain.rivers])
    )
    lean = random.uniform(0, math.pi / 2)
    found = []
    for number, middle in enumerate(middles):
        hamlet = number >= len(core)
        reach = town.spacing * (0.42 if hamlet else 0.74) * random.uniform(0.9, 1.12)
        ground = _blob(middle, reach, random).intersection(cells[number]).intersection(dry)
        ground = _piece_with(ground, middle)
        direction = lean + random.gauss(0, 0.35)
        streets = list(_grid(ground, middle, direction, town.block * (1.1 if hamlet else 1), random))
        if town.kind == "newtown" and not hamlet and number:
            streets = list(_rings(ground, middle, reach, town.block * 1.2, direction))
        if streets:
            found.append(Quarter(middle, ground, streets, hamlet))
    return found


def _around(town: Town, area: BaseGeometry, random: Random, terrain: Terrain) -> list[Place]:
    """Middles of districts in a sunflower around the centre, but for the sea, the steep and other towns."""
    turn, middles = random.uniform(0, math.tau), [town.centre]
    for number in range(1, 160):
        if len(middles) == town.quarters:
            break
        reach, angle = 0.74 * town.spacing * math.sqrt(number), turn + number * GOLDEN
        place = town.centre[0] + reach * math.cos(angle), town.centre[1] + reach * math.sin(angle)
        if _fit(place, area, terrain, shore=0.3, lowest_border=0.35):
            middles.append(place)
    return middles


def _along_roads(
    town: Town,
    area: BaseGeometry,
    roads: Sequence[LineString],
    core: Sequence[Place],
    *,
    random: Random,
    terrain: Terrain,
) -> list[Place]:
    """Middles of hamlets beside the roads, away from the centre and from each other."""
    chosen: list[Place] = []
    candidates = [along(road, random.uniform(0, road.length)) for road in roads for _ in range(40)]
    random.shuffle(candidates)
    for apart in (2.6, 1.9, 1.4):
        for place in candidates:
            far = all(math.dist(place, other) > apart * town.spacing for other in (*core, *chosen))
            if len(chosen) < town.hamlets and far and _fit(place, area, terrain, shore=0.25, lowest_border=0.3):
                chosen.append(place)
    return chosen


def _fit(place: Place, area: BaseGeometry, terrain: Terrain, *, shore: float, lowest_border: float) -> bool:
    point = Point(place)
    if (
        not area.covers(point)
        or terrain.from_coast(place) < shore
        or shapely.boundary(area).distance(point) < lowest_border
    ):
        return False
    return terrain.slope(place) < STEEPEST and terrain.height(place) < HIGHEST


def _cells(middles: Sequence[Place]) -> list[BaseGeometry]:
    """The part of the plane nearest to each middle."""
    if len(middles) == 1:
        return [Point(middles[0]).buffer(9)]
    drawn = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(middles), extend_to=Point(0, 0).buffer(40)))
    return [next(cell for cell in drawn if cell.covers(Point(middle))) for middle in middles]


def _blob(middle: Place, reach: float, random: Random) -> BaseGeometry:
    """A round patch with an uneven edge."""
    phases = [random.uniform(0, math.tau) for _ in range(3)]
    ring = []
    for degree in range(0, 360, 12):
        angle = math.radians(degree)
        swell = 1 + sum(0.09 * math.sin((wave + 2) * angle + phase) for wave, phase in enumerate(phases))
        ring.append((middle[0] + reach * swell * math.cos(angle), middle[1] + reach * swell * math.sin(angle)))
    return shapely.Polygon(ring)


def _piece_with(ground: BaseGeometry, middle: Place) -> BaseGeometry:
    return min(shapely.get_parts(ground), key=lambda part: (part.distance(Point(middle)), -part.area), default=ground)


def _grid(ground: BaseGeometry, middle: Place, direction: float, block: float, random: Random) -> Iterator[LineString]:
    """Two bundles of nearly parallel streets, clipped to the ground, slightly bent as old lanes are."""
    bend, phase = random.uniform(0.01, 0.035), random.uniform(0, math.tau)
    for turn, wide in ((0.0, 1.0), (math.pi / 2, random.uniform(1.1, 1.5))):
        c, s = math.cos(direction + turn), math.sin(direction + turn)
        spacing = block * wide
        for number in range(-9, 10):
            offset = (number + random.uniform(-0.12, 0.12)) * spacing
            line = []
            for tick in range(-12, 13):
                ahead = tick * 0.15
                aside = offset + bend * math.sin(1.6 * ahead + phase)
                line.append((middle[0] + c * ahead - s * aside, middle[1] + s * ahead + c * aside))
            yield from _clipped(LineString(line), ground)


def _rings(ground: BaseGeometry, middle: Place, reach: float, block: float, direction: float) -> Iterator[LineString]:
    """Crescents around a middle and spokes between them: a town planned on a drawing board."""
    for ring in range(1, 6):
        radius = ring * block * 0.8
        bow = [
            (
                middle[0] + radius * math.cos(direction + angle / 10),
                middle[1] + radius * math.sin(direction + angle / 10),
            )
            for angle in range(59)
        ]
        yield from _clipped(LineString(bow), ground)
    for spoke in range(6):
        angle = direction + spoke * math.tau / 6
        out = (middle[0] + reach * 1.4 * math.cos(angle), middle[1] + reach * 1.4 * math.sin(angle))
        yield from _clipped(LineString([middle, out]), ground)


def _clipped(line: LineString, ground: BaseGeometry) -> Iterator[LineString]:
    """The longest piece of a street on the ground, where it is long enough to have a name."""
    pieces = [part for part in shapely.get_parts(line.intersection(ground)) if isinstance(part, LineString)]
    longest = max(pieces, key=lambda piece: piece.length, default=None)
    if longest is not None and longest.length > SHORTEST:
        yield thinned(longest, 0.004)
