"""The lie of the land: heights in metres from the design's mountains, low at the coast."""

import math

import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.sample.layout import PEAKS, RIVERS, Peak
from hiroba.exchange.sample.outline import rough_line, smooth
from hiroba.exchange.sample.plane import Place, chance, thinned

OPEN_SHORE = 0.3
"""Kilometres along the sea where no wood grows."""


class Terrain:
    """Land with heights and rivers, in kilometres."""

    def __init__(self, seed: int, land: BaseGeometry) -> None:
        self.land = land
        self.coast = shapely.boundary(land)
        self.ground: dict[tuple[int, int], tuple[float, float, float]] = {}
        shapely.prepare(self.land)
        shapely.prepare(self.coast)
        self.rivers = [self._river(seed, number) for number in range(len(RIVERS))]
        random = chance(seed, "relief")
        self._phases = [random.uniform(0, math.tau) for _ in range(5)]
        self._all_rivers = shapely.union_all(self.rivers)
        shapely.prepare(self._all_rivers)

    def _river(self, seed: int, number: int) -> LineString:
        random = chance(seed, "river", number)
        course = LineString(smooth(rough_line(RIVERS[number], random, 0.12, 0.7), 2)).intersection(self.land)
        return thinned(max(shapely.get_parts(course), key=lambda part: part.length), 0.01)

    def from_coast(self, place: Place) -> float:
        """Kilometres to the sea; 0 in it."""
        point = shapely.Point(place)
        return float(self.coast.distance(point)) if self.land.covers(point) else 0.0

    def from_river(self, place: Place) -> float:
        """Kilometres to the nearest river."""
        return float(self._all_rivers.distance(shapely.Point(place)))

    def height(self, place: Place) -> float:
        """Metres above the sea."""
        return self.height_at(place, self.from_coast(place))

    def height_at(self, place: Place, from_coast: float) -> float:
        """Metres above the sea of a place whose distance from the coast is known."""
        hills = sum(peak.height * math.exp(-((math.dist(place, peak.at) / peak.width) ** 2)) for peak in PEAKS)
        relief = self.relief(*place)
        return min(1.0, from_coast / 1.2) * (hills * (1 + 0.42 * relief) + 11 * (1 + relief)) + 2.5 * from_coast

    def relief(self, x: float, y: float) -> float:
        """Spurs and valleys: about -1 to 1, never the same twice."""
        a, b, c, d, e = self._phases
        broad = math.sin(1.5 * x + 1.4 * math.sin(0.8 * y + a) + b) * math.sin(
            1.3 * y + 1.2 * math.sin(0.9 * x + c) + d
        )
        return 0.7 * broad + 0.3 * math.sin(3.3 * x + 2.1 * y + e) * math.sin(2.9 * y - 1.7 * x + a)

    def slope(self, place: Place, step: float = 0.15) -> float:
        """How steep it is, in metres per metre."""
        x, y = place
        shore = self.from_coast(place)
        east = self.height_at((x + step, y), shore) - self.height_at((x - step, y), shore)
        north = self.height_at((x, y + step), shore) - self.height_at((x, y - step), shore)
        return math.hypot(east, north) / (2000 * step)

    def woods(self, peak: Peak) -> Polygon:
        """The wooded slopes of a mountain: outward in every direction until the ground gets low."""
        ring: list[Place] = []
        for degree in range(0, 360, 5):
            turn, reach = math.radians(degree), 0.2
            while reach < peak.width * 1.9:
                ahead = (peak.at[0] + reach * math.cos(turn), peak.at[1] + reach * math.sin(turn))
                shore = self.from_coast(ahead)
                if shore < OPEN_SHORE or self.height_at(ahead, shore) < 95 + 0.16 * peak.height:
                    break
                reach += 0.14
            ring.append((peak.at[0] + reach * math.cos(turn), peak.at[1] + reach * math.sin(turn)))
        return Polygon(smooth([*ring, ring[0]], 1))
