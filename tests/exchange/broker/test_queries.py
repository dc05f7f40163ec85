"""Queries over HTTP (CIM 009 §5.7.2)."""

import httpx
import pytest

from hiroba.exchange.broker.ngsi_ld import queries

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
SHELTERS = [
    {"id": f"urn:ngsi-ld:Shelter:{number}", "type": "Shelter", "capacity": number * 100, "floodSafe": number % 2 == 0,
     "name": {"languageMap": {"ja": f"第{number}小学校"}},
     "location": {"type": "Point", "coordinates": [135.5 + number / 1000, 34.7]}}
    for number in range(1, 11)
]  # fmt: skip


@pytest.fixture
async def filled(broker: httpx.AsyncClient) -> httpx.AsyncClient:
    made = await broker.post(f"{BASE}/entityOperations/create", json=SHELTERS)
    assert made.status_code == 201, made.text
    return broker


async def ids(broker: httpx.AsyncClient, **params: str) -> list[int]:
    answer = await broker.get(f"{BASE}/entities", params={"type": "Shelter", **params})
    assert answer.status_code == 200, answer.text
    return [int(entity["id"].rsplit(":", 1)[1]) for entity in answer.json()]


async def test_by_value_range_text_and_their_joins(filled: httpx.AsyncClient) -> None:
    assert sorted(await ids(filled, q="capacity>800")) == [9, 10]
    assert sorted(await ids(filled, q="capacity==200..400;floodSafe==true")) == [2, 4]
    assert sorted(await ids(filled, q="capacity==100|capacity==300")) == [1, 3]
    assert await ids(filled, q='name[ja]~="第7"') == [7]


async def test_by_id_and_pattern(filled: httpx.AsyncClient) -> None:
    assert await ids(filled, id="urn:ngsi-ld:Shelter:3,urn:ngsi-ld:Shelter:nobody") == [3]
    assert sorted(await ids(filled, idPattern="Shelter:1")) == [1, 10]


async def test_near_gives_those_within_and_orders_by_distance_when_asked(filled: httpx.AsyncClient) -> None:
    near = {"georel": "near;maxDistance==300", "geometry": "Point", "coordinates": "[135.505,34.7]"}
    assert sorted(await ids(filled, **near)) == [2, 3, 4, 5, 6, 7, 8]
    nearest = await ids(filled, **near, orderBy="location;dist-asc", orderFrom="[135.505,34.7]", limit="3")
    assert nearest[0] == 5
    assert set(nearest) == {4, 5, 6}


async def test_within_a_polygon(filled: httpx.AsyncClient) -> None:
    area = "[[[135.5,34.6],[135.5045,34.6],[135.5045,34.8],[135.5,34.8],[135.5,34.6]]]"
    assert sorted(await ids(filled, georel="within", geometry="Polygon", coordinates=area)) == [1, 2, 3, 4]


async def test_pages_are_linked_and_counted(filled: httpx.AsyncClient) -> None:
    answer = await filled.get(
        f"{BASE}/entities", params={"type": "Shelter", "limit": "4", "offset": "4", "count": "true"}
    )
    assert answer.headers["ngsild-results-count"] == "10"
    links = answer.headers.get_list("link")
    assert any('rel="next"' in link and "offset=8" in link for link in links)
    assert any('rel="prev"' in link and "offset=0" in link for link in links)
    seen = [number for offset in range(0, 12, 4) for number in await ids(filled, limit="4", offset=str(offset))]
    assert sorted(seen) == list(range(1, 11))


async def test_pick_and_omit_choose_members(filled: httpx.AsyncClient) -> None:
    answer = await filled.get(f"{BASE}/entities", params={"type": "Shelter", "pick": "id,capacity", "limit": "1"})
    assert set(answer.json()[0]) == {"id", "capacity"}
    answer = await filled.get(f"{BASE}/entities", params={"type": "Shelter", "omit": "capacity,type", "limit": "1"})
    assert set(answer.json()[0]) == {"id", "floodSafe", "name", "location"}


async def test_the_same_question_by_post(filled: httpx.AsyncClient) -> None:
    place = {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": [135.505, 34.7]}
    question = {"type": "Query", "entities": [{"type": "Shelter"}], "q": "capacity>0", "geoQ": place}
    answer = await filled.post(f"{BASE}/entityOperations/query", json=question)
    assert [entity["id"] for entity in answer.json()] == [
        "urn:ngsi-ld:Shelter:4",
        "urn:ngsi-ld:Shelter:5",
        "urn:ngsi-ld:Shelter:6",
    ]


async def test_a_collection_as_geojson(filled: httpx.AsyncClient) -> None:
    answer = await filled.get(
        f"{BASE}/entities", params={"type": "Shelter"}, headers={"Accept": "application/geo+json"}
    )
    assert answer.json()["type"] == "FeatureCollection"
    assert len(answer.json()["features"]) == 10


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"type": "Shelter", "limit": "-1"},
        {"type": "Shelter", "limit": "0"},
        {"type": "Shelter", "q": "capacity>>1"},
        {"type": "Shelter", "georel": "near"},
        {"type": "Shelter", "options": "all"},
        {"type": "Shelter", "nothing": "1"},
        {"type": "(", "q": "a"},
        {"idPattern": "(a+)+\\1"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(filled: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await filled.get(f"{BASE}/entities", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


async def test_types_and_attributes_are_discovered(filled: httpx.AsyncClient) -> None:
    assert (await filled.get(f"{BASE}/types")).json()["typeList"] == ["Shelter"]
    info = (await filled.get(f"{BASE}/types/Shelter")).json()
    assert info["entityCount"] == 10
    assert {part["attributeName"] for part in info["attributeDetails"]} == {"capacity", "floodSafe", "name", "location"}
    assert (await filled.get(f"{BASE}/attributes")).json()["attributeList"] == [
        "capacity",
        "floodSafe",
        "location",
        "name",
    ]
    assert (await filled.get(f"{BASE}/attributes/capacity")).json()["attributeCount"] == 10


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Query", "entities": []},
        {"type": "Query", "entities": [{"id": "urn:ngsi-ld:Shelter:1"}]},
        {"type": "Query", "entities": [{"type": "Shelter"}], "temporalQ": {"timerel": "after"}},
        {"type": "Query", "entities": [{"type": "Shelter"}], "joinLevel": "2", "join": "flat"},
        {"type": "Query", "entities": [{"type": "Shelter"}], "ordering": {"orderBy": ["location;dist-asc"]}},
        {"type": "Query", "entities": [{"type": "Shelter"}], "ordering": {"orderBy": ["id"], "coordinates": "8,40"}},
        {"type": "Query", "entities": [{"type": "Shelter"}], "ordering": {"orderBy": ["id"], "geometry": 5}},
        {"type": "Query", "entities": [{"type": "Shelter"}], "ordering": {"orderBy": ["id"], "collation": "!!"}},
        {"type": "Query", "entities": [{"type": "Shelter"}], "splitEntities": "yes"},
        {"type": "Query", "entities": [{"type": "Shelter"}], "csf": "))"},
        {"type": "Query", "entities": [{"type": "Shelter"}], "Q": "capacity>0"},
    ],
)
async def test_a_query_document_that_is_wrong_is_refused(filled: httpx.AsyncClient, document: dict) -> None:
    answer = await filled.post(f"{BASE}/entityOperations/query", json=document)
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("BadRequestData")


async def test_a_query_document_may_order_and_pick(filled: httpx.AsyncClient) -> None:
    document = {
        "type": "Query",
        "entities": [
            {"type": "Shelter", "id": ["urn:ngsi-ld:Shelter:2", "urn:ngsi-ld:Shelter:9"], "idPattern": "nobody"}
        ],
        "pick": ["id"],
        "ordering": {"orderBy": ["location;dist-asc"], "coordinates": [136, 34.7], "geometry": "Point"},
    }
    answer = await filled.post(f"{BASE}/entityOperations/query", json=document)
    assert answer.json() == [{"id": "urn:ngsi-ld:Shelter:9"}, {"id": "urn:ngsi-ld:Shelter:2"}]


async def test_orders_of_values_texts_times_and_places(filled: httpx.AsyncClient) -> None:
    assert await ids(filled, orderBy="capacity;desc", limit="3") == [10, 9, 8]
    assert await ids(filled, orderBy="capacity;desc", limit="3", offset="3") == [7, 6, 5]
    assert await ids(filled, orderBy="floodSafe,capacity;desc", limit="6") == [9, 7, 5, 3, 1, 10]
    assert await ids(filled, orderBy="name", limit="3") == [10, 1, 2]
    assert await ids(filled, orderBy="location;dist-desc", orderFrom="[135.5,34.7]", limit="2") == [10, 9]
    await filled.patch(f"{BASE}/entities/urn:ngsi-ld:Shelter:4/attrs", json={"capacity": 1})
    assert (await ids(filled, orderBy="modifiedAt;desc"))[0] == 4
    assert await ids(filled, q="floodSafe==true", orderBy="capacity", limit="2") == [4, 2]


async def test_what_must_be_said_with_an_order(filled: httpx.AsyncClient) -> None:
    for params in (
        {"orderBy": "location;dist-asc"},
        {"orderBy": "name", "local": "false"},
        {"orderBy": "name", "collation": "!"},
    ):
        answer = await filled.get(f"{BASE}/entities", params={"type": "Shelter", **params})
        assert answer.status_code == 400, answer.text
    answer = await filled.get(f"{BASE}/entities", params={"type": "Shelter", "orderBy": "name", "collation": "sv"})
    assert answer.status_code == 422


async def test_a_query_too_wide_is_refused_unless_it_is_local(filled: httpx.AsyncClient) -> None:
    for params in ({}, {"id": "urn:ngsi-ld:Shelter:1"}, {"q": 'modifiedAt>"2020-01-01T00:00:00Z"'}, {"scopeQ": "/a"}):
        refused = await filled.get(f"{BASE}/entities", params=params)
        assert refused.status_code == 400, refused.text
        local = await filled.get(f"{BASE}/entities", params={**params, "local": "true"})
        assert local.status_code == 200, local.text
    assert (await filled.get(f"{BASE}/entities", params={"type": "*"})).status_code == 200
    assert (await filled.get(f"{BASE}/entities", params={"type": "*", "local": "false"})).status_code == 400


async def test_the_last_page_has_no_next(filled: httpx.AsyncClient) -> None:
    for params in ({}, {"georel": "near;maxDistance==9000", "geometry": "Point", "coordinates": "[135.505,34.7]"}):
        answer = await filled.get(f"{BASE}/entities", params={"type": "Shelter", "limit": "5", "offset": "5", **params})
        assert len(answer.json()) == 5
        relations = [link for link in answer.headers.get_list("link") if 'rel="next"' in link]
        assert relations == []
        first = await filled.get(f"{BASE}/entities", params={"type": "Shelter", "limit": "5", **params})
        assert any('rel="next"' in link for link in first.headers.get_list("link"))


async def test_a_page_is_found_behind_candidates_that_lie_in_the_box_but_not_in_the_circle(
    broker: httpx.AsyncClient,
) -> None:
    places = [(number, [135.5 + 0.0099, 34.7 + 0.0099]) for number in range(100, 200)]  # near a corner of the box
    places += [(number, [135.5, 34.7]) for number in range(200, 203)]
    made = [
        {"id": f"urn:ngsi-ld:Shelter:{number}", "type": "Shelter", "location": {"type": "Point", "coordinates": at}}
        for number, at in places
    ]
    assert (await broker.post(f"{BASE}/entityOperations/create", json=made)).status_code == 201
    near = {"georel": "near;maxDistance==1110", "geometry": "Point", "coordinates": "[135.5,34.7]"}
    assert await ids(broker, **near, limit="2") == [200, 201]
    assert await ids(broker, **near, limit="2", offset="2") == [202]


async def test_a_query_that_was_asked_before_tells_what_was_written_since_and_each_tenant_its_own(
    filled: httpx.AsyncClient,
) -> None:
    more = {"id": "urn:ngsi-ld:Shelter:11", "type": "Shelter", "capacity": 900}
    assert await ids(filled, q="capacity==900") == [9]
    await filled.post(f"{BASE}/entities", json=more)
    assert sorted(await ids(filled, q="capacity==900")) == [9, 11]
    elsewhere = {"ngsild-tenant": "elsewhere"}
    await filled.post(f"{BASE}/entities", json=more, headers=elsewhere)
    params = {"type": "Shelter", "q": "capacity==900"}
    answer = await filled.get(f"{BASE}/entities", params=params, headers=elsewhere)
    assert [one["id"] for one in answer.json()] == [more["id"]]
    geojson = {"accept": "application/geo+json"}
    assert (await filled.get(f"{BASE}/entities", params=params, headers=geojson)).json()["type"] == "FeatureCollection"


async def test_queries_that_were_understood_are_forgotten_when_they_are_too_many(
    filled: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "REMEMBERED", 3)
    monkeypatch.setattr(queries, "_UNDERSTOOD", {})
    for number in range(1, 8):
        assert await ids(filled, q=f"capacity=={number * 100}") == [number]
        assert len(queries._UNDERSTOOD) <= 3
    kept = dict(queries._UNDERSTOOD)
    many = ",".join(str(number) for number in range(2000, 2600))
    assert await ids(filled, q=f"capacity=={many},300") == [3]
    assert kept == queries._UNDERSTOOD
