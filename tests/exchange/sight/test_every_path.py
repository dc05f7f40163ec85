"""What is not granted is seen on no path: each question of NGSI-LD is put to a person of whom one attribute is allowed."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from hiroba.base import clock

pytestmark = pytest.mark.anyio
HERE = {"type": "Point", "coordinates": [135.48, 34.57]}
NEAR = "georel=near;maxDistance==100000&geometry=Point&coordinates=[135.48,34.57]"
HIDDEN_TEXT = "そば粉アレルギーの秘密"
TARO = {
    "birthDate": "1950-04-01",
    "allergy": {"type": "Property", "value": HIDDEN_TEXT, "observedAt": "2026-01-01T00:00:00Z"},
    "weight": {"type": "Property", "value": 61.5, "observedAt": "2026-01-01T00:00:00Z"},
    "location": HERE,
    "friend": {"type": "Relationship", "object": "urn:ngsi-ld:Thing:4711"},
}


@pytest.fixture
async def taro(world) -> str:
    person = await world.person()
    await world.write(person, TARO | {"type": ["Person", "Patient"], "scope": "/lg271403_secret"})
    await world.permit(person, "birthDate")
    return person


HIDDEN = [
    f"/entities?type=Person&q=allergy==%22{HIDDEN_TEXT}%22",
    "/entities?type=Person&q=weight>1",
    "/entities?type=Person&q=allergy",
    f"/entities?type=Person&{NEAR}",
    "/entities?type=Patient",
    "/entities?type=(Person;Patient)&local=true",
    "/entities?type=Person&scopeQ=/lg271403_secret",
    "/entities?type=Person&attrs=allergy",
    "/entities?type=Person&pick=allergy&q=weight>1",
    "/entities?type=Person&q=friend==%22urn:ngsi-ld:Thing:4711%22",
    "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&attrs=allergy",
    "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&q=weight>1",
    f"/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&{NEAR}",
    "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&scopeQ=/lg271403_secret",
    "/temporal/entities?type=Patient&timerel=before&timeAt=2100-01-01T00:00:00Z",
    (
        "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&attrs=weight"
        "&options=aggregatedValues&aggrMethods=avg"
    ),
]  # fmt: skip


async def test_a_question_about_what_is_hidden_finds_nobody(world, taro) -> None:
    for path in HIDDEN:
        answer = await world.get(f"{path}&count=true")
        assert answer.status_code == 200, path + answer.text
        assert answer.json() == [], path
        assert answer.headers["ngsild-results-count"] == "0", path


SHOWN = [
    "/entities?type=Person",
    "/entities?type=Person&q=birthDate==1950-04-01",
    "/entities?type=Person&orderBy=allergy",
    "/entities?type=Person&orderBy=weight;desc&options=sysAttrs",
    "/entities?type=Person&join=inline&joinLevel=2",
    "/entities?type=Person&options=keyValues",
    "/entities/{id}",
    "/entities/{id}?options=sysAttrs",
    "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt&options=sysAttrs",
    "/temporal/entities?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=createdAt&options=temporalValues",
    "/temporal/entities/{id}",
    "/temporal/entities/{id}?lastN=1",
    "/types",
    "/types?details=true",
    "/types/Person",
    "/attributes",
    "/attributes?details=true",
    "/attributes/birthDate",
]


async def never(world, person: str, text: str) -> None:
    """Nothing hidden is in an answer, and no name of the person that is not the reader's."""
    assert HIDDEN_TEXT not in text
    for word in ("allergy", "weight", "61.5", "Patient", "lg271403", "4711", "135.48", person):
        assert word not in text, word
    for sector in ("tenant:care", "app:clinic-desk", "app:bus-app", "log", "door"):
        assert await world.known(person, sector) not in text, sector


async def test_what_is_granted_is_found_and_nothing_beside_it(world, taro) -> None:
    for path, accept in product(SHOWN, ("application/json", "application/ld+json")):
        answer = await world.get(path.format(id=await world.id(taro, "booking")), headers={"Accept": accept})
        assert answer.status_code == 200, path + answer.text
        assert "birthDate" in answer.text or path == "/types", path
        await never(world, taro, answer.text + str(answer.headers))


async def test_the_same_by_post_and_as_geojson(world, taro) -> None:
    body = {"type": "Query", "entities": [{"type": "Person"}]}
    answer = await world.call("POST", "/entityOperations/query", "booking", json=body)
    assert "birthDate" in answer.text
    await never(world, taro, answer.text)
    answer = await world.call("POST", "/entityOperations/query", "booking", json=body | {"q": "weight>1"})
    assert answer.json() == []
    over_time = body | {
        "temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "createdAt"}
    }
    answer = await world.call("POST", "/temporal/entityOperations/query", "booking", json=over_time)
    assert "birthDate" in answer.text
    await never(world, taro, answer.text)
    geo = await world.get("/entities?type=Person", headers={"Accept": "application/geo+json"})
    assert geo.json()["features"][0]["geometry"] is None
    await never(world, taro, geo.text)


async def test_when_hidden_attributes_change_no_time_tells(world, taro) -> None:
    path = f"/entities/{await world.id(taro, 'booking')}?options=sysAttrs"
    before = (await world.get(path)).json()
    ahead = datetime.fromisoformat(before["modifiedAt"]) < clock.now() + timedelta(1)
    assert ahead
    changed = await world.call("PATCH", f"/entities/{await world.id(taro)}", "clinic-desk", json={"weight": 70})
    assert changed.status_code == 204, changed.text
    assert (await world.get(path)).json() == before


CLOSED = [
    ("GET", "/entityMaps?type=Person"), ("POST", "/entityMaps"), ("GET", "/entityMaps/urn:ngsi-ld:EntityMap:1"),
    ("GET", "/temporal/entityMaps?type=Person&timerel=before&timeAt=2100-01-01T00:00:00Z"),
    ("POST", "/snapshots"), ("GET", "/snapshots/urn:ngsi-ld:Snapshot:1"), ("POST", "/csourceRegistrations"),
    ("GET", "/csourceRegistrations?type=Person"), ("POST", "/csourceSubscriptions"), ("GET", "/csourceSubscriptions"),
    ("POST", "/temporal/entities"), ("DELETE", "/entities?type=Person"), ("GET", "/jsonldContexts"),
]  # fmt: skip


async def test_what_is_not_declared_for_personal_data_is_closed(world, taro) -> None:
    for (method, path), caller in product(CLOSED, ("booking", "clinic-desk")):
        answer = await world.call(method, path, caller, json={})
        assert answer.status_code == 403, (method, path, caller, answer.text)


async def test_a_page_that_keeps_an_entity_map_is_refused(world, taro) -> None:
    assert (await world.get("/entities?type=Person&entityMap=true")).status_code == 422
    answer = await world.get("/entities?type=Person", headers={"NGSILD-EntityMap": "urn:ngsi-ld:EntityMap:1"})
    assert answer.status_code == 422
