"""Coasts: corners of a design become shores by displacing midpoints, as surf and rivers would."""

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from shapely import Polygon

from hiroba.exchange.sample.layout import Shore
from hiroba.exchange.sample.plane import Place


def moved(place: Place, random: Random, by: float) -> Place:
    """A place somewhat elsewhere: at most `by` kilometres each way."""
    return place[0] + random.uniform(-by, by), place[1] + random.uniform(-by, by)


def rough(start: Place, end: Place, random: Random, roughness: float, finest: float) -> list[Place]:
    """A line from start to end without the end, its midpoints displaced until no part is longer than `finest`."""
    length = math.dist(start, end)
    if length <= finest:
        return [start]
    aside = max(-0.3, min(0.3, random.gauss(0, roughness))) * length
    east, north = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    middle = ((start[0] + end[0]) / 2 - north * aside, (start[1] + end[1]) / 2 + east * aside)
    return rough(start, middle, random, roughness, finest) + rough(middle, end, random, roughness, finest)


def rough_line(corners: Sequence[Place], random: Random, roughness: float, finest: float) -> list[Place]:
    """A roughened line through corners."""
    line = [place for start, end in pairwise(corners) for place in rough(start, end, random, roughness, finest)]
    return [*line, corners[-1]]


def smooth(line: Sequence[Place], rounds: int = 2) -> list[Place]:
    """A line with its corners cut (Chaikin), its ends kept."""
    for _ in range(rounds):
        cut: list[Place] = [line[0]]
        for (ax, ay), (bx, by) in pairwise(line):
            cut += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
        line = [*cut, line[-1]]
    return list(line)


def island(shores: Sequence[Shore], random: Random, *, restless: float, finest: float) -> Polygon:
    """Land within shores. `restless` moves the corners; where a coast would cross itself, a calmer one is drawn."""
    for calm in (1.0, 0.8, 0.6, 0.4, 0.2, 0.0):
        corners = [moved(shore.start, random, restless * calm) for shore in shores]
        ring: list[Place] = []
        for number, shore in enumerate(shores):
            ring += rough(corners[number], corners[(number + 1) % len(shores)], random, shore.roughness * calm, finest)
        drawn = Polygon(ring)
        if drawn.is_valid:
            return drawn
    raise AssertionError("The design itself crosses itself.")
