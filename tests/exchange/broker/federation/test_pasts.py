"""The past that lies in several places, read as one (CIM 009 §5.7.3.4, §5.7.4.4)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.exchange.broker.federation.conftest import Source
from tests.exchange.broker.federation.test_forwarding import API, CAR, register
from tests.exchange.broker.federation.test_trouble import codes

pytestmark = pytest.mark.anyio

ID = CAR["id"]
PAST = "/temporal/entities"
OPERATIONS = ["retrieveTemporal", "queryTemporal"]
SINCE = {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}


def at(day: int, value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2026-01-{day:02}T00:00:00Z", **members}


def past(*speeds: dict[str, Any], id_: str = ID, **attributes: Any) -> dict[str, Any]:
    return {"id": id_, "type": "Car", **({"speed": list(speeds)} if speeds else {}), **attributes}


async def hold(broker: httpx.AsyncClient, document: dict[str, Any]) -> None:
    made = await broker.post(f"{API}{PAST}", json=document, params={"local": "true"})
    assert made.status_code in {201, 204}, made.text


async def read(broker: httpx.AsyncClient, path: str = f"{PAST}/{ID}", **params: Any) -> httpx.Response:
    return await broker.get(f"{API}{path}", params=SINCE | params)


def values(document: dict[str, Any], name: str = "speed") -> list[Any]:
    return [instance["value"] for instance in document.get(name, [])]


async def test_instances_of_equals_are_one_series_and_what_was_modified_last_counts(
    broker: httpx.AsyncClient, source: Source
) -> None:
    await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(2, 20), at(3, 30)))
    source.says("GET", f"{PAST}/{ID}", 200, past(at(1, 10), at(2, 21), at(3, 31, modifiedAt="2099-01-01T00:00:00Z")))
    answer = await read(broker)
    assert (answer.status_code, values(answer.json())) == (200, [10, 20, 31]), answer.text
    (heard,) = source.heard
    assert heard.query == SINCE | {"options": "sysAttrs"}
    assert "hiroba-" in heard.headers["via"]


async def test_what_is_known_elsewhere_alone_is_given_in_every_form(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    told = past(at(1, 10, instanceId="urn:a:1"), at(2, 30), brand=[{"type": "Property", "value": "Hino"}])
    source.says("GET", f"{PAST}/{ID}", 200, told)
    plain = (await read(broker)).json()
    assert plain["speed"][0] == at(1, 10, instanceId="urn:a:1")
    assert "brand" not in plain, "it was not observed in that time"
    short = (await read(broker, format="temporalValues", lastN=1)).json()
    assert short["speed"] == {"type": "Property", "values": [[30, "2026-01-02T00:00:00Z"]]}
    assert source.heard[1].query["lastN"] == "1"
    mean = await read(broker, format="aggregatedValues", aggrMethods="avg,totalCount")
    assert mean.json()["speed"]["avg"][0][0] == 20
    assert mean.json()["speed"]["totalCount"][0][0] == 2


async def test_what_a_source_owns_is_not_taken_from_here(broker: httpx.AsyncClient, source: Source) -> None:
    await hold(broker, past(at(1, 10), brand=[at(1, "Hino")]))
    await register(broker, source, "exclusive", "speed", operations=OPERATIONS)
    source.says("GET", f"{PAST}/{ID}", 200, past(at(1, 99), brand=[at(1, "nobody's")]))
    document = (await read(broker)).json()
    assert (values(document), values(document, "brand")) == ([99], ["Hino"])
    assert source.heard[0].query["attrs"] == "speed"


FROM_2020 = {"startAt": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("members", "params", "asked"),
    [
        ({"operations": ["retrieveOps"]}, {}, []),
        ({}, {"local": "true"}, []),
        ({"observationInterval": FROM_2020 | {"endAt": "2021-01-01T00:00:00Z"}}, {}, []),
        ({"observationInterval": FROM_2020}, {}, [f"{PAST}/{ID}", PAST]),
        ({"managementInterval": FROM_2020}, {}, []),
        ({"managementInterval": FROM_2020}, {"timeproperty": "createdAt"}, [f"{PAST}/{ID}", PAST]),
    ],
)
async def test_who_may_have_something_of_that_time_is_asked(
    broker: httpx.AsyncClient, source: Source, members: dict[str, Any], params: dict[str, Any], asked: list[str]
) -> None:
    await register(broker, source, **{"operations": OPERATIONS} | members)
    await read(broker, **params)
    await read(broker, PAST, type="Car", **params)
    assert [one.path for one in source.heard] == asked


async def test_a_reader_of_the_past_is_told_of_a_source_that_failed(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(1, 10)))
    source.says("GET", f"{PAST}/{ID}", 500)
    source.says("GET", PAST, 200, b"<html>")
    assert codes(await read(broker)) == ["299"]
    page = await read(broker, PAST, type="Car")
    assert ([values(one) for one in page.json()], codes(page)) == ([[10]], ["111"])


async def test_a_page_of_pasts_is_put_together_by_id_and_counted(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    for number in (1, 3, 5):
        await hold(broker, past(at(1, number), id_=f"urn:ngsi-ld:Car:{number}"))
    told = [past(at(2, number * 10), id_=f"urn:ngsi-ld:Car:{number}") for number in (2, 3, 4)]
    source.says("GET", PAST, 200, told, **{"NGSILD-Results-Count": "3"})
    answer = await read(broker, PAST, type="Car", limit=3, offset=1, count="true", q="speed>0")
    assert [(one["id"][-1], values(one)) for one in answer.json()] == [("2", [20]), ("3", [3, 30]), ("4", [40])]
    assert answer.headers["ngsild-results-count"] == "5"
    assert source.heard[0].query["q"] == "speed>0"
    posted = await broker.post(
        f"{API}/temporal/entityOperations/query",
        json={"type": "Query", "entities": [{"type": "Car", "idPattern": "4$"}], "temporalQ": SINCE},
    )
    assert [(one["id"][-1], values(one)) for one in posted.json()] == [("4", [40])]


async def test_split_pasts_are_put_together_and_then_asked(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(1, 10), id_=f"{ID}0"))
    await hold(broker, past(at(1, 90)))
    brand = {"brand": [at(1, "Hino")]}
    source.says("GET", PAST, 200, [past(**brand), past(**brand, id_=f"{ID}0")])
    asked = {"type": "Car", "q": 'speed>50;brand=="Hino"', "count": "true"}
    answer = await read(broker, PAST, **asked, splitEntities="true", attrs="brand")
    assert [(one["id"], values(one), values(one, "brand")) for one in answer.json()] == [(ID, [], ["Hino"])]
    assert answer.headers["ngsild-results-count"] == "1"
    assert not {"q", "attrs"} & source.heard[0].query.keys()


async def test_a_part_that_a_source_gives_makes_the_answer_a_part(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(1, 10), at(5, 50)))
    edge = "date-time 2026-01-01T00:00:00Z-2026-01-03T00:00:00Z/*"
    source.says("GET", f"{PAST}/{ID}", 206, past(at(2, 20), at(3, 30)), **{"Content-Range": edge})
    answer = await read(broker)
    assert (answer.status_code, values(answer.json())) == (206, [10, 20, 30]), answer.text
    assert answer.headers["content-range"] == edge


async def test_an_entity_map_of_the_past_says_where_it_lies(broker: httpx.AsyncClient, source: Source) -> None:
    registered = await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(1, 10), id_="urn:ngsi-ld:Car:0"))
    source.says("GET", PAST, 200, [past(at(2, 20))])
    made = await read(broker, PAST, type="Car", entityMap="true")
    assert made.status_code == 201, made.text
    location = made.headers["ngsild-entitymap"]
    entries = (await broker.get(location)).json()["entityMap"]
    assert entries == {"urn:ngsi-ld:Car:0": ["@none"], ID: [registered]}
    using = {"NGSILD-EntityMap": location}
    again = await broker.get(f"{API}{PAST}", params=SINCE | {"type": "Car", "offset": 1, "limit": 1}, headers=using)
    assert [one["id"] for one in again.json()] == [ID]
    assert source.heard[-1].query["id"] == ID


async def test_a_snapshot_has_the_past_that_lies_elsewhere(broker: httpx.AsyncClient, source: Source) -> None:
    await register(broker, source, operations=OPERATIONS)
    await hold(broker, past(at(1, 10)))
    source.says("GET", PAST, 200, [past(at(2, 20, instanceId="urn:a:1")), past(at(3, 30), id_="urn:ngsi-ld:Car:2")])
    query = {"type": "Query", "entities": [{"type": "Car"}], "temporalQ": SINCE}
    made = await broker.post(f"{API}/snapshots", json={"type": "Snapshot", "snapshotTemporalQueries": [query]})
    for _ in range(200):
        snapshot = (await broker.get(made.headers["location"])).json()
        if snapshot["snapshotStatus"] != "preparing":
            break
        await asyncio.sleep(0.02)
    assert snapshot["snapshotStatus"] == "success", snapshot
    inside = {"NGSILD-Snapshot": snapshot["id"]}
    kept = await broker.get(f"{API}{PAST}", params=SINCE | {"type": "Car"}, headers=inside)
    assert [values(one) for one in kept.json()] == [[10, 20], [30]]
    assert len(source.heard) == 1, "what is asked of a snapshot goes nowhere else (§5.5.15)"
