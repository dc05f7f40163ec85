"""The past of three houses, each a process with a database of its own, is one (CIM 009 §5.6.11, §5.7.3, §5.7.4)."""

import pytest
from tests.exchange.broker.federation.test_brokers_together import Brokers, know
from tests.exchange.broker.federation.test_pasts import ID, PAST, SINCE, at, past, values
from tests.exchange.broker.federation.test_pasts_written import OPERATIONS as WRITES

pytestmark = pytest.mark.anyio

OPERATIONS = [*WRITES, "retrieveTemporal", "queryTemporal"]


@pytest.fixture
async def pasts(brokers: Brokers) -> Brokers:
    """Three houses of which none has a past of the car."""
    for broker in brokers:
        await broker.delete(f"{PAST}/{ID}", params={"local": "true"})
    return brokers


async def test_a_chain_of_houses_has_one_past(pasts: Brokers) -> None:
    one, two, three = pasts
    await know(one, two, operations=OPERATIONS)
    await know(two, three, operations=OPERATIONS)
    assert (await one.post(PAST, json=past(at(1, 10), at(2, 20)))).status_code == 201
    for broker in pasts:
        assert values((await broker.get(f"{PAST}/{ID}", params=SINCE | {"local": "true"})).json()) == [10, 20]
    await three.post(PAST, json=past(at(3, 30)), params={"local": "true"})
    assert values((await one.get(f"{PAST}/{ID}", params=SINCE)).json()) == [10, 20, 30]
    page = await one.get(PAST, params=SINCE | {"type": "Car", "q": "speed>25", "count": "true"})
    assert ([values(found) for found in page.json()], page.headers["ngsild-results-count"]) == ([[10, 20, 30]], "1")
    assert (await one.delete(f"{PAST}/{ID}/attrs/speed")).status_code == 204
    assert (await one.get(f"{PAST}/{ID}", params=SINCE)).status_code == 404


async def test_parts_of_other_houses_make_parts_here_and_whole_aggregates(pasts: Brokers) -> None:
    one, two, three = pasts
    await know(one, two, operations=OPERATIONS)
    await know(one, three, operations=OPERATIONS)
    for minute in range(100):
        instance = {
            "type": "Property",
            "value": minute,
            "observedAt": f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z",
        }
        await pasts[1 + minute % 2].post(PAST, json=past(instance), params={"local": "true"})
    seen: list[int] = []
    asked = dict(SINCE)
    for _ in range(20):
        answer = await one.get(f"{PAST}/{ID}", params=asked)
        seen += [value for value in values(answer.json()) if value not in seen]
        if answer.status_code == 200:
            break
        asked["timeAt"] = answer.headers["content-range"].partition("/")[0].rpartition("Z-")[2]
    assert seen == list(range(100))
    latest = await one.get(f"{PAST}/{ID}", params=SINCE | {"lastN": 5})
    assert values(latest.json()) == [95, 96, 97, 98, 99]
    wanted = {"format": "aggregatedValues", "aggrMethods": "totalCount,avg", "aggrPeriodDuration": "PT1H"}
    made = (await one.get(f"{PAST}/{ID}", params=SINCE | wanted)).json()["speed"]
    assert [(count, mean) for (count, *_), (mean, *_) in zip(made["totalCount"], made["avg"], strict=True)] == [
        (60, 29.5),
        (40, 79.5),
    ]
