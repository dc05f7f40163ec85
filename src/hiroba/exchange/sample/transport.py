"""Railways with their stations, and the buses between them."""

import math

from shapely import Point

from hiroba.exchange.sample.book import Book, telephone
from hiroba.exchange.sample.localities import District, Locality, spot
from hiroba.exchange.sample.names import Name, text, titled
from hiroba.exchange.sample.network import Road, Track, inside
from hiroba.exchange.sample.paths import along, every
from hiroba.exchange.sample.plane import Place, chance, likely

LINES = {
    "main": (
        Name("見本本線", "ミホンホンセン", "Mihon Main Line"),
        Name("見本鉄道", "ミホンテツドウ", "Mihon Railway"),
    ),
    "coast": (Name("岬線", "ミサキセン", "Misaki Line"), Name("見本鉄道", "ミホンテツドウ", "Mihon Railway")),
    "harbour": (
        Name("湾岸ライトレール", "ワンガンライトレール", "Bayside Light Rail"),
        Name("港湾交通局", "コウワンコウツウキョク", "Harbour Transit Bureau"),
    ),
}
HAIR = 1e-6
"""Kilometres: what stands on a border may be off by its rounding."""
ENDINGS = (
    Name("口", "グチ", " Entrance"),
    Name("橋", "バシ", " Bridge"),
    Name("入口", "イリグチ", " Iriguchi"),
    Name("車庫", "シャコ", " Depot"),
)
APART = 0.28
"""Kilometres between two bus stops at least."""


def enter_railways(book: Book, seed: int, localities: list[Locality], tracks: list[Track]) -> None:
    """Each line, and its stations in the municipalities they stand in."""
    random = chance(seed, "stations")
    used: set[str] = set()
    for track in tracks:
        name, company = LINES[track.kind]
        operator = text(company.ja, company.en)
        longest = max(localities, key=lambda home: home.area.intersection(track.line).length)
        book.enter(longest, "Railway", name, track.line, operator=operator)
        for place, town in track.stops:
            home = next(home for home in localities if home.area.distance(Point(place)) < HAIR)
            district = _nearest(home, place)
            called = home.stem if town == home.town.kind else district.name
            if called.ja in used:
                called = _unused(called, used)
            if town and town in used:
                continue
            used |= {called.ja, town} - {""}
            book.open(
                home,
                district,
                "Station",
                titled(called, "駅", "エキ", "Station"),
                random,
                at=place,
                operator=operator,
                line=text(name.ja, name.en),
                telephone=telephone(random),
                wheelchairAccessible=bool(town) or likely(random, 0.6),
            )


def _unused(called: Name, used: set[str]) -> Name:
    for side in (
        Name("東", "ヒガシ", "Higashi-"),
        Name("西", "ニシ", "Nishi-"),
        Name("新", "シン", "Shin-"),
        Name("南", "ミナミ", "Minami-"),
    ):
        if (side + called).ja not in used:
            return side + called
    return Name("北", "キタ", "Kita-") + called


def _nearest(home: Locality, place: Place) -> District:
    return min(home.districts, key=lambda district: math.dist(district.quarter.middle, place))


class Timetable:
    """The bus stops of one municipality, none too near to another."""

    def __init__(self, book: Book, home: Locality) -> None:
        self.book, self.home = book, home
        self.operator = text(f"{home.stem.ja}バス", f"{home.stem.en} Bus")
        self.stops: list[Place] = []
        self.names: set[str] = set()

    def stop(self, place: Place, name: Name, district: District) -> None:
        """A stop, unless there is one of that name or one quite near."""
        if name.ja in self.names or any(math.dist(place, other) < APART for other in self.stops):
            return
        self.names.add(name.ja)
        self.stops.append(place)
        address = self.home.address_of(district.name.ja)
        self.book.enter(self.home, "BusStop", name, Point(place), operator=self.operator, address=address)


def enter_buses(book: Book, seed: int, localities: list[Locality], roads: list[Road]) -> None:
    """Bus stops before what people go to, in each district, and along the trunk roads between them."""
    for home in localities:
        random = chance(seed, "buses", home.town.kind)
        timetable = Timetable(book, home)
        for premises in book.of(home, "Station", "PublicOffice", "MedicalFacility", "School", "Library"):
            if premises.category not in {"clinic", "communityCentre"}:
                timetable.stop(
                    _beside(home, premises.at),
                    Name(f"{premises.name.ja}前", f"{premises.name.kana}マエ", premises.name.en),
                    premises.district,
                )
        for district in home.districts:
            timetable.stop(spot(district, random, 0.012), district.name, district)
            for chome in range(1, 1 + home.crowd // 2 * (not district.quarter.hamlet)):
                name = Name(
                    f"{district.name.ja}{chome}丁目",
                    f"{district.name.kana}{chome}チョウメ",
                    f"{district.name.en} {chome}-chome",
                )
                timetable.stop(spot(district, random, 0.012), name, district)
        for piece in (piece for road in roads for piece in inside(road.line, home.area)):
            for reached in every(piece, 1.7, 0.4):
                _on_the_way(timetable, along(piece, reached))


def _on_the_way(timetable: Timetable, place: Place) -> None:
    district = _nearest(timetable.home, place)
    for ending in ENDINGS:
        timetable.stop(place, district.name + ending, district)


def _beside(home: Locality, place: Place) -> Place:
    moved = place[0] + 0.015, place[1] - 0.02
    return moved if home.area.covers(Point(moved)) else place
