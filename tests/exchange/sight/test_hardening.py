"""On the way from the exchange to an application nobody keeps what is people's."""

import pytest

pytestmark = pytest.mark.anyio


async def test_what_a_grant_opens_is_kept_by_nobody_on_the_way(world) -> None:
    taro = await world.person()
    await world.write(taro, {"birthDate": "1950-04-01"})
    await world.permit(taro, "birthDate")
    mine = await world.id(taro, "booking")
    for path in (f"/entities/{mine}", "/entities?type=Person", "/entities/urn:ngsi-ld:Person:nobody"):
        assert (await world.get(path)).headers["cache-control"] == "no-store"
