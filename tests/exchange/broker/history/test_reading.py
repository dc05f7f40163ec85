"""The past as it is read: times, the latest, pages, queries (CIM 009 §5.7.3, §5.7.4, §6.3.10)."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

PAST = "/ngsi-ld/v1/temporal/entities"
LIMIT = 30
"""Instances of an answer of the scratch broker."""


def at(minute: int, day: int = 1) -> str:
    return f"2026-03-{day:02}T{12 + minute // 60}:{minute % 60:02}:00Z"


async def make(broker: httpx.AsyncClient, name: str, **attributes: list) -> str:
    id_ = f"urn:ngsi-ld:Car:{name}"
    answer = await broker.post(PAST, json={"id": id_, "type": "Car", **attributes})
    assert answer.status_code == 201, answer.text
    return id_


def series(*minutes: int, **more: object) -> list[dict]:
    return [{"type": "Property", "value": minute, "observedAt": at(minute), **more} for minute in minutes]


async def ask(broker: httpx.AsyncClient, **params: object) -> list[dict]:
    given = {"type": "Car", "timerel": "after", "timeAt": at(0)} | params
    answer = await broker.get(PAST, params={name: value for name, value in given.items() if value is not None})
    assert answer.status_code in {200, 206}, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("timerel", "minutes"), [("before", [1, 2]), ("after", [3, 4, 5]), ("between", [3, 4])]
)  # fmt: skip
async def test_bounds_are_inclusive_below_and_exclusive_above(broker, past, timerel: str, minutes: list[int]) -> None:
    id_ = await make(broker, "1", speed=series(1, 2, 3, 4, 5))
    params = {"timerel": timerel, "timeAt": at(3)} | ({"endTimeAt": at(5)} if timerel == "between" else {})
    assert [one["value"] for one in (await past(id_, **params))["speed"]] == minutes


async def test_the_last_ones_are_counted_per_attribute(broker, past) -> None:
    id_ = await make(broker, "1", speed=series(1, 2, 3), fuel=series(1, 2))
    found = await past(id_, lastN=2)
    assert [one["value"] for one in found["speed"]] == [2, 3]
    assert [one["value"] for one in found["fuel"]] == [1, 2]


async def test_parts_forward_and_backward_give_everything_once(broker: httpx.AsyncClient) -> None:
    id_ = await make(broker, "1", speed=series(*range(1, 60)), fuel=series(*range(1, 60)))
    seen, start = [], at(0)
    while True:
        answer = await broker.get(f"{PAST}/{id_}", params={"timerel": "after", "timeAt": start})
        body = answer.json()
        seen += [(name, one["value"]) for name in ("speed", "fuel") for one in body.get(name, [])]
        if answer.status_code == 200:
            break
        unit, ends = answer.headers["content-range"].split(" ")
        assert unit == "date-time"
        assert ends.startswith(f"{start}-")
        assert ends.endswith("/*")
        assert len(body["speed"]) + len(body["fuel"]) <= LIMIT
        end = ends.removeprefix(f"{start}-").removesuffix("/*")
        start = end.replace(":00Z", ":00.000001Z")
    assert sorted(seen) == sorted((name, minute) for name in ("speed", "fuel") for minute in range(1, 60))
    backward = await broker.get(f"{PAST}/{id_}", params={"timerel": "before", "timeAt": at(120), "lastN": 50})
    assert backward.status_code == 206
    assert backward.headers["content-range"] == f"date-time {at(120)}-{at(45)}/50"


async def test_an_attribute_that_begins_beyond_the_part_is_there_and_empty(broker: httpx.AsyncClient) -> None:
    id_ = await make(broker, "1", speed=series(*range(1, 60)), fuel=series(70))
    answer = await broker.get(f"{PAST}/{id_}", params={"timerel": "after", "timeAt": at(0)})
    assert answer.status_code == 206
    assert answer.json()["fuel"] == []


async def test_more_instances_of_one_moment_than_a_part_holds_come_together(broker: httpx.AsyncClient) -> None:
    many = [one for number in range(LIMIT + 5) for one in series(1, datasetId=f"urn:ngsi-ld:D:{number}")]
    id_ = await make(broker, "1", speed=[*many, *series(2)])
    answer = await broker.get(f"{PAST}/{id_}", params={"timerel": "after", "timeAt": at(0)})
    assert answer.status_code == 206
    assert {one["observedAt"] for one in answer.json()["speed"]} == {at(1)}


async def test_q_is_asked_of_the_instances_in_the_time_alone(broker: httpx.AsyncClient) -> None:
    await make(broker, "in", speed=series(5, 50))
    await make(broker, "out", speed=series(5), fuel=series(1))
    assert [one["id"][-2:] for one in await ask(broker, q="speed>40")] == ["in"]
    assert await ask(broker, q="speed>40", timerel="before", timeAt=at(10)) == []
    assert [one["id"][-3:] for one in await ask(broker, q="!fuel")] == [":in"]
    assert len(await ask(broker, q="speed==5|fuel==1")) == 2


async def test_places_are_asked_of_the_instances_in_the_time(broker: httpx.AsyncClient) -> None:
    def places(*pairs: tuple[int, float]) -> list[dict]:
        return [
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, 34.0]}, "observedAt": at(minute)}
            for minute, x in pairs
        ]

    await make(broker, "1", location=places((1, 135.0), (2, 136.0)))
    await make(broker, "2", location=places((1, 136.0), (2, 137.0)))
    near = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[136.0,34.0]"}
    assert len(await ask(broker, **near)) == 2
    assert [one["id"][-1] for one in await ask(broker, timeAt=at(2), **near)] == ["1"]
    assert len(await ask(broker, count="true", limit=1, **near)) == 1


async def test_scopes_select_entities_and_their_instances_while_they_held(broker: httpx.AsyncClient) -> None:
    scopes = [
        {"type": "Property", "value": scope, "observedAt": at(minute)} for minute, scope in ((1, "/a"), (10, "/b"))
    ]
    await make(broker, "1", speed=series(5, 15), scope=scopes)
    await make(broker, "2", speed=series(5, 15))
    (before,) = await ask(broker, scopeQ="/a", timeAt=at(2))
    assert [one["value"] for one in before["speed"]] == [5]
    assert [one["value"] for one in before["scope"]] == ["/a"], "the scope that held when the time began"
    (after,) = await ask(broker, scopeQ="/b")
    assert [one["value"] for one in after["speed"]] == [15]
    assert await ask(broker, scopeQ="/c/#") == []


async def test_entities_come_in_pages_with_their_number(broker: httpx.AsyncClient) -> None:
    for number in range(5):
        await make(broker, str(number), speed=series(number + 1))
    answer = await broker.get(
        PAST, params={"type": "Car", "timerel": "after", "timeAt": at(2), "limit": 2, "offset": 2, "count": "true"}
    )
    assert [one["id"][-1] for one in answer.json()] == ["3", "4"]
    assert answer.headers["ngsild-results-count"] == "4"
    assert "offset=0" in answer.headers["link"]
    assert [one["id"][-1] for one in await ask(broker, orderBy="id;desc", limit=2)] == ["4", "3"]


async def test_a_document_asks_as_an_address_does(broker: httpx.AsyncClient) -> None:
    await make(broker, "1", speed=series(1, 2, 3))
    document = {
        "type": "Query", "entities": [{"type": "Car"}], "q": "speed>2", "attrs": ["speed"],
        "temporalQ": {"timerel": "after", "timeAt": at(0), "lastN": 2},
    }  # fmt: skip
    answer = await broker.post("/ngsi-ld/v1/temporal/entityOperations/query", json=document)
    assert [[one["value"] for one in car["speed"]] for car in answer.json()] == [[2, 3]]


async def test_values_over_time_are_grouped_by_dataset(broker, past) -> None:
    id_ = await make(broker, "1", speed=[*series(1), *series(2, datasetId="urn:ngsi-ld:D:1")])
    assert (await past(id_, format="temporalValues"))["speed"] == [
        {"type": "Property", "values": [[1, at(1)]]},
        {"type": "Property", "datasetId": "urn:ngsi-ld:D:1", "values": [[2, at(2)]]},
    ]
    assert (await past(id_, format="temporalValues", datasetId="@none"))["speed"]["values"] == [[1, at(1)]]


async def test_the_concise_form_leaves_out_the_type(broker, past) -> None:
    id_ = await make(broker, "1", speed=series(1))
    (one,) = (await past(id_, options="concise"))["speed"]
    assert set(one) == {"value", "observedAt", "instanceId"}


@pytest.mark.parametrize(
    "params",
    [
        {"timerel": "after"},
        {"timeAt": at(0)},
        {"timerel": "between", "timeAt": at(0)},
        {"timerel": "near", "timeAt": at(0)},
        {"timerel": "after", "timeAt": at(0), "timeproperty": "spokenAt"},
        {"lastN": "0"},
        {"lastN": "-1"},
        {"format": "aggregatedValues"},
        {"format": "aggregatedValues", "aggrMethods": "mode"},
        {"format": "aggregatedValues", "aggrMethods": "avg", "aggrPeriodDuration": "an hour"},
        {"format": "simplified"},
        {"options": "temporalValues,aggregatedValues"},
        {"pick": "owner{name}"},
    ],
)
async def test_a_question_that_is_wrong_is_told_so(broker: httpx.AsyncClient, params: dict) -> None:
    id_ = await make(broker, "1", speed=series(1))
    answer = await broker.get(f"{PAST}/{id_}", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


async def test_a_query_needs_a_time_and_something_that_narrows_it(broker: httpx.AsyncClient) -> None:
    for params in (
        {"type": "Car"},
        {"timerel": "after", "timeAt": at(0)},
        {"timerel": "after", "timeAt": at(0), "id": "urn:a:b"},
    ):
        assert (await broker.get(PAST, params=params)).status_code == 400
    assert (await broker.get(PAST, params={"timerel": "after", "timeAt": at(0), "local": "true"})).status_code == 200


async def test_times_at_the_end_of_the_calendar_are_times(broker, past) -> None:
    instances = [
        {"type": "Property", "value": value, "observedAt": moment}
        for value, moment in ((1, "0001-01-01T00:00:00Z"), (2, "9999-12-31T23:59:59.999999Z"))
    ]
    id_ = await make(broker, "1", speed=instances)
    found = await past(id_, format="aggregatedValues", aggrMethods="sum", aggrPeriodDuration="P1000Y")
    assert [value for value, _, _ in found["speed"]["sum"]] == [1, 2]
    await past(id_, 403, format="aggregatedValues", aggrMethods="sum", aggrPeriodDuration="P1M")


async def test_an_entity_map_fixes_which_entities_a_query_is_about(broker: httpx.AsyncClient) -> None:
    first = await make(broker, "1", speed=series(1))
    await make(broker, "2", speed=series(1))
    params = {"type": "Car", "timerel": "after", "timeAt": at(0)}
    made = await broker.get(PAST, params=params | {"id": first, "entityMap": "true"})
    assert made.status_code == 201
    named = {"NGSILD-EntityMap": made.headers["ngsild-entitymap"]}
    again = await broker.get(PAST, params=params, headers=named)
    assert again.status_code == 200
    assert [one["id"] for one in again.json()] == [first]
    assert again.headers["ngsild-entitymap"] == named["NGSILD-EntityMap"]
    gone = await broker.get(PAST, params=params, headers={"NGSILD-EntityMap": "urn:ngsi-ld:EntityMap:none"})
    assert (gone.status_code, len(gone.json())) == (201, 2)
