"""Two and three houses that federate, each a process with a database of its own (CIM 009 §4.3.3, §4.3.6)."""

from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.test_forwarding import CAR, PATH, car
from tests.exchange.broker.federation.test_trouble import codes

pytestmark = pytest.mark.anyio

Brokers = list[httpx.AsyncClient]


async def know(
    here: httpx.AsyncClient, there: httpx.AsyncClient, mode: str = "inclusive", *names: str, **members: Any
) -> None:
    """Register one house at another."""
    entity = {"type": "Car"} | ({"id": CAR["id"]} if mode == "exclusive" else {})
    document = {
        "type": "ContextSourceRegistration",
        "mode": mode,
        "endpoint": str(there.base_url).removesuffix("/ngsi-ld/v1/"),
        "information": [{"entities": [entity]} | ({"propertyNames": list(names)} if names else {})],
        "operations": ["retrieveOps"] if mode == "auxiliary" else ["redirectionOps", "federationOps"],
        "management": {"timeout": 30_000},
        **members,
    }
    made = await here.post("/csourceRegistrations", json=document)
    assert made.status_code == 201, made.text


async def alias(broker: httpx.AsyncClient) -> str:
    return (await broker.get("/info/sourceIdentity")).json()["contextSourceAlias"]


async def held(broker: httpx.AsyncClient) -> dict[str, Any] | None:
    """What a house itself has of the car."""
    answer = await broker.get(PATH, params={"local": "true"})
    return answer.json() if answer.status_code == 200 else None


async def test_two_houses_answer_as_one(brokers: Brokers) -> None:
    one, two, _ = brokers
    await know(one, two)
    for number in range(6):
        await brokers[number % 2].post(
            "/entities", json=car(speed=number) | {"id": f"urn:ngsi-ld:Car:{number}"}, params={"local": "true"}
        )
    everything = await one.get("/entities", params={"type": "Car", "count": "true"})
    assert [entity["id"] for entity in everything.json()] == [f"urn:ngsi-ld:Car:{number}" for number in range(6)]
    assert everything.headers["ngsild-results-count"] == "6"
    page = await one.get("/entities", params={"type": "Car", "limit": 2, "offset": 3, "q": "speed>0"})
    assert [entity["id"] for entity in page.json()] == ["urn:ngsi-ld:Car:4", "urn:ngsi-ld:Car:5"]
    assert len((await two.get("/entities", params={"type": "Car"})).json()) == 3
    assert (await one.get("/types")).json()["typeList"] == ["Car"]


async def test_what_another_house_owns_lives_there_alone(brokers: Brokers) -> None:
    one, two, _ = brokers
    await know(one, two, "exclusive", "speed")
    assert (await one.post("/entities", json=CAR)).status_code == 201
    assert (await held(one), await held(two)) == (car("brand"), car("speed"))
    assert (await one.get(PATH)).json() == CAR
    assert (await one.patch(f"{PATH}/attrs/speed", json={"value": 80})).status_code == 204
    assert await held(two) == car(speed=80)
    assert (
        await one.patch(PATH, json={"speed": "urn:ngsi-ld:null", "brand": {"type": "Property", "value": "Isuzu"}})
    ).status_code == 204
    assert (await held(one), await held(two)) == (car(brand="Isuzu"), car())
    assert (await one.delete(PATH)).status_code == 204
    assert (await held(one), await held(two)) == (None, None)


async def test_a_redirect_keeps_nothing_here(brokers: Brokers) -> None:
    one, two, three = brokers
    await know(one, two, "redirect")
    await know(one, three, "redirect", "speed")
    assert (await one.post("/entities", json=CAR)).status_code == 201
    assert (await held(one), await held(two), await held(three)) == (None, CAR, car("speed"))
    await three.patch(f"{PATH}/attrs/speed", json={"value": 99}, params={"local": "true"})
    assert (await one.get(PATH)).json()["speed"]["value"] == 99, "the instance that was modified last is given"
    assert (await one.delete("/entities", params={"type": "Car"})).status_code == 204
    assert (await held(two), await held(three)) == (None, car())


async def test_writes_go_around_a_ring_of_three_once(brokers: Brokers) -> None:
    for here, there in zip(brokers, [*brokers[1:], brokers[0]], strict=True):
        await know(here, there)
    assert (await brokers[0].post("/entities", json=CAR)).status_code == 201
    known = [(await broker.get("/csourceRegistrations", params={"type": "Car"})).json() for broker in brokers]
    assert [await held(broker) for broker in brokers] == [CAR, CAR, CAR], known
    answer = await brokers[1].get("/entities", params={"type": "Car"})
    assert answer.json() == [CAR]
    assert "199" in codes(answer), "the reader is told of the ring"
    assert (await brokers[2].get(PATH)).json() == CAR
    batch = [car(speed=number) | {"id": f"urn:ngsi-ld:Car:{number}"} for number in (2, 3)]
    made = await brokers[1].post("/entityOperations/upsert", json=batch)
    assert (made.status_code, made.json()) == (201, [one["id"] for one in batch])
    assert len((await brokers[0].get("/entities", params={"type": "Car", "local": "true"})).json()) == 3
    assert (await brokers[2].delete(PATH)).status_code == 204
    assert [await held(broker) for broker in brokers] == [None, None, None]


async def test_a_ring_whose_names_are_known_is_not_gone_around(brokers: Brokers) -> None:
    for here, there in zip(brokers, [*brokers[1:], brokers[0]], strict=True):
        await know(here, there, contextSourceAlias=await alias(there))
    assert (await brokers[0].post("/entities", json=CAR)).status_code == 201
    answer = await brokers[1].get("/entities", params={"type": "Car"})
    assert (answer.json(), codes(answer)) == ([CAR], [])


async def test_a_ring_of_redirects_is_a_loop(brokers: Brokers) -> None:
    for here, there in zip(brokers, [*brokers[1:], brokers[0]], strict=True):
        await know(here, there, "redirect")
    made = await brokers[0].post("/entities", json=CAR)
    assert made.status_code == 508, made.text
    read = await brokers[0].get(PATH)
    assert (read.status_code, "199" in codes(read)) == (404, True)
    assert [await held(broker) for broker in brokers] == [None, None, None]


async def test_a_registration_that_points_to_its_own_house_is_a_loop_for_who_uses_it(brokers: Brokers) -> None:
    one, two, three = brokers
    await know(one, one, "exclusive", "speed")
    assert (await one.post("/entities", json=car("brand"))).status_code == 201
    assert (await one.patch(f"{PATH}/attrs/speed", json={"value": 80})).status_code == 508
    await know(two, two, "redirect")
    assert (await two.delete(PATH)).status_code == 508
    await three.post("/entities", json=CAR)
    await know(three, three, "auxiliary")
    read = await three.get("/entities", params={"type": "Car"})
    assert (read.status_code, read.json(), "199" in codes(read)) == (200, [CAR], True)


async def test_a_chain_passes_on_what_the_last_one_knows(brokers: Brokers) -> None:
    one, two, three = brokers
    await know(one, two)
    await know(two, three, "auxiliary")
    await three.post("/entities", json=CAR)
    await two.post("/entities", json=car(speed=10), params={"local": "true"})
    assert (await one.get(PATH)).json() == car("brand", speed=10)
    await know(three, two, management={"localOnly": True})
    assert (await three.get(PATH)).json()["speed"]["value"] == 10


async def test_an_entity_map_fixes_what_lies_where_while_its_pages_are_walked(brokers: Brokers) -> None:
    one, two, three = brokers
    await know(one, two)
    await know(one, three)
    for number in range(9):
        car_ = car(speed=number) | {"id": f"urn:ngsi-ld:Car:{number}"}
        await brokers[number % 3].post("/entities", json=car_, params={"local": "true"})
    asked = {"type": "Car", "limit": 4, "count": "true"}
    first = await one.get("/entities", params=asked | {"entityMap": "true"})
    assert first.status_code == 201, first.text
    location = first.headers["ngsild-entitymap"]
    told = (await one.get(f"/entityMaps/{location.rpartition('/')[2]}")).json()
    assert len(told["entityMap"]) == 9
    assert told["entityMap"]["urn:ngsi-ld:Car:0"] == ["@none"]
    (second_of,) = told["entityMap"]["urn:ngsi-ld:Car:1"]
    assert set(told["linkedMaps"]) == {second_of, *told["entityMap"]["urn:ngsi-ld:Car:2"]}
    linked = await two.get(f"/entityMaps/{told['linkedMaps'][second_of]}")
    assert sorted(linked.json()["entityMap"]) == ["urn:ngsi-ld:Car:1", "urn:ngsi-ld:Car:4", "urn:ngsi-ld:Car:7"]
    await two.post("/entities", json=car() | {"id": "urn:ngsi-ld:Car:00"}, params={"local": "true"})
    await two.delete("/entities/urn:ngsi-ld:Car:7", params={"local": "true"})
    using = {"NGSILD-EntityMap": location}
    seen = [entity["id"] for entity in first.json()]
    for offset in (4, 8):
        following = await one.get("/entities", params=asked | {"offset": offset}, headers=using)
        assert (following.status_code, following.headers["ngsild-entitymap"]) == (200, location)
        seen += [entity["id"] for entity in following.json()]
    assert seen == [f"urn:ngsi-ld:Car:{number}" for number in (0, 1, 2, 3, 4, 5, 6)]
    rest = await one.get("/entities", params=asked | {"offset": 7}, headers=using)
    assert ([entity["id"] for entity in rest.json()], rest.headers["ngsild-results-count"]) == (
        ["urn:ngsi-ld:Car:8"],
        "8",
    )
