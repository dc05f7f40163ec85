"""Where "near me" is: a position of the browser, a municipality, or the name of a place."""

import math
from typing import Final

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.door.home.kinds import PLACES
from hiroba.door.home.places import asked, place_of, point_of, words
from hiroba.door.region import Region
from hiroba.exchange.broker.exchange import Exchange, Wanted

LANDMARKS: Final = ("Station", "PublicOffice", "Library", "School", "Park", "TouristSpot", "BusStop", "Hospital")
"""What people name when they say where they are, best first."""


class Near(msgspec.Struct, frozen=True):
    """A place to look around from."""

    point: tuple[float, float]
    name: str
    """What to call it; empty for the browser's own position."""
    query: str
    """The parameters that say the same again."""


def position(at: str) -> tuple[float, float]:
    """Longitude and latitude out of `135.4830,34.5730`, or the problem that says how to write them."""
    try:
        longitude, latitude = (float(part) for part in at.split(","))
    except ValueError:
        raise Invalid("A position is written longitude,latitude: at=135.4830,34.5730") from None
    if not (math.isfinite(longitude) and abs(longitude) <= 180 and math.isfinite(latitude) and abs(latitude) <= 85):  # noqa: PLR2004 - degrees, and where the map ends
        raise Invalid("A position is longitude (-180 to 180) and latitude (-85 to 85): at=135.4830,34.5730")
    return longitude, latitude


def municipality_named(name: str, region: Region) -> str:
    """The code of the municipality called so, with or without its 市, 町 or 村; empty where none is."""
    for one in region.municipalities:
        for known in one.names.values():
            if name.casefold() in {known.casefold(), known.rstrip("市町村").casefold()}:
                return one.lg_code
    return ""


async def near(
    conn: Connection, exchange: Exchange, region: Region, language: str, *, at: str = "", m: str = "", place: str = ""
) -> Near | None:
    """The place a visitor means; without any word of theirs the first municipality; None where nothing is known."""
    if at:
        longitude, latitude = position(at)
        return Near((longitude, latitude), "", f"at={longitude:.5f},{latitude:.5f}")
    name = asked(place)
    if code := m or municipality_named(name, region):
        return await of_municipality(conn, exchange, region, language, code)
    if name:
        return await of_place(conn, exchange, region, language, name)
    first = next((one.lg_code for one in region.municipalities if one.lg_code in region.centres), "")
    return await of_municipality(conn, exchange, region, language, first)


async def of_municipality(
    conn: Connection, exchange: Exchange, region: Region, language: str, code: str
) -> Near | None:
    """Where people think a municipality is: at its hall; else in the middle of its area."""
    municipality, point = region.municipality(code), region.centres.get(code)
    if municipality is None:
        return None
    name = municipality.name("ja")
    halls = await exchange.find(conn, Wanted(types=("PublicOffice",), text=name, limit=50))
    for hall in halls.entities:
        if words(hall.get("name"), "ja") in {f"{name}役所", f"{name}役場"} and (
            there := point_of(hall.get("location"))
        ):
            return Near(there, words(hall.get("name"), language), f"m={code}")
    return Near(point, municipality.name(language), f"m={code}") if point else None


async def of_place(conn: Connection, exchange: Exchange, region: Region, language: str, name: str) -> Near | None:
    """The place of that name: a landmark if there is one, an exact name before a longer one."""
    found = await exchange.find(conn, Wanted(types=PLACES, text=name, limit=50))
    places = [place_of(entity, language, region) for entity in found.entities]
    with_point = [place for place in places if place.point]
    if not with_point:
        return None

    def rank(index: int) -> tuple[bool, int, int, int]:
        place = with_point[index]
        exact = name in {place.name, words(place.entity.get("name"), "ja"), place.kana}
        landmark = LANDMARKS.index(place.kind.type) if place.kind.type in LANDMARKS else len(LANDMARKS)
        return not exact, landmark, len(place.name), index

    best = with_point[min(range(len(with_point)), key=rank)]
    assert best.point is not None  # noqa: S101 - filtered above
    return Near(best.point, best.name, f"at={best.point[0]:.5f},{best.point[1]:.5f}")
