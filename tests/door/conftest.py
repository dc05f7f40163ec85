"""The house with a small invented region in it."""

from typing import Any

import httpx
import pytest

from hiroba.base.db import Pool, transaction
from hiroba.base.egress import Egress
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange, Simplified
from hiroba.exchange.identity import store

TOWN = {"type": "Polygon", "coordinates": [[[135.0, 34.0], [135.1, 34.0], [135.1, 34.1], [135.0, 34.1], [135.0, 34.0]]]}
HARBOUR = {
    "type": "Polygon",
    "coordinates": [[[135.1, 34.0], [135.2, 34.0], [135.2, 34.1], [135.1, 34.1], [135.1, 34.0]]],
}
MUNICIPALITIES = (
    ("991015", {"ja": "みほん市", "en": "Mihon"}, TOWN),
    ("991023", {"ja": "しるべ町", "en": "Shirube"}, HARBOUR),
)


def place(type_: str, number: int, ja: str, en: str, *position: float, **more: Any) -> Simplified:
    longitude, latitude = position
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
    place("Library", 4, "中央図書館", "Central Library", 135.049, 34.052, openingHours="火-日 9:30-19:00"),
    place("Hospital", 5, "みほん病院", "Mihon Hospital", 135.055, 34.047, openingHours="Mo-Fr 09:00-12:00"),
    place("PublicOffice", 6, "みほん市役所", "Mihon City Hall", 135.0502, 34.0498, openingHours="Mo-Fr 08:45-17:30"),
    place("OffStreetParking", 7, "駅前駐車場", "Car Park", 135.0521, 34.0489, totalSpotNumber=120, availableSpotNumber=17),
    place("Station", 8, "みほん駅", "Mihon Station", 135.053, 34.0495),
    place("Park", 9, "中央公園", "Central Park", 135.047, 34.0475),
    place("PublicToilet", 10, "駅前トイレ", "Station toilet", 135.0527, 34.0492, wheelchairAccessible=True),
    place("Event", 11, "秋の朝市", "Autumn market", 135.0531, 34.0499, startDate="2126-11-22", endDate="2126-11-23"),
    place("Event", 12, "昨年の花火", "Last year's fireworks", 135.054, 34.05, startDate="2020-08-01", endDate="2020-08-01"),
    place("Library", 13, "港図書館", "Harbour Library", 135.15, 34.05),
    place("WindGauge", 14, "岬の風速計", "Cape wind gauge", 135.17, 34.03),
    *(place("BusStop", 100 + stop, f"{stop}丁目", f"{stop}-chome", 135.04 + stop / 1000, 34.045) for stop in range(1, 26)),
    line("River", 15, "みほん川", (135.0, 34.06), (135.04, 34.055), (135.07, 34.065), (135.2, 34.04)),
    line("Railway", 16, "みほん線", (135.0, 34.045), (135.053, 34.0495), (135.2, 34.06)),
    line("Street", 17, "大通り", (135.03, 34.05), (135.07, 34.05), roadClass="primary"),
    line("Street", 18, "南北通り", (135.05, 34.03), (135.05, 34.07)),
]  # fmt: skip


async def fill(pool: Pool) -> None:
    """Put the region into a database."""
    exchange = Exchange(pool, Book(Egress(), "http://hiroba.test").house)
    async with transaction(pool) as conn:
        for code, names, area in MUNICIPALITIES:
            await store.put_municipality(conn, store.Municipality(code, names, "みほん県"), area)
        await exchange.put(conn, ENTITIES, owner="991015")


@pytest.fixture
async def town(pool: Pool, house: httpx.AsyncClient) -> httpx.AsyncClient:
    """The house with the region in it, called by a visitor who reads Japanese."""
    await fill(pool)
    house.headers.update({"Accept": "text/html", "Accept-Language": "ja"})
    return house
