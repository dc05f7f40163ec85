"""The thinnest slice: the house starts, answers, and stops."""

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_the_house_is_live_and_ready(house: httpx.AsyncClient) -> None:
    assert (await house.get("/health/live")).json() == {"status": "live"}
    assert (await house.get("/health/ready")).json() == {"status": "ready"}


async def test_a_municipality_is_put_by_the_operator_alone(operator: httpx.AsyncClient) -> None:
    sakai = {"names": {"ja": "堺市", "en": "Sakai"}}
    assert (await operator.put("/api/v1/municipalities/271403", json=sakai)).status_code == 204
    assert [m["lg_code"] for m in (await operator.get("/api/v1/municipalities")).json()] == ["271403"]
    del operator.headers["Authorization"]
    refused = await operator.put("/api/v1/municipalities/271403", json=sakai)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


def test_up_serves_the_first_page(site) -> None:
    assert httpx.get(site.url).status_code == 200
