"""What goes out to context sources, and what becomes of their answers (CIM 009 §4.3.6, §5.6, §5.7, §6.3.17 to §6.3.19)."""

from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source

pytestmark = pytest.mark.anyio

API = "/ngsi-ld/v1"
CAR = {
    "id": "urn:ngsi-ld:Car:1",
    "type": "Car",
    "speed": {"type": "Property", "value": 50},
    "brand": {"type": "Property", "value": "Hino"},
}
PATH = f"/entities/{CAR['id']}"


def car(*names: str, **attributes: Any) -> dict[str, Any]:
    return {name: CAR[name] for name in ("id", "type", *names)} | {
        name: {"type": "Property", "value": value} for name, value in attributes.items()
    }


async def register(
    broker: httpx.AsyncClient,
    source: Source,
    mode: str = "inclusive",
    *names: str,
    whole_id: bool = False,
    **members: Any,
) -> str:
    entity = {"type": "Car"} | ({"id": CAR["id"]} if mode == "exclusive" or whole_id else {})
    document = {
        "type": "ContextSourceRegistration",
        "mode": mode,
        "endpoint": source.url,
        "information": [{"entities": [entity]} | ({"propertyNames": list(names)} if names else {})],
        "operations": ["retrieveOps"] if mode == "auxiliary" else ["redirectionOps"],
        **members,
    }
    made = await broker.post(f"{API}/csourceRegistrations", json=document)
    assert made.status_code == 201, made.text
    return made.headers["location"].rpartition("/")[2]


async def test_an_entity_is_made_here_and_at_an_equal_source(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    source.says("POST", "/entities", 201)
    made = await broker.post(f"{API}/entities", json=CAR)
    assert made.status_code == 201, made.text
    (heard,) = source.heard
    assert heard.document == CAR
    assert heard.headers["content-type"] == "application/json"
    assert "hiroba-" in heard.headers["via"]
    assert (await broker.get(f"{API}{PATH}", params={"local": "true"})).json() == CAR


async def test_local_true_asks_nobody(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    assert (await broker.post(f"{API}/entities", json=CAR, params={"local": "true"})).status_code == 201
    assert (await broker.get(f"{API}/entities", params={"type": "Car", "local": "true"})).json() == [CAR]
    assert source.heard == []


async def test_what_a_source_owns_goes_to_it_and_the_rest_stays(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, "exclusive", "speed")
    source.says("POST", "/entities", 201)
    assert (await broker.post(f"{API}/entities", json=CAR)).status_code == 201
    assert source.heard[0].document == car("speed")
    assert (await broker.get(f"{API}{PATH}", params={"local": "true"})).json() == car("brand")
    source.says("GET", PATH, 200, car("speed"))
    assert (await broker.get(f"{API}{PATH}")).json() == CAR
    assert source.heard[1].query == {"options": "sysAttrs", "attrs": "speed"}


async def test_an_owner_that_fails_takes_the_whole_write_with_it(broker: httpx.AsyncClient, source: Source) -> None:
    id_ = await register(broker, source, "redirect")
    for status, expected in ((404, 404), (409, 409), (403, 502), (508, 508), (500, 502)):
        source.says("POST", "/entities", status)
        answer = await broker.post(f"{API}/entities", json=CAR)
        assert (answer.status_code, id_ in answer.json()["detail"]) == (expected, True)
    assert (await broker.get(f"{API}{PATH}", params={"local": "true"})).status_code == 404


async def test_what_went_wrong_where_stands_in_the_answer(broker: httpx.AsyncClient, source: Source) -> None:
    id_ = await register(broker, source)
    source.says("POST", "/entities", 403)
    answer = await broker.post(f"{API}/entities", json=CAR)
    assert answer.status_code == 207
    assert answer.headers["location"] == f"{API}{PATH}"
    assert answer.json()["success"] == [CAR["id"]]
    (error,) = answer.json()["errors"]
    assert (error["entityId"], error["registrationId"], error["error"]["status"]) == (CAR["id"], id_, 502)


async def test_attributes_are_written_where_they_belong(broker: httpx.AsyncClient, source: Source) -> None:
    id_ = await register(broker, source, "exclusive", "speed")
    await broker.post(f"{API}/entities", json=car("brand"))
    source.says("PATCH", f"{PATH}/attrs", 500)
    fragment = car("speed", "brand", colour="red")
    del fragment["id"]
    answer = await broker.patch(f"{API}{PATH}/attrs", json=fragment)
    assert answer.status_code == 207
    updated = {name.rpartition("/")[2] for name in answer.json()["updated"]}
    assert updated == {"brand", "colour"}
    (missed,) = answer.json()["notUpdated"]
    assert (missed["attributeName"].rpartition("/")[2], missed["registrationId"]) == ("speed", id_)
    assert source.heard[-1].document == {"type": "Car", "speed": CAR["speed"]}


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("PATCH", f"{PATH}/attrs/speed", {"value": 60}),
        ("PUT", f"{PATH}/attrs/speed", {"type": "Property", "value": 60}),
        ("DELETE", f"{PATH}/attrs/speed", None),
        ("POST", f"{PATH}/attrs", {"speed": {"type": "Property", "value": 60}}),
        ("PATCH", PATH, {"speed": {"type": "Property", "value": 60}}),
        ("DELETE", PATH, None),
    ],
)
async def test_every_write_of_an_entity_is_passed_on(
    broker: httpx.AsyncClient, source: Source, method: str, path: str, document: Any
) -> None:
    await register(broker, source, "exclusive", "speed")
    source.says(method, path, 204)
    answer = await broker.request(method, f"{API}{path}", json=document)
    assert answer.status_code == 204, answer.text
    (heard,) = source.heard
    if document is not None and "value" in document:
        assert {"type": "Property", **heard.document} == {"type": "Property", "value": 60}
    elif document is not None:
        assert heard.document == document


async def test_a_null_reaches_the_source_as_it_was_meant(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, "redirect")
    source.says("PATCH", PATH, 204)
    assert (await broker.patch(f"{API}{PATH}", json={"speed": "urn:ngsi-ld:null"})).status_code == 204
    assert source.heard[0].document == {"speed": {"type": "Property", "value": "urn:ngsi-ld:null"}}


async def test_an_answer_has_what_all_sources_know(broker: httpx.AsyncClient, source: Source, other: Source) -> None:
    await register(broker, source)
    await register(broker, other, "auxiliary")
    await broker.post(f"{API}/entities", json=car("speed"), params={"local": "true"})
    source.says("GET", PATH, 200, car("brand"))
    other.says("GET", PATH, 200, car(speed=999, colour="red"))
    answer = await broker.get(f"{API}{PATH}")
    assert answer.json() == CAR | car(colour="red")
    assert "ngsild-warning" not in answer.headers


async def test_a_query_puts_pages_together_across_sources(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    local = [car(speed=number) | {"id": f"urn:ngsi-ld:Car:{number:02}"} for number in range(0, 20, 2)]
    far = [car(speed=number) | {"id": f"urn:ngsi-ld:Car:{number:02}"} for number in range(1, 20, 2)]
    both = local[3] | car(colour="red") | {"id": local[3]["id"]}
    for one in local:
        await broker.post(f"{API}/entities", json=one, params={"local": "true"})
    source.says("GET", "/entities", 200, [*reversed(far), both], **{"NGSILD-Results-Count": "11"})
    seen: list[str] = []
    for offset in range(0, 24, 6):
        answer = await broker.get(
            f"{API}/entities", params={"type": "Car", "limit": 6, "offset": offset, "count": "true"}
        )
        assert answer.headers["ngsild-results-count"] == "20"
        assert ('rel="next"' in answer.headers.get("link", "")) == (offset + 6 < 20)
        seen += [one["id"] for one in answer.json()]
    assert seen == sorted(one["id"] for one in [*local, *far])
    six = (await broker.get(f"{API}/entities", params={"type": "Car", "id": local[3]["id"]})).json()
    assert six[0]["colour"]["value"] == "red"


async def test_filters_go_along_unless_entities_may_be_split(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    await broker.post(f"{API}/entities", json=car("brand"), params={"local": "true"})
    source.says("GET", "/entities", 200, [car("speed")])
    asked = {"type": "Car", "q": 'speed>20;brand=="Hino"'}
    assert (await broker.get(f"{API}/entities", params=asked)).json() == [car("speed")]
    assert source.heard[-1].query["q"] == asked["q"]
    assert (await broker.get(f"{API}/entities", params=asked | {"splitEntities": "true"})).json() == [CAR]
    assert "q" not in source.heard[-1].query
    refused = {"type": "Car", "q": "speed>70", "splitEntities": "true"}
    assert (await broker.get(f"{API}/entities", params=refused)).json() == []


async def test_a_context_that_has_no_address_becomes_full_names(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=["queryBatch", "createEntity"])
    context = {"Car": "https://uri.etsi.org/ngsi-ld/default-context/Car", "pace": "https://example.org/speed"}
    source.says("POST", "/entities", 201)
    document = {"@context": context, "id": CAR["id"], "type": "Car", "pace": {"type": "Property", "value": 1}}
    made = await broker.post(f"{API}/entities", json=document, headers={"Content-Type": "application/ld+json"})
    assert made.status_code == 201, made.text
    assert source.heard[0].document == {
        "id": CAR["id"], "type": "Car", "https://example.org/speed": {"type": "Property", "value": 1},
    }  # fmt: skip


async def test_a_source_is_told_what_it_asked_to_be_told(broker: httpx.AsyncClient, source: Source) -> None:
    await broker.post(f"{API}/entities", json=CAR, headers={"NGSILD-Tenant": "closed"})
    told = [
        {"key": "X-Key", "value": "secret"}, {"key": "X-User", "value": "urn:ngsi-ld:request"},
        {"key": "X-Missing", "value": "urn:ngsi-ld:request"}, {"key": "contentType", "value": "application/ld+json"},
        {"key": "Content-Length", "value": "1"},
    ]  # fmt: skip
    await register(broker, source, "redirect", contextSourceInfo=told, tenant="theirs", management={"localOnly": True})
    source.says("POST", "/entities", 201)
    assert (await broker.post(f"{API}/entities", json=CAR, headers={"X-User": "me"})).status_code == 201
    (heard,) = source.heard
    assert (heard.headers["x-key"], heard.headers["x-user"], heard.headers["ngsild-tenant"]) == (
        "secret",
        "me",
        "theirs",
    )
    assert "x-missing" not in heard.headers
    assert heard.headers["content-type"] == "application/ld+json"
    assert "@context" in heard.document
    assert heard.query == {"local": "true"}


async def test_a_registration_of_one_tenant_concerns_no_other(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source)
    await broker.post(f"{API}/entities", json=CAR, headers={"NGSILD-Tenant": "closed"})
    answer = await broker.get(f"{API}{PATH}", headers={"NGSILD-Tenant": "closed"})
    assert (answer.json(), answer.headers["ngsild-tenant"]) == (CAR, "closed")
    assert source.heard == []


async def test_a_source_of_other_datasets_is_not_asked(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, datasetId=["urn:d:1"])
    gps = {"type": "Property", "value": 1, "datasetId": "urn:d:1"}
    both = [gps, {"type": "Property", "value": 2}]
    source.says("GET", PATH, 200, {"id": CAR["id"], "type": "Car", "speed": both})
    assert (await broker.get(f"{API}{PATH}")).json()["speed"] == gps, "the other instance is none of its own"
    assert (await broker.get(f"{API}{PATH}", params={"datasetId": "urn:d:2"})).status_code == 404
    await broker.get(f"{API}/entities", params={"type": "Car", "datasetId": "@none"})
    assert len(source.heard) == 1


async def test_types_and_attributes_of_sources_are_known_here(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=["federationOps"])
    await broker.post(f"{API}/entities", json=car("speed"), params={"local": "true"})
    await broker.post(f"{API}/entities", json=car("brand") | {"id": "urn:b:1", "type": "Bus"}, params={"local": "true"})
    source.says("GET", "/types", 200, {"type": "EntityTypeList", "typeList": ["Car", "Lorry"]})
    assert (await broker.get(f"{API}/types")).json()["typeList"] == ["Bus", "Car"]
    described = {"id": "x", "type": "EntityType", "typeName": "Car", "attributeNames": ["brand", "speed"]}
    source.says("GET", "/types", 200, [described])
    (_, of_car) = (await broker.get(f"{API}/types", params={"details": "true"})).json()
    assert of_car["attributeNames"] == ["brand", "speed"]
    info = {"type": "EntityTypeInfo", "typeName": "Car", "entityCount": 4, "attributeDetails": [
        {"attributeName": "speed", "attributeTypes": ["Relationship"]},
        {"attributeName": "colour", "attributeTypes": ["Property"]},
    ]}  # fmt: skip
    source.says("GET", "/types/Car", 200, info)
    told = (await broker.get(f"{API}/types/Car")).json()
    assert told["entityCount"] == 5
    kinds = {one["attributeName"]: one["attributeTypes"] for one in told["attributeDetails"]}
    assert kinds == {"colour": ["Property"], "speed": ["Property", "Relationship"]}
    source.says("GET", "/attributes", 200, {"attributeList": ["speed", "height"]})
    assert (await broker.get(f"{API}/attributes")).json()["attributeList"] == ["brand", "height", "speed"]
    source.says(
        "GET", "/attributes/height", 200, {"attributeName": "height", "attributeCount": 2, "typeNames": ["Car"]}
    )
    height = (await broker.get(f"{API}/attributes/height")).json()
    assert (height["attributeCount"], height["typeNames"]) == (2, ["Car"])
    assert (await broker.get(f"{API}/attributes/height", params={"local": "true"})).status_code == 404


async def test_a_purge_reaches_sources_and_never_more_than_they_are_registered_for(
    broker: httpx.AsyncClient, source: Source, other: Source
) -> None:
    await register(broker, source, "exclusive", "speed")
    await register(broker, other, "redirect", "brand")
    await broker.post(f"{API}/entities", json=car(colour="red"), params={"local": "true"})
    for one in (source, other):
        one.says("DELETE", "/entities", 204)
    assert (await broker.delete(f"{API}/entities", params={"type": "Car"})).status_code == 204
    assert source.heard[0].query == {"type": "Car", "id": CAR["id"], "drop": "speed"}
    assert other.heard[0].query == {"type": "Car", "drop": "brand"}
    assert (await broker.get(f"{API}{PATH}", params={"local": "true"})).status_code == 404
    await broker.delete(f"{API}/entities", params={"type": "Car", "drop": "brand"})
    assert (len(source.heard), other.heard[-1].query) == (1, {"type": "Car", "drop": "brand"})
    other.says("DELETE", "/entities", 403)
    assert (await broker.delete(f"{API}/entities", params={"type": "Car", "q": "brand"})).status_code == 207


@pytest.mark.parametrize(
    ("path", "operation", "single"),
    [("create", "createBatch", "POST"), ("upsert", "upsertBatch", "POST"), ("update", "updateBatch", "PATCH"),
     ("merge", "mergeBatch", "PATCH"), ("delete", "deleteBatch", "DELETE")],
)  # fmt: skip
async def test_a_batch_goes_as_a_batch_or_one_by_one(
    broker: httpx.AsyncClient, source: Source, path: str, operation: str, single: str
) -> None:
    id_ = await register(broker, source, "redirect", operations=[operation])
    batch: list[Any] = [CAR, CAR | {"id": "urn:ngsi-ld:Car:2"}]
    if path == "delete":
        batch = [one["id"] for one in batch]
    source.says("POST", f"/entityOperations/{path}", 201 if path == "create" else 204)
    answer = await broker.post(f"{API}/entityOperations/{path}", json=batch)
    assert answer.status_code == (201 if path == "create" else 204), answer.text
    assert source.heard[0].document == batch
    source.says("POST", f"/entityOperations/{path}", 207, {
        "success": [CAR["id"]], "errors": [{"entityId": "urn:ngsi-ld:Car:2", "error": {"status": 404, "detail": "gone"}}],
    })  # fmt: skip
    partly = (await broker.post(f"{API}/entityOperations/{path}", json=batch)).json()
    assert partly["success"] == [CAR["id"]]
    assert [(one["entityId"], one["registrationId"], one["error"]["status"]) for one in partly["errors"]] == [
        ("urn:ngsi-ld:Car:2", id_, 404)
    ]
    changed = {"operations": ["redirectionOps"]}
    assert (await broker.patch(f"{API}/csourceRegistrations/{id_}", json=changed)).status_code == 204
    source.heard.clear()
    singly = (await broker.post(f"{API}/entityOperations/{path}", json=batch)).json()
    assert [one.method for one in source.heard] == [single, single]
    assert (singly["success"], len(singly["errors"])) == ([], 2)


async def test_an_upsert_of_what_a_source_has_already_replaces_it_there(
    broker: httpx.AsyncClient, source: Source
) -> None:
    await register(broker, source, "redirect")
    source.says("POST", "/entities", 409)
    source.says("PUT", PATH, 204)
    assert (await broker.post(f"{API}/entityOperations/upsert", json=[CAR])).status_code == 204
    assert [one.method for one in source.heard] == ["POST", "PUT"]
    source.says("PATCH", f"{PATH}/attrs", 204)
    updated = await broker.post(f"{API}/entityOperations/upsert", json=[CAR], params={"options": "update"})
    assert updated.status_code == 204
    assert [one.method for one in source.heard[2:]] == ["POST", "PATCH"]
