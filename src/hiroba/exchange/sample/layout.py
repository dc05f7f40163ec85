"""The design of the prefecture, in kilometres from the centre: what every seed keeps while it roughens the lines.

A main island with a bay in the south and a harbour city at its head, mountains in the north, two rivers, a castle town
where the western one leaves the hills, and two islands off the bay.
"""

from typing import Final

import msgspec

from hiroba.exchange.sample.plane import Place


class Shore(msgspec.Struct, frozen=True):
    """A stretch of coast from one corner to the next: 0.02 is a beach, 0.2 a coast of drowned valleys."""

    start: Place
    roughness: float = 0.13


BEACH, RIA = 0.03, 0.2

MAINLAND: Final = (
    Shore((-15.5, 10.0)), Shore((-11.5, 13.2)), Shore((-6.0, 14.6)), Shore((-0.5, 13.6)),
    Shore((5.0, 15.2)), Shore((11.0, 13.2)), Shore((16.0, 9.6), BEACH), Shore((18.2, 5.0), BEACH), Shore((17.0, 0.8)),
    Shore((18.6, -3.4), RIA), Shore((14.6, -6.2), RIA), Shore((12.0, -9.0), RIA), Shore((9.2, -8.0)),
    Shore((8.2, -4.8), BEACH), Shore((5.6, -2.2), BEACH),
    Shore((2.0, -1.6), BEACH), Shore((-1.4, -3.0), BEACH), Shore((-3.2, -6.2), RIA), Shore((-4.6, -9.2), RIA),
    Shore((-8.2, -12.2), RIA), Shore((-13.0, -10.8), RIA), Shore((-14.6, -7.0)), Shore((-18.0, -4.4), BEACH),
    Shore((-17.6, -0.6), BEACH), Shore((-19.4, 3.6)), Shore((-17.2, 6.8)),
)  # fmt: skip
"""The main island, clockwise from the north-west."""

GREAT_ISLAND: Final = (
    Shore((10.2, -12.8), RIA), Shore((12.6, -11.9)), Shore((15.6, -12.6), RIA), Shore((17.4, -14.6)),
    Shore((14.8, -16.2), RIA), Shore((11.6, -15.6), BEACH), Shore((9.4, -14.6), RIA),
)  # fmt: skip
LITTLE_ISLAND: Final = (
    Shore((1.6, -8.6)),
    Shore((3.0, -8.1)),
    Shore((3.7, -9.0)),
    Shore((2.6, -9.9)),
    Shore((1.4, -9.5)),
)


class Town(msgspec.Struct, frozen=True):
    """A municipality before it has a name: what it is known for, where its hall stands, how many live there."""

    kind: str
    number: str
    """The last three digits of its five-digit code: 2xx a city, 3xx and 4xx a town or village."""
    centre: Place
    people: int
    quarters: int
    """Districts around the centre."""
    hamlets: int
    """Small settlements along the roads."""
    spacing: float
    """Kilometres from one district to the next."""
    block: float
    """Kilometres between two streets that are drawn."""


TOWNS: Final = (
    Town("harbour", "201", (1.8, 0.6), 182_400, 15, 3, 1.15, 0.24),
    Town("castle", "202", (-9.6, 1.6), 64_800, 7, 5, 1.0, 0.21),
    Town("newtown", "203", (8.9, 3.6), 48_200, 6, 2, 1.05, 0.25),
    Town("orchard", "321", (-14.6, 6.2), 21_300, 3, 5, 0.9, 0.24),
    Town("spa", "341", (15.2, 5.0), 12_700, 3, 5, 0.85, 0.22),
    Town("fishing", "361", (-8.4, -10.2), 17_500, 3, 4, 0.75, 0.19),
    Town("island", "381", (12.6, -14.6), 5_400, 2, 3, 0.7, 0.2),
    Town("mountain", "401", (-1.6, 8.2), 3_100, 1, 4, 0.6, 0.22),
)  # fmt: skip

BORDERS: Final[tuple[tuple[Place, ...], ...]] = (
    ((-9.6, 16.5), (-9.9, 11.5), (-8.4, 6.6)),
    ((-8.4, 6.6), (-11.6, 4.6), (-14.6, 2.6), (-21.5, 0.4)),
    ((-8.4, 6.6), (-6.4, 5.0), (-3.2, 4.6)),
    ((-3.2, 4.6), (-3.9, 1.0), (-5.4, -2.0), (-6.2, -4.6)),
    ((-6.2, -4.6), (-10.4, -5.2), (-17.4, -7.6)),
    ((-6.2, -4.6), (-4.0, -5.2), (-0.6, -6.2)),
    ((-3.2, 4.6), (1.0, 5.4), (4.9, 6.2)),
    ((4.9, 6.2), (6.4, 8.6), (9.0, 9.2)),
    ((9.0, 9.2), (9.2, 12.0), (10.6, 16.5)),
    ((4.9, 6.2), (5.3, 2.6), (7.6, -0.8)),
    ((7.6, -0.8), (11.6, 0.4), (12.3, 4.4), (9.0, 9.2)),
    ((7.6, -0.8), (9.8, -3.4), (9.6, -5.4), (6.0, -6.6)),
)
"""Lines between municipalities; those that end at the coast end in the sea."""

ISLAND_OWNERS: Final = (((13.4, -14.2), "island"), ((2.5, -9.1), "fishing"))
"""A place on each island and who governs it."""

RIVERS: Final[tuple[tuple[Place, ...], ...]] = (
    ((-3.4, 10.0), (-5.6, 7.0), (-7.6, 3.6), (-8.2, 0.9), (-6.4, -1.2), (-3.8, -2.2), (-1.4, -3.2), (-0.4, -4.6)),
    ((3.4, 9.4), (3.6, 6.4), (4.4, 3.4), (3.6, 0.8), (4.2, -2.0), (4.4, -4.0)),
    ((-12.2, 8.2), (-12.6, 5.0), (-13.0, 2.0), (-15.4, -0.4), (-20.5, -2.6)),
    ((11.2, 8.8), (12.6, 7.0), (14.6, 6.6), (16.6, 7.4), (20.5, 8.0)),
)
"""From the spring to a place in the sea."""


class Peak(msgspec.Struct, frozen=True):
    """A mountain: where, how high in metres, how wide in kilometres."""

    at: Place
    height: float
    width: float


PEAKS: Final = (
    Peak((0.6, 11.0), 1184, 2.6), Peak((-6.2, 10.6), 873, 2.3), Peak((5.4, 11.6), 946, 2.3),
    Peak((11.6, 10.2), 561, 1.9), Peak((14.4, -3.2), 338, 1.9), Peak((-10.6, -7.2), 412, 1.6),
    Peak((-12.6, 9.4), 447, 1.9), Peak((12.9, 1.6), 266, 1.3), Peak((-1.4, 3.4), 231, 1.3),
    Peak((14.6, -13.9), 288, 1.1), Peak((-13.4, -2.6), 187, 1.3),
)  # fmt: skip
"""The mountains; the first is the highest."""

ROADS: Final[tuple[tuple[str, str, tuple[str | Place, ...]], ...]] = (
    ("national", "901", ("orchard", "castle", "harbour", "newtown", "spa")),
    ("national", "902", ("harbour", "mountain")),
    ("prefectural", "3", ("castle", "fishing")),
    ("prefectural", "7", ("harbour", "fishing")),
    ("prefectural", "12", ("castle", "mountain")),
    ("prefectural", "15", ("newtown", "mountain")),
    ("prefectural", "18", ("orchard", (-11.2, 12.2), (-6.0, 13.4), (0.0, 12.9), (5.2, 14.2), (10.8, 12.4), "spa")),
    ("prefectural", "26", ("orchard", (-17.6, 3.0), (-16.6, -1.6), (-14.2, -6.4), "fishing")),
    ("prefectural", "30", ("spa", (16.2, -2.4), (12.0, -7.4), "harbour")),
)
"""Trunk roads: class, number, towns and other places in order."""
