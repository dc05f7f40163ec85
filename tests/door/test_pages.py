"""Home, map, search, place and developers' pages over a small region."""

import io
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from hiroba.door.developers.examples import Example, examples, link
from hiroba.door.home.places import hours_of
from hiroba.door.region import Region

pytestmark = pytest.mark.anyio
OPERATOR = "the-operators-key-of-the-tests"
SITE = "urn:ngsi-ld:EvacuationSite:test:1"


async def test_an_empty_house_says_so_and_no_page_breaks(house: httpx.AsyncClient) -> None:
    for path in ("/", "/map", "/search", "/search?q=x", "/services", "/developers", "/developers/api"):
        answer = await house.get(path, headers={"Accept": "text/html", "Accept-Language": "en"})
        assert answer.status_code == 200, path
    assert "No data are loaded yet" in (await house.get("/", headers={"Accept-Language": "en"})).text


async def test_home_shows_what_is_near_the_first_municipality_before_anything_is_asked(town: httpx.AsyncClient) -> None:
    page = (await town.get("/")).text
    assert "みほん市役所の近くにあるもの" in page
    assert "みほん市役所" in page
    assert "徒歩 約" in page
    assert "バス停" in page.split("種類からさがす")[1]


async def test_home_gives_the_nearest_of_each_kind_nearest_first(town: httpx.AsyncClient) -> None:
    page = (await town.get("/?at=135.0495,34.0519")).text
    listed = page.split("data-spots")[1].split("</ul>")[0]
    assert listed.index("中央図書館") < listed.index("中央公園")
    assert "港図書館" not in listed
    assert "北公園" not in listed


@pytest.mark.parametrize("query", ["m=991023", "place=しるべ町", "place=しるべ", "place=Shirube"])
async def test_a_municipality_is_found_by_code_and_by_name(town: httpx.AsyncClient, query: str) -> None:
    assert "しるべ町の近くにあるもの" in (await town.get(f"/?{query}")).text


async def test_a_place_is_found_by_its_name_and_the_station_comes_before_the_toilet(town: httpx.AsyncClient) -> None:
    assert "みほん駅の近くにあるもの" in (await town.get("/?place=みほん駅")).text


async def test_an_unknown_place_is_said_and_the_page_still_helps(town: httpx.AsyncClient) -> None:
    page = (await town.get("/?place=どこにもない町")).text
    assert "「どこにもない町」という場所は見つかりませんでした" in page
    assert "みほん市役所" in page


@pytest.mark.parametrize("at", ["north", "1", "1,2,3", "nan,34", "135,inf", "200,34", "135,89", ","])
async def test_a_position_that_is_none_is_refused_with_an_example(town: httpx.AsyncClient, at: str) -> None:
    for path in ("/", "/map", "/search"):
        refused = await town.get(path, params={"at": at}, headers={"Accept": "application/json"})
        assert refused.status_code == 400
        assert "135.4830,34.5730" in refused.json()["detail"]


async def test_only_events_that_are_not_over_are_coming_up(town: httpx.AsyncClient) -> None:
    page = (await town.get("/")).text
    assert "秋の朝市" in page
    assert "昨年の花火" not in page


async def test_a_type_nobody_knows_shows_under_its_own_name(town: httpx.AsyncClient) -> None:
    assert "WindGauge" in (await town.get("/")).text
    assert "岬の風速計" in (await town.get("/search?kind=WindGauge")).text


async def test_search_finds_words_in_names_by_kind_and_municipality(town: httpx.AsyncClient) -> None:
    everywhere = (await town.get("/search?q=図書館")).text
    assert "中央図書館" in everywhere
    assert "港図書館" in everywhere
    in_town = (await town.get("/search?q=図書館&m=991015")).text
    assert "中央図書館" in in_town
    assert "港図書館" not in in_town
    assert "中央小学校" not in (await town.get("/search?q=中央&kind=Library")).text


async def test_search_turns_pages(town: httpx.AsyncClient) -> None:
    first = (await town.get("/search?kind=BusStop")).text
    second = (await town.get("/search?kind=BusStop&page=2")).text
    assert "25件" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert second.count('class="spot"') == 5
    assert 'rel="prev"' in second


async def test_search_without_an_answer_says_what_to_try(town: httpx.AsyncClient) -> None:
    page = (await town.get("/search?q=竜宮城&kind=Library")).text
    assert "見つかりませんでした" in page
    assert "すべての種類・市区町村から" in page


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999", "m=27140x", "m=1"])
async def test_search_refuses_what_makes_no_sense(town: httpx.AsyncClient, query: str) -> None:
    assert (await town.get(f"/search?{query}")).status_code == 400


@pytest.mark.parametrize(
    "words", ['"><script>', "'; drop table", "a" * 5000, "%", "_", "\\", "\x00", "🚒", "{{ 7 * 7 }}"]
)
async def test_words_of_any_kind_are_only_words(town: httpx.AsyncClient, words: str) -> None:
    for path in ("/search", "/map"):
        answer = await town.get(path, params={"q": words, "place": words})
        assert answer.status_code == 200
        assert "<script>" not in answer.text


async def test_a_place_tells_hazards_source_and_neighbours(town: httpx.AsyncClient) -> None:
    page = (await town.get(f"/place/{SITE}")).text
    assert "ちゅうおうしょうがっこう" in page
    hazards = page.split('class="hazards"')[1].split("</ul>")[0]
    assert hazards.index("never") < hazards.index("いいえ") < hazards.index("はい")
    assert "CC BY 4.0" in page
    assert "https://example.org/shelters.csv" in page
    assert "最終更新" in page
    assert "北公園" in page
    assert f"/ngsi-ld/v1/entities/{SITE}" in unquote(page)


async def test_a_place_speaks_english_too(town: httpx.AsyncClient) -> None:
    page = (await town.get(f"/place/{SITE}", headers={"Accept-Language": "en"})).text
    assert "Chuo Primary School ground" in page
    assert "Flee here from" in page


async def test_a_place_that_is_not_there_is_not_found(town: httpx.AsyncClient) -> None:
    assert (await town.get("/place/urn:ngsi-ld:Library:none")).status_code == 404
    assert (await town.get("/place?id=http://a.example/b")).status_code == 404
    assert (await town.get("/place/%00")).status_code == 404


async def test_the_base_map_shows_more_the_closer_one_looks(town: httpx.AsyncClient) -> None:
    box = "135.0,34.0,135.2,34.1"
    far = (await town.get(f"/map/base.geojson?bbox={box}&zoom=5")).json()
    close = (await town.get(f"/map/base.geojson?bbox={box}&zoom=13")).json()
    layers = {feature["properties"]["layer"] for feature in far["features"]}
    assert layers == {"area", "name"}
    assert {"river", "railway", "street"} <= {feature["properties"]["layer"] for feature in close["features"]}


async def test_the_maps_answers_are_not_sent_twice(town: httpx.AsyncClient) -> None:
    for path in ("/map/base.geojson", "/map/places.geojson"):
        first = await town.get(path, params={"bbox": "135.0,34.0,135.2,34.1"})
        assert first.headers["content-type"].startswith("application/geo+json")
        again = await town.get(
            path, params={"bbox": "135.0,34.0,135.2,34.1"}, headers={"If-None-Match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_the_maps_places_are_those_of_the_box_and_kind(town: httpx.AsyncClient) -> None:
    found = (await town.get("/map/places.geojson?bbox=135.0,34.0,135.1,34.1&kind=Library")).json()
    assert found["count"] == 1
    (library,) = found["features"]
    assert library["properties"]["name"] == "中央図書館"
    assert library["properties"]["letter"] == "図"


@pytest.mark.parametrize("bbox", ["", "1,2,3", "a,b,c,d", "135,34,134,35", "nan,0,1,1", "-181,0,0,1", "0,0,0,91"])
async def test_a_box_that_is_none_is_refused(town: httpx.AsyncClient, bbox: str) -> None:
    for path in ("/map/base.geojson", "/map/places.geojson"):
        assert (await town.get(path, params={"bbox": bbox})).status_code == 400


async def test_the_map_page_is_a_list_and_a_drawing_without_scripts(town: httpx.AsyncClient) -> None:
    page = (await town.get("/map?kind=Library")).text
    assert "中央図書館" in page.split("data-spots")[1]
    assert "<svg" in page
    assert 'class="m-area"' in page


async def test_every_example_for_developers_has_an_answer(town: httpx.AsyncClient) -> None:
    await town.get("/")
    region = Region(centres={"991015": (135.05, 34.05)})
    for example in examples(region):
        headers = {"Accept": "application/json", "Link": link("http://hiroba.test")}
        answer = await town.get(example.url(""), headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json(), example.id
    page = (await town.get("/developers")).text
    assert "curl -G http://hiroba.test/ngsi-ld/v1/entities" in page


async def test_the_writing_example_writes(town: httpx.AsyncClient) -> None:
    page = unescape((await town.get("/developers")).text)
    body = page.split('id="write-curl"')[1].split("-d '")[1].split("'</code>")[0]
    headers = {
        "Authorization": f"Bearer {OPERATOR}",
        "Content-Type": "application/ld+json",
        "Accept": "application/json",
    }
    written = await town.post("/ngsi-ld/v1/entities", content=body, headers=headers)
    assert written.status_code == 201, written.text
    assert "駅前駐車場" in (await town.get("/place/urn:ngsi-ld:OffStreetParking:demo:1")).text


async def test_the_reference_names_every_operation(town: httpx.AsyncClient) -> None:
    document = (await town.get("/developers/api/openapi.json")).json()
    page = (await town.get("/developers/api")).text
    for path in document["paths"]:
        assert path in page
    assert "/ngsi-ld/v1/entities/{entityId}" in page


async def test_no_link_on_a_page_is_dead(town: httpx.AsyncClient) -> None:
    seen: set[str] = set()
    for path in ("/", "/map", "/search?q=図書館", f"/place/{SITE}", "/services", "/developers", "/developers/api"):
        page = (await town.get(path)).text
        for address in (part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]):
            if address.startswith("/") and address not in seen:
                seen.add(address)
                answer = await town.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
                assert answer.status_code in {200, 303}, (path, address)
    assert len(seen) > 40


@pytest.mark.parametrize("example", examples(Region())[:2], ids=lambda example: example.id)
async def test_the_python_example_asks_what_the_curl_example_asks(example: Example) -> None:
    asked: list[Any] = []

    class Answer(io.BytesIO):
        pass

    def urlopen(question: Any) -> Answer:
        asked.append(question)
        return Answer(b'[{"id": "urn:a:b", "name": "x"}]')

    program = example.python("http://hiroba.test").replace("import Request, urlopen", "import Request")
    exec(program, {"urlopen": urlopen, "print": lambda *_: None})  # noqa: S102 - the example is the thing under test
    (question,) = asked
    assert parse_qs(urlsplit(question.full_url).query) == {name: [value] for name, value in example.parameters.items()}
    assert question.headers["Link"] == link("http://hiroba.test")
    for name, value in example.parameters.items():
        assert f"{name}={value}" in example.curl("http://hiroba.test")
        assert value in example.javascript("http://hiroba.test")


@pytest.mark.parametrize(
    ("written", "japanese", "english"),
    [
        ("Mo-Fr 09:00-17:00", "月〜金 9:00〜17:00", "Mon–Fri 9:00–17:00"),
        ("Mo-Fr 08:45-17:30; PH off", "月〜金 8:45〜17:30 / 祝日休み", "Mon–Fri 8:45–17:30 / closed on holidays"),
        ("Mon–Fri 8:30–17:15", "Mon–Fri 8:30–17:15", "Mon–Fri 8:30–17:15"),
        ("24時間", "24時間", "24時間"),
        (["Sa 10:00-12:00", "Su off"], "土 10:00〜12:00 / 日 休み", "Sat 10:00–12:00 / Sun closed"),
        (None, "", ""),
    ],
)
def test_opening_hours_are_said_as_people_say_them(written: Any, japanese: str, english: str) -> None:
    assert hours_of(written, "ja") == japanese
    assert hours_of(written, "en") == english
