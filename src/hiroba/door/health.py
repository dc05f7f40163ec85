"""How the house is: live, ready, and its figures for Prometheus."""

from typing import Any

from litestar import MediaType, Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hiroba.base.db import transaction
from hiroba.exchange.identity.callers import ANYONE


@get("/health/live", opt={"may": (ANYONE,)}, sync_to_thread=False, tags=["Operation"])
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", opt={"may": (ANYONE,)}, tags=["Operation"])
async def ready(state: State) -> Response[dict[str, Any]]:
    """The database answers too. What services complain of is work for people, and no reason to send residents away."""
    complaints: dict[str, list[str]] = {}
    async with transaction(state.pool) as conn:
        await conn.execute("select 1")
        for service in state.services:
            if service.check is not None and (found := list(await service.check(conn))):
                complaints[service.name] = found
    status = "complaints" if complaints else "ready"
    return Response({"status": status, **({"services": complaints} if complaints else {})})


@get("/metrics", opt={"may": (ANYONE,)}, sync_to_thread=False, include_in_schema=False)
def metrics() -> Response[bytes]:
    """The figures of this worker in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST or MediaType.TEXT)
