"""Every route of the house declares who may call it, and what declares nobody is open to nobody."""

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from hiroba.exchange.broker.ngsi_ld.application import ROUTES
from hiroba.exchange.gateway.access import MAY
from hiroba.exchange.identity.callers import ANYONE, NOBODY, Caller, May

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
STATES_OF_CHANGE = {
    "POST /entityMaps",
    "POST /temporal/entityMaps",
    "POST /entityOperations/query",
    "POST /temporal/entityOperations/query",
}
"""Questions whose text is too long for an address."""


def test_every_page_and_operator_route_declares_who_may_call_it(handlers: dict[str, HTTPRouteHandler]) -> None:
    assert "PUT /api/v1/municipalities/{lg_code:str}" in handlers
    assert [name for name, handler in handlers.items() if not handler.opt.get("may")] == []
    assert all(isinstance(may, May) for handler in handlers.values() for may in handler.opt["may"])


def test_every_operation_of_the_exchange_needs_an_action_the_gateway_knows() -> None:
    assert len(ROUTES) > 15
    assert {route.action for route in ROUTES} <= set(MAY)


def test_every_operation_that_changes_entities_needs_the_right_to_write() -> None:
    reading = {f"{route.method} {route.path}" for route in ROUTES if route.method in UNSAFE and route.action == "read"}
    assert reading <= STATES_OF_CHANGE


def test_nobody_writes_without_a_key() -> None:
    for action in ("write", "administer"):
        assert ANYONE not in MAY[action]
        assert not NOBODY.is_allowed(MAY[action])


def test_a_route_that_declares_nobody_is_closed_to_the_operator_too() -> None:
    assert not Caller("operator", "operator").is_allowed(())


@pytest.mark.anyio
@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.action == "write"], ids=lambda route: f"{route.method} {route.path}"
)
async def test_the_exchange_refuses_a_write_without_a_key(house: httpx.AsyncClient, route) -> None:
    path = route.path.replace("{}", "urn:ngsi-ld:Thing:1", 1).replace("{}", "name")
    answer = await house.request(
        route.method, f"/ngsi-ld/v1{path}", json={"id": "urn:ngsi-ld:Thing:1", "type": "Thing"}
    )
    assert answer.status_code == 401


@pytest.mark.anyio
async def test_a_form_of_the_house_is_refused_without_its_token(
    house: httpx.AsyncClient, handlers: dict[str, HTTPRouteHandler]
) -> None:
    """What changes something and may be called from a browser is either guarded against forged forms, or takes no session."""
    for name, handler in handlers.items():
        method, path = name.split(" ", 1)
        if method not in UNSAFE or handler.opt.get("exclude_from_csrf") or "{" in path:
            continue
        assert (await house.request(method, path)).status_code == 403, name
