"""Where to go in a disaster: emergency evacuation sites, safe from some hazards each, and shelters to stay in."""

import math
from typing import Any

import msgspec

from hiroba.exchange.sample.book import Book, Premises, telephone
from hiroba.exchange.sample.layout import PEAKS
from hiroba.exchange.sample.localities import Locality
from hiroba.exchange.sample.names import text
from hiroba.exchange.sample.plane import Place, chance, likely
from hiroba.exchange.sample.terrain import Terrain

TSUNAMI_HEIGHT, TSUNAMI_REACH = 15.0, 3.0
"""Below so many metres and nearer to the sea than so many kilometres, a tsunami may come."""
SURGE_HEIGHT, SURGE_REACH = 6.0, 2.0
"""The same for a storm surge."""
RIVER_HEIGHT, RIVER_REACH = 60.0, 0.6
"""The same for a river in flood."""
POOL_HEIGHT, POOL_REACH = 12.0, 0.25
"""Below so many metres, or as near to a river, rain finds no way out."""
SLIDING = 0.07
"""Where the ground rises more steeply (metres per metre), it may slide."""
VOLCANO_REACH = 6.0
"""Kilometres around the sleeping mountain."""


class Lie(msgspec.Struct, frozen=True):
    """What a place's hazards follow from: metres up, kilometres from the sea and from a river, metres up per metre."""

    height: float
    sea: float
    river: float
    slope: float
    volcano: float
    """Kilometres from the highest mountain, which sleeps."""


def lie_of(place: Place, terrain: Terrain) -> Lie:
    """The lie of a place."""
    return Lie(
        terrain.height(place),
        terrain.from_coast(place),
        terrain.from_river(place),
        terrain.slope(place),
        math.dist(place, PEAKS[0].at),
    )


def flags(lie: Lie, *, open_ground: bool) -> dict[str, bool]:
    """Which hazards a place is designated for."""
    return {
        "floodSafe": lie.river > RIVER_REACH or lie.height > RIVER_HEIGHT,
        "landslideSafe": lie.slope < SLIDING,
        "stormSurgeSafe": lie.height > SURGE_HEIGHT or lie.sea > SURGE_REACH,
        "earthquakeSafe": True,
        "tsunamiSafe": lie.height >= TSUNAMI_HEIGHT or lie.sea >= TSUNAMI_REACH,
        "fireSafe": open_ground,
        "inlandFloodSafe": lie.height > POOL_HEIGHT and lie.river > POOL_REACH,
        "volcanoSafe": lie.volcano > VOLCANO_REACH,
    }


def enter_sites(book: Book, seed: int, home: Locality, terrain: Terrain) -> None:
    """Schoolyards, the larger parks, and community centres where there is neither."""
    random = chance(seed, "sites", home.town.kind)
    grounds = [
        premises
        for premises in book.of(home, "School", "Park", "PublicOffice")
        if premises.kind == "School"
        or _large_park(premises)
        or (premises.category == "communityCentre" and premises.district.quarter.hamlet)
    ]
    for premises in grounds:
        lie = lie_of(premises.at, terrain)
        marks: dict[str, Any] = dict(flags(lie, open_ground=premises.kind != "PublicOffice"))
        if not marks["tsunamiSafe"] and premises.category == "elementary":
            marks["description"] = text(
                "津波のときは使えません。大きな揺れを感じたら、ここにとどまらず高台へ避難してください。",
                "Not to be used in a tsunami. After strong shaking do not stay here; go on to high ground.",
            )
        book.open(
            home,
            premises.district,
            "EvacuationSite",
            premises.name,
            random,
            at=premises,
            category=premises.kind,
            elevation=round(lie.height, 1),
            alsoEvacuationShelter=premises.kind != "Park",
            **marks,
        )


def _large_park(premises: Premises) -> bool:
    return premises.kind == "Park" and premises.category in {"neighbourhood", "central"}


def enter_shelters(book: Book, seed: int, home: Locality) -> None:
    """School gymnasiums and community centres; some centres are for those who need care."""
    random = chance(seed, "shelters", home.town.kind)
    for premises in book.of(home, "School", "PublicOffice"):
        if premises.category in {"hall", "branch"}:
            continue
        care = premises.category == "communityCentre" and likely(random, 0.25)
        special: dict[str, Any] = {
            "admission": text(
                "高齢の方、障害のある方、乳幼児とその家族",
                "Older people, people with disabilities, infants and their families",
            )
        }
        book.open(
            home,
            premises.district,
            "EvacuationShelter",
            premises.name,
            random,
            at=premises,
            category="welfare" if care else "general",
            capacity=int(premises.floor),
            headCount=0,
            acceptedPersons=0,
            telephone=telephone(random),
            alsoEvacuationSite=premises.kind == "School" or premises.district.quarter.hamlet,
            petsAllowed=likely(random, 0.4),
            **(special if care else {}),
        )
