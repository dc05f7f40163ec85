"""Linked Entity retrieval over HTTP (CIM 009 §4.5.23) and what pick and omit say of linked entities (§4.21)."""

from typing import Any

import httpx
import pytest

from hiroba.base import clock
from hiroba.exchange.broker import linked
from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.documents.writing import Shape, write
from hiroba.exchange.broker.errors import TooManyResults
from hiroba.exchange.broker.linked import Join, joined
from hiroba.exchange.broker.model import Entity, Key

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
PARK, TOWN, LAND = "urn:ngsi-ld:Park:1", "urn:ngsi-ld:Town:1", "urn:ngsi-ld:Land:1"
GRAPH = [
    {"id": PARK, "type": "Park", "name": "Rose garden", "inside": {"object": TOWN}},
    {"id": TOWN, "type": "Town", "name": "Sakai", "inside": {"object": LAND}, "sees": {"object": PARK}},
    {"id": LAND, "type": "Land", "name": "Osaka", "parts": {"objectList": [TOWN, "urn:ngsi-ld:Town:nobody"]}},
]


@pytest.fixture
async def graph(broker: httpx.AsyncClient) -> httpx.AsyncClient:
    made = await broker.post(f"{BASE}/entityOperations/create", json=GRAPH)
    assert made.status_code == 201, made.text
    return broker


async def park(broker: httpx.AsyncClient, **params: Any) -> Any:
    answer = await broker.get(f"{BASE}/entities/{PARK}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_inline_hangs_linked_entities_into_their_relationships(graph: httpx.AsyncClient) -> None:
    one = await park(graph, join="inline")
    assert one["inside"]["object"] == TOWN
    assert one["inside"]["entity"]["name"] == {"type": "Property", "value": "Sakai"}
    assert "entity" not in one["inside"]["entity"]["inside"]
    two = await park(graph, join="inline", joinLevel=2)
    assert two["inside"]["entity"]["inside"]["entity"]["id"] == LAND


async def test_simplified_puts_them_in_the_place_of_their_ids(graph: httpx.AsyncClient) -> None:
    found = await park(graph, join="inline", joinLevel=3, format="simplified")
    land = found["inside"]["inside"]
    assert land == {"id": LAND, "type": "Land", "name": "Osaka", "parts": [TOWN, "urn:ngsi-ld:Town:nobody"]}


async def test_a_circle_ends_where_it_began(graph: httpx.AsyncClient) -> None:
    found = await park(graph, join="inline", joinLevel=20)
    assert "entity" not in found["inside"]["entity"]["sees"]
    assert "entityList" not in found["inside"]["entity"]["inside"]["entity"]["parts"]


async def test_flat_puts_each_beside_once(graph: httpx.AsyncClient) -> None:
    found = await park(graph, join="flat", joinLevel=20)
    assert [entity["id"] for entity in found] == [PARK, TOWN, LAND]
    assert "entity" not in found[0]["inside"]
    everything = await graph.get(f"{BASE}/entities", params={"type": "Park,Town", "join": "flat", "count": "true"})
    assert [entity["id"] for entity in everything.json()] == [PARK, TOWN, LAND]
    assert everything.headers["ngsild-results-count"] == "2"


async def test_what_was_met_before_is_not_given_again(graph: httpx.AsyncClient) -> None:
    found = await park(graph, join="flat", joinLevel=5, containedBy=TOWN)
    assert [entity["id"] for entity in found] == [PARK]
    assert "entity" not in (await park(graph, join="inline", containedBy=TOWN))["inside"]


async def test_a_list_of_relationships_has_a_list_of_entities(graph: httpx.AsyncClient) -> None:
    answer = await graph.get(f"{BASE}/entities/{LAND}", params={"join": "inline"})
    (town,) = answer.json()["parts"]["entityList"]
    assert town["id"] == TOWN


async def test_pick_and_omit_reach_into_linked_entities(graph: httpx.AsyncClient) -> None:
    picked = await park(graph, join="inline", joinLevel=2, pick="id,inside{id,name}")
    assert picked == {
        "id": PARK,
        "inside": {
            "type": "Relationship",
            "object": TOWN,
            "entity": {"id": TOWN, "name": {"type": "Property", "value": "Sakai"}},
        },
    }
    omitted = await park(graph, join="flat", joinLevel=2, omit="type,inside{name,inside{parts}}")
    assert [sorted(entity) for entity in omitted] == [["id", "inside", "name"], ["id", "inside", "sees", "type"],
                                                      ["id", "name", "type"]]  # fmt: skip
    assert [entity["id"] for entity in await park(graph, join="flat", pick="id,name")] == [PARK]


@pytest.mark.parametrize(
    "params",
    [
        {"pick": "inside{name}"},
        {"pick": "inside{inside{name}}", "join": "inline"},
        {"omit": "inside{name}", "join": "@none"},
        {"join": "deep"},
        {"join": "flat", "joinLevel": "0"},
        {"join": "flat", "joinLevel": "99"},
        {"join": "flat", "containedBy": "nobody"},
    ],
)
async def test_wrong_words_are_bad_requests(graph: httpx.AsyncClient, params: dict[str, str]) -> None:
    for path in (f"/entities/{PARK}", "/entities?type=Park"):
        answer = await graph.get(f"{BASE}{path}", params={"type": "Park", **params})
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"].endswith("BadRequestData")


async def test_a_query_may_follow_as_many_relationships_as_are_joined(graph: httpx.AsyncClient) -> None:
    ask = {"type": "Park", "q": 'inside{inside{name}}=="Osaka"'}
    refused = await graph.get(f"{BASE}/entities", params={**ask, "join": "inline"})
    assert refused.status_code == 400
    found = await graph.get(f"{BASE}/entities", params={**ask, "join": "inline", "joinLevel": "2"})
    assert [entity["id"] for entity in found.json()] == [PARK]


def node(number: int, *others: int) -> Entity:
    relations = [{"type": "Relationship", "object": [f"urn:n:{other}" for other in others]}] if others else []
    return Entity(
        key=Key("", "", f"urn:n:{number}"),
        types=("urn:Node",),
        doc={"urn:to": relations} if relations else {},
        created=clock.now(),
        modified=clock.now(),
    )


class Held:
    """Entities, and how often somebody asked for some."""

    def __init__(self, *entities: Entity) -> None:
        self.entities = {entity.key.id: entity for entity in entities}
        self.asked: list[set[str]] = []

    async def fetch(self, ids: Any) -> dict[str, Entity]:
        self.asked.append(set(ids))
        return {id_: self.entities[id_] for id_ in ids if id_ in self.entities}


async def test_each_level_is_asked_once_and_nobody_twice() -> None:
    held = Held(*(node(number, number + 1, (number * 7) % 50) for number in range(50)))
    pairs = await joined([held.entities["urn:n:1"]], Shape(context=CORE), Join(flat=True, levels=20), held.fetch)
    assert len(held.asked) <= 20
    assert sum(map(len, held.asked)) == len(set().union(*held.asked))
    assert len({entity.key.id for entity, _ in pairs}) == len(pairs)


async def test_more_than_anybody_can_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "MOST", 100)
    layers = [node(10 * layer + k, *(10 * (layer + 1) + j for j in range(5))) for layer in range(5) for k in range(5)]
    held = Held(*layers)
    start = held.entities["urn:n:0"]
    with pytest.raises(TooManyResults, match="would be written"):
        await joined([start], Shape(context=CORE), Join(levels=4), held.fetch)
    pairs = await joined([start], Shape(context=CORE), Join(flat=True, levels=4), held.fetch)
    assert len(pairs) == 21
    ((entity, shape),) = await joined([start], Shape(context=CORE), Join(levels=2), held.fetch)
    inner = write(entity, shape)["urn:to"]["entity"]
    assert len(inner) == 5
    assert all(len(one["urn:to"]["entity"]) == 5 for one in inner)
