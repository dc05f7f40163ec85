"""Two tenants with the same people and the same ids: whatever is done in one, the other shows what it showed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exchange.sight.conftest import OTHER_TENANT, TENANT

pytestmark = pytest.mark.anyio
TENANTS = (TENANT, OTHER_TENANT)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "permit", "withdraw", "delete"]), st.sampled_from(TENANTS), st.integers(0, 1),
        st.integers(0, 9),
    ),
    min_size=4,
    max_size=12,
)  # fmt: skip


@given(steps=STEPS)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_what_is_done_in_one_tenant_is_seen_in_no_other(world, steps: list[Any]) -> None:
    people = [await world.person() for _ in range(2)]
    ids = [await world.id(person) for person in people]
    mine = [await world.id(person, "booking") for person in people]
    await world.conn.execute("delete from gateway.permit")
    held: dict[str, dict[int, int]] = {tenant: {} for tenant in TENANTS}
    granted: dict[str, set[int]] = {tenant: set() for tenant in TENANTS}
    for action, tenant, who, value in steps:
        there = world.at(tenant)
        if action == "write":
            document = [{"id": ids[who], "type": "Person", "age": value}]
            await there.call("POST", "/entityOperations/upsert", "clinic-desk", json=document)
            held[tenant][who] = value
        elif action == "delete":
            await there.call("DELETE", f"/entities/{ids[who]}", "clinic-desk")
            held[tenant].pop(who, None)
        elif action == "permit" and who not in granted[tenant]:
            await there.permit(people[who], "age", grant=f"{tenant}-{who}")
            granted[tenant].add(who)
        elif action == "withdraw":
            await world.withdraw(f"{tenant}-{who}")
            granted[tenant].discard(who)
        for place in TENANTS:
            expected = {mine[one]: age for one, age in held[place].items() if one in granted[place]}
            answer = await world.at(place).get("/entities?type=Person&options=keyValues&count=true")
            assert {one["id"]: one["age"] for one in answer.json()} == expected
            assert answer.headers["ngsild-results-count"] == str(len(expected))
