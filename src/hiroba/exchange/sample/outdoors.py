"""Parks, public toilets and car parks."""

import math
from random import Random

from shapely import Point, Polygon

from hiroba.exchange.sample.book import Book, Premises
from hiroba.exchange.sample.localities import ALWAYS, District, Locality, hours, spot
from hiroba.exchange.sample.names import Name, text, titled
from hiroba.exchange.sample.plane import Place, chance, likely

PARKS = {
    "block": ("児童公園", "ジドウコウエン", "Children's Park", 0.025),
    "pocket": ("ふれあい広場", "フレアイヒロバ", "Square", 0.02),
    "neighbourhood": ("公園", "コウエン", "Park", 0.06),
    "central": ("中央公園", "チュウオウコウエン", "Central Park", 0.13),
}
PLAY = text("砂場、ブランコ、すべり台、水飲み場があります。", "Sandpit, swings, a slide and drinking water.")
GREEN = text(
    "芝生の広場を桜と楠が囲み、一周800メートルの園路があります。かまどになるベンチと、"
    "断水のときに使える井戸を備えています。",
    "Lawns ringed by cherry and camphor trees, with an 800 m path. Its benches turn into stoves and its "
    "well works when the taps do not.",
)


def enter_parks(book: Book, seed: int, home: Locality) -> None:
    """A central park, a neighbourhood park in each district, small ones between the houses."""
    random = chance(seed, "parks", home.town.kind)
    _park(book, home, home.core[-1] if len(home.core) > 1 else home.centre, "central", name=home.stem, random=random)
    for district in home.districts:
        if not district.quarter.hamlet:
            _park(book, home, district, "neighbourhood", name=district.stem, random=random)
        for kind in ("block", "pocket")[
            : (home.crowd + 1) // 2 if not district.quarter.hamlet else int(likely(random, 0.5))
        ]:
            _park(book, home, district, kind, name=district.name, random=random)


def _park(book: Book, home: Locality, district: District, kind: str, *, name: Name, random: Random) -> None:
    ja, kana, en, size = PARKS[kind]
    middle = district.quarter.middle if kind == "central" else spot(district, random, size)
    if kind == "central":
        middle = middle[0] + 0.2, middle[1] + 0.12
    shape = _lawn(middle, size * random.uniform(0.85, 1.2), random)
    if not home.area.covers(shape):
        return
    about = GREEN if kind == "central" else PLAY
    book.open(
        home,
        district,
        "Park",
        titled(name, ja, kana, en),
        random,
        at=middle,
        category=kind,
        shape=shape,
        openingHours=ALWAYS,
        description=about,
    )


def _lawn(middle: Place, size: float, random: Random) -> Polygon:
    """A quadrangle with cut corners, turned as its streets happen to be."""
    turn, stretch = random.uniform(0, math.pi), random.uniform(1.1, 1.6)
    corners = ((1, 0.8), (0.8, 1), (-0.85, 1), (-1, 0.75), (-1, -0.85), (-0.8, -1), (0.9, -1), (1, -0.8))
    c, s = math.cos(turn), math.sin(turn)
    ring = [(x * size * stretch, y * size) for x, y in corners]
    return Polygon([(middle[0] + c * x - s * y, middle[1] + s * x + c * y) for x, y in ring])


def enter_toilets(book: Book, seed: int, home: Locality) -> None:
    """Public toilets in parks, at stations and at sights, and what each has for whom."""
    random = chance(seed, "toilets", home.town.kind)
    for premises in book.of(home, "Park", "Station", "TouristSpot"):
        if premises.category in {"pocket", "summit", "islet"} or (premises.category == "block" and likely(random, 0.5)):
            continue
        equipped = premises.kind != "Park" or premises.category == "central" or likely(random, 0.45)
        name = Name(
            f"{premises.name.ja}公衆トイレ",
            f"{premises.name.kana}コウシュウトイレ",
            f"Public Toilet, {premises.name.en}",
        )
        book.open(
            home,
            premises.district,
            "PublicToilet",
            name,
            random,
            at=premises,
            openingHours=ALWAYS if premises.kind != "Station" else hours("始発〜終電", "First to last train"),
            maleToilets=random.randint(1, 4),
            femaleToilets=random.randint(1, 5),
            multifunctionalToilets=int(equipped),
            wheelchairAccessible=equipped,
            ostomateFacilities=equipped and likely(random, 0.5),
            infantFacilities=equipped and likely(random, 0.8),
        )


def enter_parking(book: Book, seed: int, home: Locality) -> None:
    """Car parks at what people drive to, with the spaces that are free just now."""
    random = chance(seed, "parking", home.town.kind)
    for premises in _driven_to(book, home):
        spots = random.randrange(20, 60, 5) * home.crowd
        name = Name(
            f"{premises.name.ja}駐車場", f"{premises.name.kana}チュウシャジョウ", f"Car Park, {premises.name.en}"
        )
        at = _beside(home, premises)
        book.open(
            home,
            premises.district,
            "OffStreetParking",
            name,
            random,
            at=at,
            category="public",
            openingHours=ALWAYS,
            totalSpotNumber=spots,
            availableSpotNumber=random.randint(0, spots),
            disabledSpotNumber=1 + spots // 50,
            priceDescription=text(
                "最初の30分無料、以後30分100円" if home.crowd > 1 else "無料",
                "First 30 minutes free, then 100 yen per 30 minutes" if home.crowd > 1 else "Free",
            ),
        )


def _driven_to(book: Book, home: Locality) -> list[Premises]:
    wanted = book.of(home, "PublicOffice", "Station", "TouristSpot", "MedicalFacility", "Park")
    return [
        premises
        for premises in wanted
        if premises.category in {"hall", "hospital", "central", "sight", "shore", "quay", "ferry"}
        or (premises.kind == "Station" and home.crowd > 1)
    ]


def _beside(home: Locality, premises: Premises) -> Place | Premises:
    place = premises.at[0] - 0.03, premises.at[1] + 0.025
    return place if home.area.buffer(-0.005).covers(Point(place)) else premises
