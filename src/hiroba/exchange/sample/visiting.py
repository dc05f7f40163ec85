"""What people go out for: sights, events in the coming weeks, and the shops that show who is free."""

from datetime import date, datetime, time, timedelta
from random import Random

from shapely import Point
from shapely.ops import nearest_points

from hiroba.base.clock import JAPAN, iso
from hiroba.exchange.sample import words
from hiroba.exchange.sample.book import Book, Premises, telephone
from hiroba.exchange.sample.localities import ALWAYS, District, Locality, hours
from hiroba.exchange.sample.names import Name, text, titled
from hiroba.exchange.sample.plane import Place, chance, likely
from hiroba.exchange.sample.stories import OCCASIONS, SIGHTS, Occasion
from hiroba.exchange.sample.terrain import Terrain

COOKING = (
    ("食堂", "ショクドウ", "Shokudo", "dinner", "定食と日替わりの煮魚。", "Set meals and the day's simmered fish."),
    (
        "珈琲店",
        "コーヒーテン",
        "Coffee",
        "cafe",
        "自家焙煎の珈琲と厚切りのトースト。",
        "Coffee roasted here and thick toast.",
    ),
    ("庵", "アン", "Soba", "noodles", "石臼で挽いた手打ちそば。", "Soba from a stone mill, cut by hand."),
    ("鮨", "ズシ", "Sushi", "sushi", "朝の市場で仕入れた地の魚。", "Local fish from the morning market."),
    (
        "ベーカリー",
        "ベーカリー",
        "Bakery",
        "bakery",
        "県産小麦の食パンは昼前に焼き上がります。",
        "Bread of local wheat, out of the oven before noon.",
    ),
)
WEEKS = 8
NOTHING = Name("", "", "")
WATERSIDE = frozenset({"shore", "ferry", "quay"})


def enter_sights(book: Book, seed: int, home: Locality, terrain: Terrain) -> None:
    """The sights of a municipality, those with a place of their own there, the others in its districts."""
    random = chance(seed, "sights", home.town.kind)
    for number, sight in enumerate(SIGHTS[home.town.kind]):
        at = sight.at if sight.at is not None and home.area.covers(Point(sight.at)) else None
        if sight.category in WATERSIDE:
            at = _waterside(home, terrain, random)
        district = home.districts[number % len(home.districts)]
        book.open(
            home,
            district,
            "TouristSpot",
            sight.name,
            random,
            at=at,
            category=sight.category,
            description=text(sight.ja, sight.en),
            openingHours=ALWAYS if at else hours("9:00〜17:00", "9:00–17:00"),
            telephone=telephone(random),
        )
    for district in home.districts[1 :: 3 if home.crowd > 1 else 2]:
        _shrine(book, home, district, random)


def _waterside(home: Locality, terrain: Terrain, random: Random) -> Place | None:
    """A place by the sea, not far from the centre."""
    shore = terrain.coast.intersection(home.area.buffer(0.01))
    centre = home.town.centre
    nearest = nearest_points(shore, Point(centre))[0]
    sand = nearest_points(shore, Point(nearest.x + random.uniform(-0.6, 0.6), nearest.y + random.uniform(-0.6, 0.6)))[0]
    share = min(1.0, 0.05 / sand.distance(Point(centre)))
    place = sand.x + share * (centre[0] - sand.x), sand.y + share * (centre[1] - sand.y)
    return place if home.area.covers(Point(place)) else None


def _shrine(book: Book, home: Locality, district: District, random: Random) -> None:
    age = random.randrange(180, 900, 10)
    book.open(
        home,
        district,
        "TouristSpot",
        titled(district.stem, "神社", "ジンジャ", "Shrine"),
        random,
        category="shrine",
        openingHours=ALWAYS,
        description=text(
            f"創建から約{age}年、{district.name.ja}の鎮守の杜です。秋の例祭には子どもみこしが町内を回ります。",
            f"The guardian grove of {district.name.en} for some {age} years; "
            "at the autumn festival children carry their shrine around.",
        ),
    )


def enter_summits(book: Book, localities: list[Locality], mountains: list[tuple[Name, float, Place]]) -> None:
    """The tops of the mountains, in the municipality that has them."""
    for name, height, at in mountains:
        home = next(home for home in localities if home.area.covers(Point(at)))
        top = Name(f"{name.ja}山頂", f"{name.kana}サンチョウ", f"Summit of {name.en}")
        district = min(home.districts, key=lambda district: Point(at).distance(Point(district.quarter.middle)))
        book.open(
            home,
            district,
            "TouristSpot",
            top,
            chance(0, name.ja),
            at=at,
            category="summit",
            elevation=height,
            description=text(
                f"標高{height:.0f}メートル。晴れた日は湾と島まで見渡せます。",
                f"{height:.0f} m above the sea; on clear days the view reaches the bay and the islands.",
            ),
        )


def enter_events(book: Book, seed: int, home: Locality, today: date) -> None:
    """What is on in the eight weeks from today."""
    random = chance(seed, "events", home.town.kind)
    for occasion in OCCASIONS:
        for premises in _venues(book, home, occasion.venue):
            if likely(random, occasion.often):
                _event(book, premises, occasion, today, random)


def _venues(book: Book, home: Locality, venue: str) -> list[Premises]:
    kinds = ("Library", "PublicOffice", "School", "Park", "TouristSpot", "MedicalFacility")
    return [premises for premises in book.of(home, *kinds) if venue in {premises.kind, premises.category}]


def _event(book: Book, premises: Premises, occasion: Occasion, today: date, random: Random) -> None:
    day = today + timedelta(days=random.randint(1, WEEKS * 7))
    if occasion.weekend:
        day += timedelta(days=(5 - day.weekday()) % 7 + random.randint(0, 1))
    starts = datetime.combine(day, time(occasion.starts), JAPAN)
    name = Name(
        f"{premises.name.ja} {occasion.name.ja}",
        f"{premises.name.kana} {occasion.name.kana}",
        f"{occasion.name.en}, {premises.name.en}",
    )
    book.open(
        premises.home,
        premises.district,
        "Event",
        name,
        random,
        at=premises,
        category=occasion.category,
        startDate=_moment(starts),
        endDate=_moment(starts + timedelta(hours=occasion.lasts)),
        isAccessibleForFree=occasion.free,
        description=text(occasion.ja, occasion.en),
        organizer=text(premises.home.name.ja, premises.home.name.en),
    )


def _moment(moment: datetime) -> dict[str, str]:
    return {"@type": "DateTime", "@value": iso(moment)}


def enter_shops(book: Book, seed: int, home: Locality) -> None:
    """Private places beside the public ones: where to eat, and laundries that tell which machines are free."""
    random = chance(seed, "shops", home.town.kind)
    names = words.combined(random, words.SHOPS, [NOTHING])
    for number, district in enumerate(home.core * 2 if home.crowd > 1 else home.core):
        ja, kana, en, category, about, about_en = random.choice(COOKING)
        own = names[number % len(names)]
        sign = own if number < len(names) else district.stem + own
        name = Name(f"{sign.ja}{ja}", f"{sign.kana}{kana}", f"{en} {sign.en}")
        seats = random.randrange(8, 46, 2)
        book.open(
            home,
            district,
            "Restaurant",
            name,
            random,
            category=category,
            description=text(about, about_en),
            telephone=telephone(random),
            openingHours=hours("11:00〜20:00（火曜定休）", "11:00–20:00, closed on Tuesdays"),
            capacity=seats,
            availableSeats=random.randint(0, seats),
            wheelchairAccessible=likely(random, 0.5),
            operator=text(f"{own.ja}商店", f"{own.en} Shoten"),
        )
    for district in home.core[::2]:
        machines = random.randrange(8, 24, 2)
        name = Name(
            f"コインランドリーしおかぜ{district.name.ja}店",
            f"コインランドリーシオカゼ{district.name.kana}テン",
            f"Laundry Shiokaze {district.name.en}",
        )
        book.open(
            home,
            district,
            "Laundry",
            name,
            random,
            category="coinLaundry",
            totalMachines=machines,
            availableMachines=random.randint(0, machines),
            openingHours=hours("6:00〜24:00", "6:00–24:00"),
            operator=text("しおかぜランドリー株式会社", "Shiokaze Laundry Co."),
            telephone=telephone(random),
        )
