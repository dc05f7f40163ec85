"""The thinnest slice: the house starts, answers, and stops."""

import httpx
import pytest

from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller

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


async def test_head_answers_wherever_get_does(house: httpx.AsyncClient) -> None:
    for path in ("/", "/health/live", "/ngsi-ld/v1/types", "/context/v1.jsonld"):
        got, headed = await house.get(path), await house.head(path)
        assert headed.status_code == got.status_code == 200, path
        assert headed.content == b""
        assert headed.headers["content-type"] == got.headers["content-type"]


async def test_a_session_alone_moves_nothing_at_a_route_without_a_form_token(house: httpx.AsyncClient, conn) -> None:
    link = await store.add_sign_in_link(conn, Caller("operator", "operator"))
    session = await store.sign_in(conn, link)
    house.cookies["hiroba_session"] = session or ""
    answer = await house.put("/api/v1/tenants/x")
    assert answer.status_code == 401
