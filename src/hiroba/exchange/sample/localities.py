"""A municipality with its names, ground and streets, and how it writes an address."""

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from hiroba.base.lg_code import lg_code
from hiroba.exchange.sample import words
from hiroba.exchange.sample.layout import Town
from hiroba.exchange.sample.names import Name, capital
from hiroba.exchange.sample.paths import along
from hiroba.exchange.sample.plane import Place, chance
from hiroba.exchange.sample.quarters import Quarter
from hiroba.exchange.sample.terrain import Terrain

UPHILL = 0.05
"""A slope one feels: metres up per metre."""
PREFECTURE_NUMBER = "90"
"""No prefecture has it: the list ends at 47."""


class District(msgspec.Struct, frozen=True):
    """A district (町) with its name, its stem as schools use it, and its ground."""

    name: Name
    stem: Name
    quarter: Quarter


class Locality(msgspec.Struct, frozen=True):
    """A municipality as places know it."""

    town: Town
    code: str
    stem: Name
    name: Name
    area: BaseGeometry
    districts: list[District]

    @property
    def core(self) -> list[District]:
        """The districts of the town itself."""
        return [district for district in self.districts if not district.quarter.hamlet]

    @property
    def centre(self) -> District:
        """The district of the town hall."""
        return self.districts[0]

    @property
    def crowd(self) -> int:
        """How dense it is, from 1 (a village) to 4 (a city)."""
        return 1 + sum(self.town.people > many for many in (10_000, 40_000, 100_000))

    def address(self, district: District, random: Random) -> dict[str, str]:
        """An address in a district: 若葉町2丁目5-3."""
        house = f"{random.randint(1, 28)}-{random.randint(1, 30)}"
        street = f"{random.randint(1, 4)}丁目{house}" if not district.quarter.hamlet else f"{random.randint(100, 2900)}"
        return self.address_of(f"{district.name.ja}{street}")

    def address_of(self, street: str) -> dict[str, str]:
        """An address in this municipality."""
        return {
            "addressCountry": "JP",
            "addressRegion": words.PREFECTURE.ja,
            "addressLocality": self.name.ja,
            "streetAddress": street,
        }


def named(seed: int, town: Town, area: BaseGeometry, quarters: list[Quarter], terrain: Terrain) -> Locality:
    """A municipality given its names."""
    random = chance(seed, "names", town.kind)
    stem = words.combined(random, *words.TOWNS[town.kind])[0]
    rank = words.RANKS[town.number[0]]
    firsts, seconds = words.QUARTERS[town.kind]
    shores, inland = (words.combined(random, words.HAMLETS[0], words.HAMLETS[1][lie]) for lie in ("shore", "inland"))
    centre = capital(firsts[0] + seconds[0])
    core = [name for name in words.combined(random, firsts, seconds) if name != centre]
    core = [centre, *_different(core, firsts)]
    districts = []
    for quarter in quarters:
        pool = core if not quarter.hamlet else shores if terrain.from_coast(quarter.middle) < 1 else inland
        name = pool.pop(0)
        own = next((first for first in firsts if name.ja.startswith(first.ja)), name)
        districts.append(District(name, name if quarter.hamlet or len(own.ja) == 1 else capital(own), quarter))
    return Locality(town, lg_code(PREFECTURE_NUMBER + town.number), stem, stem + rank, area, districts)


def _different(names: list[Name], firsts: list[Name]) -> list[Name]:
    """Names whose first words differ come first: two of one would be mistaken for each other."""
    seen: set[str] = {firsts[0].ja}
    fresh: list[Name] = []
    rest: list[Name] = []
    for name in names:
        own = max((first.ja for first in firsts if name.ja.startswith(first.ja)), key=len)
        (rest if own in seen else fresh).append(name)
        seen.add(own)
    return fresh + rest


def street_names(seed: int, locality: Locality, terrain: Terrain) -> Iterator[tuple[District, LineString, Name]]:
    """Every local street with a name that no other in the municipality has."""
    random = chance(seed, "streets", locality.town.kind)
    firsts, seconds = words.STREETS
    flat, steep = words.combined(random, firsts, seconds["flat"]), words.combined(random, firsts, seconds["steep"])
    used: set[str] = set()
    for district in locality.districts:
        for street in district.quarter.streets:
            pool = steep if terrain.slope(along(street, street.length / 2)) > UPHILL else flat
            name = next(found for found in pool if found.ja not in used)
            used.add(name.ja)
            yield district, street, name


def spot(district: District, random: Random, aside: float = 0.03) -> Place:
    """A place beside one of a district's streets."""
    street = random.choice(district.quarter.streets)
    reached = random.uniform(0.03, max(0.04, street.length - 0.03))
    here, ahead = along(street, reached), along(street, reached + 0.01)
    length = max(1e-6, ((ahead[0] - here[0]) ** 2 + (ahead[1] - here[1]) ** 2) ** 0.5)
    side = random.choice((-1, 1)) * random.uniform(0.6, 1.4) * aside
    found = here[0] - side * (ahead[1] - here[1]) / length, here[1] + side * (ahead[0] - here[0]) / length
    return found if district.quarter.ground.covers(shapely.Point(found)) else here


def hours(ja: str, en: str) -> dict[str, Any]:
    """Opening hours as residents read them."""
    return {"languageMap": {"ja": ja, "en": en}}


OFFICE_HOURS = hours(
    "月〜金 8:30〜17:15（祝日・年末年始を除く）", "Mon–Fri 8:30–17:15, except public holidays and New Year"
)
ALWAYS = hours("24時間", "Open 24 hours")
