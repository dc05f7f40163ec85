"""A small invented region for the pages' tests, and an exchange that keeps it in memory."""

import math
from typing import Any

from hiroba.exchange.broker.exchange import Exchange, Found, Simplified, Wanted

TOWN = {"type": "Polygon", "coordinates": [[[135.0, 34.0], [135.1, 34.0], [135.1, 34.1], [135.0, 34.1], [135.0, 34.0]]]}
HARBOUR = {"type": "Polygon", "coordinates": [[[135.1, 34.0], [135.2, 34.0], [135.2, 34.1], [135.1, 34.1], [135.1, 34.0]]]}
MUNICIPALITIES = (
    ("991015", {"ja": "みほん市", "en": "Mihon"}, TOWN),
    ("991023", {"ja": "しるべ町", "en": "Shirube"}, HARBOUR),
)


def place(type_: str, number: int, ja: str, en: str, longitude: float, latitude: float, **more: Any) -> Simplified:
    return {
        "id": f"urn:ngsi-ld:{type_}:test:{number}", "type": type_, "name": {"ja": ja, "en": en},
        "location": {"type": "Point", "coordinates": [longitude, latitude]},
        "municipality": "991015" if longitude < 135.1 else "991023",
        "address": {"ja": f"みほん市中町{number}番", "en": f"{number} Naka-machi, Mihon"},
    } | more  # fmt: skip


def line(type_: str, number: int, ja: str, *points: tuple[float, float], **more: Any) -> Simplified:
    return {
        "id": f"urn:ngsi-ld:{type_}:test:{number}", "type": type_, "name": {"ja": ja},
        "location": {"type": "LineString", "coordinates": [list(point) for point in points]},
    } | more  # fmt: skip


ENTITIES: list[Simplified] = [
    place(
        "EvacuationSite", 1, "中央小学校 校庭", "Chuo Primary School ground", 135.051, 34.051,
        name={"ja": "中央小学校 校庭", "en": "Chuo Primary School ground", "ja-Kana": "ちゅうおうしょうがっこう こうてい"},
        floodSafe=False, landslideSafe=True, earthquakeSafe=True, fireSafe=True, tsunamiSafe=False,
        source="https://example.org/shelters.csv", license="CC BY 4.0",
    ),
    place("EvacuationSite", 2, "北公園", "North Park", 135.06, 34.06, floodSafe=True),
    place("EvacuationShelter", 3, "中央小学校 体育館", "Chuo Primary School hall", 135.0515, 34.0512, capacity=420, headCount=0),
    place("Library", 4, "中央図書館", "Central Library", 135.049, 34.052, openingHours="火-日 9:30-19:00", telephone="099-000-0001"),
    place("Hospital", 5, "みほん病院", "Mihon Hospital", 135.055, 34.047, openingHours="Mo-Fr 09:00-12:00"),
    place("PublicOffice", 6, "みほん市役所", "Mihon City Hall", 135.0502, 34.0498, openingHours="Mo-Fr 08:45-17:30"),
    place("OffStreetParking", 7, "駅前駐車場", "Station Car Park", 135.0521, 34.0489, totalSpotNumber=120, availableSpotNumber=17),
    place("Station", 8, "みほん駅", "Mihon Station", 135.053, 34.0495),
    place("Park", 9, "中央公園", "Central Park", 135.047, 34.0475),
    place("PublicToilet", 10, "駅前トイレ", "Station toilet", 135.0527, 34.0492, wheelchairAccessible=True),
    place("Event", 11, "秋の朝市", "Autumn market", 135.0531, 34.0499, startDate="2126-11-22T08:00:00+09:00", endDate="2126-11-22T12:00:00+09:00"),
    place("Event", 12, "昨年の花火", "Last year's fireworks", 135.054, 34.05, startDate="2020-08-01", endDate="2020-08-01"),
    place("Library", 13, "港図書館", "Harbour Library", 135.15, 34.05),
    place("WindGauge", 14, "岬の風速計", "Cape wind gauge", 135.17, 34.03),
    *(place("BusStop", 100 + number, f"{number}丁目", f"{number}-chome", 135.04 + number / 1000, 34.045) for number in range(1, 26)),
    line("River", 15, "みほん川", (135.0, 34.06), (135.04, 34.055), (135.07, 34.065), (135.2, 34.04)),
    line("Railway", 16, "みほん線", (135.0, 34.045), (135.053, 34.0495), (135.2, 34.06)),
    line("Street", 17, "大通り", (135.03, 34.05), (135.07, 34.05), roadClass="primary"),
    line("Street", 18, "南北通り", (135.05, 34.03), (135.05, 34.07)),
]  # fmt: skip


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    across = (one[0] - other[0]) * 111_320 * math.cos(math.radians(one[1]))
    return math.hypot(across, (one[1] - other[1]) * 110_950)


class FakeExchange(Exchange):
    """As much of `Exchange` as the pages ask."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.entities = {entity["id"]: entity for entity in ENTITIES}

    async def entity(self, _conn: Any, id_: str) -> Simplified | None:
        return self.entities.get(id_)

    async def types(self, _conn: Any) -> dict[str, int]:
        counts: dict[str, int] = {}
        for entity in self.entities.values():
            counts[entity["type"]] = counts.get(entity["type"], 0) + 1
        return counts

    async def find(self, _conn: Any, wanted: Wanted) -> Found:
        from shapely import box  # noqa: PLC0415 - only where wanted
        from shapely.geometry import shape  # noqa: PLC0415

        found = []
        for entity in self.entities.values():
            if wanted.types and entity["type"] not in wanted.types:
                continue
            if not all(word in f"{entity['name']}{entity.get('address')}" for word in wanted.text.split()):
                continue
            if wanted.q and wanted.q != f'municipality=="{entity.get("municipality")}"':
                continue
            if wanted.box and not shape(entity["location"]).intersects(box(*wanted.box)):
                continue
            shown = dict(entity)
            if wanted.near:
                centre = shape(entity["location"]).centroid
                shown["distance"] = metres(wanted.near, (centre.x, centre.y))
                if wanted.within is not None and shown["distance"] > wanted.within:
                    continue
            found.append(shown)
        found.sort(key=lambda entity: (entity.get("distance", 0), entity["id"]))
        page = found[wanted.offset : wanted.offset + wanted.limit]
        return Found(page, len(found) if wanted.count else None)
