"""Ways over land: the cheapest path on a grid, where slopes and the shore cost and an existing road is cheap."""

import heapq
import math
from collections.abc import Iterator
from itertools import pairwise

from shapely import LineString, Point

from hiroba.exchange.sample.outline import smooth
from hiroba.exchange.sample.plane import Place, thinned
from hiroba.exchange.sample.terrain import Terrain

Cell = tuple[int, int]
STEP = 0.4
"""Kilometres between two cells."""
SHY = 0.35
"""Kilometres that a way keeps from the sea where it can."""
NEIGHBOURS = tuple((i, j) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) if math.gcd(i, j) == 1)
"""Sixteen directions, so that ways do not turn by 45 degrees only."""


class Ways:
    """The grid of one land, and what has been built on it."""

    def __init__(self, terrain: Terrain) -> None:
        self.terrain = terrain
        self.built: set[Cell] = set()

    def path(self, *places: Place, steep: float = 30.0, reuse: float = 0.6) -> LineString:
        """The cheapest way through places; what it uses becomes cheap for the next."""
        cells = [_cell(places[0])]
        for start, end in pairwise(places):
            cells += self._leg(_cell(start), _cell(end), steep, reuse)
        self.built.update(cells)
        inner = [_place(cell) for cell in cells[1:-1]]
        return thinned(LineString(smooth([places[0], *inner, places[-1]], 2)), 0.012)

    def _leg(self, origin: Cell, goal: Cell, steep: float, reuse: float) -> list[Cell]:
        """The cells from one to another (A*), without the first."""
        costs, came, queue = {origin: 0.0}, dict[Cell, Cell](), [(0.0, origin)]
        done: set[Cell] = set()
        while queue:
            cell = heapq.heappop(queue)[1]
            if cell == goal:
                break
            if cell in done:
                continue
            done.add(cell)
            for ahead, cost in self._steps(cell, steep, reuse):
                total = costs[cell] + cost
                if total < costs.get(ahead, math.inf):
                    costs[ahead], came[ahead] = total, cell
                    heapq.heappush(queue, (total + reuse * STEP * math.dist(ahead, goal), ahead))
        cells = [goal]
        while came[cells[-1]] != origin:
            cells.append(came[cells[-1]])
        return cells[::-1]

    def _steps(self, cell: Cell, steep: float, reuse: float) -> Iterator[tuple[Cell, float]]:
        shore, height, _ = self._of(cell)
        for i, j in NEIGHBOURS:
            ahead = (cell[0] + i, cell[1] + j)
            shore_ahead, height_ahead, broken = self._of(ahead)
            length = STEP * math.hypot(i, j)
            cost = length * broken + steep * abs(height_ahead - height) / 1000 + length * height_ahead / 500
            if shore_ahead < SHY:
                cost += 60 * length * (1 if shore_ahead else 20)
            if shore and cell in self.built and ahead in self.built:
                cost *= reuse
            yield ahead, cost

    def _of(self, cell: Cell) -> tuple[float, float, float]:
        """Distance from the sea and height of a cell, and how broken its ground is."""
        known = self.terrain.ground.get(cell)
        if known is None:
            place = _place(cell)
            shore = self.terrain.from_coast(place)
            known = self.terrain.ground[cell] = (
                shore,
                self.terrain.height_at(place, shore),
                1 + 0.45 * self.terrain.relief(*place),
            )
        return known


def _cell(place: Place) -> Cell:
    return round(place[0] / STEP), round(place[1] / STEP)


def _place(cell: Cell) -> Place:
    return cell[0] * STEP, cell[1] * STEP


def along(line: LineString, kilometres: float) -> Place:
    """The place so far along a line."""
    point: Point = line.interpolate(kilometres)
    return point.x, point.y


def every(line: LineString, spacing: float, start: float = 0.0) -> Iterator[float]:
    """Kilometres along a line, one every `spacing`."""
    reached = start
    while reached < line.length:
        yield reached
        reached += spacing
