"""What is the same for every operation: media types, lengths, methods, tenants, parameters, preferences (CIM 009 §6.3)."""

import httpx
import orjson
import pytest

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
CAR = {
    "id": "urn:x:car:1",
    "type": "Car",
    "speed": {"type": "Property", "value": 3},
    "name": {"type": "VocabProperty", "vocab": "fast"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [135.5, 34.5]}},
}
JSON, LD, GEO = "application/json", "application/ld+json", "application/geo+json"


@pytest.fixture
async def car(broker: httpx.AsyncClient) -> httpx.AsyncClient:
    assert (await broker.post(f"{BASE}/entities", json=CAR)).status_code == 201
    return broker


LIKED = (
    ("*/*", JSON),
    (f"{LD}, {JSON}", JSON),
    (f"{GEO}, {JSON}", JSON),
    (f"{GEO}, {LD}", LD),
    (f"{LD}, {JSON};q=0.5", LD),
    (f"{JSON};q=0, */*", LD),
    (f"*/*;q=0.9, {LD};q=0.8", JSON),
    (f"{LD};q=notanumber", LD),
    ("text/html, application/*;q=0.1", JSON),
    (GEO, GEO),
    ("", JSON),
)


async def test_the_form_that_is_liked_best_is_given_and_of_equals_the_plainest(car) -> None:
    for accept, expected in LIKED:
        answer = await car.get(f"{BASE}/entities/{CAR['id']}", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, expected), accept


async def test_what_is_not_given_is_not_acceptable_before_anything_else(car) -> None:
    for path in ("/entities?type=Car", "/types", "/attributes", "/jsonldContexts", "/entities/urn:x:no"):
        refused = await car.get(f"{BASE}{path}", headers={"Accept": "text/turtle"})
        assert refused.status_code == 406, path
        assert LD in refused.json()["detail"]


async def test_only_entities_are_given_as_geojson(car) -> None:
    assert (await car.get(f"{BASE}/types", headers={"Accept": GEO})).status_code == 406
    assert (await car.get(f"{BASE}/entities", params={"type": "Car"}, headers={"Accept": GEO})).status_code == 200


async def test_a_body_says_its_length_and_its_kind(broker) -> None:
    async def chunks():
        yield orjson.dumps(CAR)

    headers = {"Content-Type": JSON}
    for method, path in (("POST", "/entities"), ("PATCH", "/entities/urn:x:1/attrs"), ("PUT", "/entities/urn:x:1")):
        answer = await broker.request(
            method, BASE + path, content=chunks(), headers={**headers, "NGSILD-Tenant": "nobodyshere"}
        )
        assert (answer.status_code, answer.content) == (411, b"")
    answer = await broker.post(f"{BASE}/entities", content=orjson.dumps(CAR), headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.content) == (415, b"")
    answer = await broker.post(f"{BASE}/entities", content=orjson.dumps(CAR))
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("InvalidRequest")
    assert "application/ld+json" in answer.json()["detail"], "who names no type is told which ones there are"


async def test_another_method_is_told_which_ones_there_are(broker) -> None:
    answer = await broker.put(f"{BASE}/types", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    options = await broker.options(f"{BASE}/entities/urn:x:1")
    assert options.status_code == 204
    assert {"GET", "HEAD", "PATCH", "PUT", "DELETE", "OPTIONS"} == set(options.headers["allow"].split(", "))
    assert (await broker.head(f"{BASE}/types")).status_code == 200


async def test_what_has_no_content_has_no_length(car) -> None:
    answer = await car.delete(f"{BASE}/entities/{CAR['id']}")
    assert answer.status_code == 204
    assert "content-length" not in answer.headers


async def test_a_tenant_is_named_in_every_answer_even_a_refusal(broker) -> None:
    tenant = {"NGSILD-Tenant": "sandbox"}
    unknown = await broker.get(f"{BASE}/types", headers=tenant)
    assert unknown.status_code == 404
    assert unknown.json()["type"].endswith("NonexistentTenant")
    assert unknown.headers["ngsild-tenant"] == "sandbox"
    assert (
        (await broker.delete(f"{BASE}/entities/urn:x:1", headers=tenant)).json()["type"].endswith("NonexistentTenant")
    )
    assert (await broker.post(f"{BASE}/entities", json=CAR, headers=tenant)).headers["ngsild-tenant"] == "sandbox"
    assert (await broker.get(f"{BASE}/types", headers=tenant)).status_code == 200


async def test_parameters_that_an_operation_does_not_have_are_refused(broker) -> None:
    for path in ("/entities?type=Car&colour=red", "/types/Car?details=true", "/attributes?limit=5"):
        answer = await broker.get(BASE + path)
        assert answer.status_code == 400, path
        assert answer.json()["type"].endswith("InvalidRequest")


async def test_an_earlier_version_that_is_preferred_is_given_and_said(car) -> None:
    url = f"{BASE}/entities/{CAR['id']}"
    older = await car.get(url, headers={"Prefer": 'respond-async, NGSI-LD="1.5";x=y'})
    assert (older.status_code, older.headers["preference-applied"]) == (203, "ngsi-ld=1.5")
    assert older.json()["name"] == {"type": "Property", "value": "fast"}
    same = await car.get(url, headers={"Prefer": "ngsi-ld=1.9"})
    assert (same.status_code, same.headers["preference-applied"]) == (200, "ngsi-ld=1.9")
    assert "preference-applied" not in (await car.get(url, headers={"Prefer": "respond-async"})).headers


async def test_the_context_of_an_answer_is_named_in_one_header_whatever_it_is_called(broker) -> None:
    async def link_of(context: object) -> str:
        question = {"type": "Query", "entities": [{"type": "Car"}], "@context": context}
        answer = await broker.post(
            f"{BASE}/entityOperations/query",
            content=orjson.dumps(question),
            headers={"Content-Type": LD, "Accept": JSON},
        )
        assert answer.status_code == 200, answer.text
        return answer.headers["link"]

    house = "http://hiroba.test/context/v1.jsonld"
    core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
    assert (await link_of([house, core])).startswith(f"<{house}>")
    assert (await link_of([core])).startswith(f"<{core}>")
    assert (await link_of({"speed": "https://e.org/speed"})).startswith(f"<{core}>")
    strange = await link_of(f"{house}#漢字\r\nX-Evil: 1")
    assert "\n" not in strange
    assert "%E6%BC%A2" in strange
