"""What is drawn under everything else: the municipalities, rivers, woods, roads and streets."""

import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.sample import words
from hiroba.exchange.sample.book import Book
from hiroba.exchange.sample.layout import PEAKS
from hiroba.exchange.sample.localities import Locality, street_names
from hiroba.exchange.sample.names import Name, romaji, text, titled
from hiroba.exchange.sample.network import Road, inside
from hiroba.exchange.sample.plane import Place, chance
from hiroba.exchange.sample.terrain import Terrain

SHORTEST = 0.3
"""Kilometres: a road that runs less far through a municipality only touches its border."""
RANKS = {
    "national": (Name("国道", "コクドウ", "National Route "), "号", "ゴウ"),
    "prefectural": (Name("県道", "ケンドウ", "Prefectural Road "), "号", "ゴウ"),
}
ABOUT = {
    "harbour": text(
        "湾の奥に開けた港まち。県庁と県内最大の港があり、路地の先にはいつも海が見えます。",
        "The port at the head of the bay, capital of the prefecture, with the sea at the end of every lane.",
    ),
    "castle": text(
        "山から平野へ川が出るところに築かれた城下町。堀と町割りが今も残ります。",
        "A castle town where the river leaves the hills; its moats and the plan of its streets remain.",
    ),
    "newtown": text(
        "丘の上に計画された新しいまち。歩行者専用の道が公園と学校を結びます。",
        "A planned town on the hills, where footpaths link its parks and schools without crossing a road.",
    ),
    "orchard": text(
        "西の斜面に柑橘と茶の畑が続く里。朝の直売所には近隣からも人が集まります。",
        "Citrus and tea on the western slopes; the morning market draws people from the whole neighbourhood.",
    ),
    "spa": text(
        "東の海に朝日が昇る温泉町。七つの外湯をめぐる小路が自慢です。",
        "A hot-spring town facing the sunrise, proud of the lanes between its seven public baths.",
    ),
    "fishing": text(
        "入り組んだ岬に抱かれた漁師町。夜明けの競りと一本釣りで知られます。",
        "A fishing town among drowned valleys, known for its auctions at dawn and its line-caught bonito.",
    ),
    "island": text(
        "港から船で40分の島の町。一周18キロの道は自転車に人気です。",
        "An island town forty minutes from the port by boat; cyclists love the road around it.",
    ),
    "mountain": text(
        "県の北、霧の深い山あいの村。人口は少なくとも、森と水は県いちばんです。",
        "A village in the misty northern mountains: few people, and the best forest and water of the prefecture.",
    ),
}


def enter_areas(book: Book, localities: list[Locality]) -> None:
    """The municipalities themselves; their areas are written by the region, which keeps them exact."""
    for home in localities:
        book.enter(
            home,
            "AdministrativeArea",
            home.name,
            home.area,
            lgCode=home.code,
            population=home.town.people,
            description=ABOUT[home.town.kind],
            address=home.address_of(home.centre.name.ja),
        )


def enter_rivers(book: Book, seed: int, localities: list[Locality], terrain: Terrain) -> None:
    """Each river, owned by the municipality it runs through longest."""
    random = chance(seed, "rivers")
    names = words.combined(random, *words.RIVERS)
    for river, name in zip(terrain.rivers, names, strict=False):
        book.enter(_most(river, localities), "River", titled(name, "川", "ガワ", "River"), river)


def enter_woods(book: Book, seed: int, localities: list[Locality], terrain: Terrain) -> list[tuple[Name, float, Place]]:
    """The wooded slopes of each mountain, clear of towns; the mountains' names, heights and tops."""
    random = chance(seed, "mountains")
    names = words.combined(random, *words.MOUNTAINS)
    settled = shapely.union_all(
        [district.quarter.ground.buffer(0.05) for home in localities for district in home.districts]
    )
    mountains = []
    for peak, stem in zip(PEAKS, names, strict=False):
        name = Name(f"{stem.ja}山", f"{stem.kana}ヤマ", f"Mount {stem.en}")
        height = float(round(peak.height + random.uniform(-9, 9)))
        mountains.append((name, height, peak.at))
        slopes = max(shapely.get_parts(terrain.woods(peak).buffer(0).difference(settled)), key=lambda part: part.area)
        home = max(localities, key=lambda locality: locality.area.intersection(slopes).area)
        wood = max(shapely.get_parts(slopes.intersection(home.area)), key=lambda part: part.area)
        book.enter(
            home, "Forest", Name(f"{name.ja}の森", f"{name.kana}ノモリ", f"{name.en} Forest"), wood, elevation=height
        )
    return mountains


def enter_roads(book: Book, localities: list[Locality], roads: list[Road]) -> None:
    """The trunk roads, one entry in each municipality they run through.

    One that crosses a border more than once has several pieces there.
    """
    for road in roads:
        rank, suffix, kana = RANKS[road.rank]
        name = Name(f"{rank.ja}{road.number}{suffix}", f"{rank.kana}{road.number}{kana}", f"{rank.en}{road.number}")
        for home in localities:
            pieces = inside(road.line, home.area)
            if pieces and pieces[0].length > SHORTEST:
                line = pieces[0] if len(pieces) == 1 else MultiLineString(pieces)
                book.enter(home, "Street", name, line, roadClass=road.rank)


def enter_streets(book: Book, seed: int, localities: list[Locality], terrain: Terrain) -> None:
    """The streets of every district."""
    for home in localities:
        for district, street, name in street_names(seed, home, terrain):
            book.enter(
                home, "Street", _hyphened(name), street, roadClass="local", address=home.address_of(district.name.ja)
            )


def _hyphened(name: Name) -> Name:
    """Sakuradori as Sakura-dori: as on the signs."""
    for second in {second.kana: second for kind in words.STREETS[1].values() for second in kind}.values():
        if name.kana.endswith(second.kana):
            return Name(name.ja, name.kana, f"{name.en.removesuffix(romaji(second.kana))}-{second.en}")
    return name


def _most(line: BaseGeometry, localities: list[Locality]) -> Locality:
    return max(localities, key=lambda locality: locality.area.intersection(line).length)
