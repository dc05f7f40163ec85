"""What the exchange shows to anybody besides entities: the house's own @context."""

from typing import Any

from litestar import Response, get
from litestar.datastructures import State

from hiroba.exchange.broker.contexts.book import OURS, house_document
from hiroba.exchange.broker.ngsi_ld import openapi
from hiroba.exchange.identity.callers import ANYONE


@get(OURS, opt={"may": (ANYONE,)}, sync_to_thread=False, tags=["Exchange"], summary="The house's own JSON-LD @context")
def house_context() -> Response[bytes]:
    """The names of the house's own vocabulary; never changed in meaning, so it may be kept for a day."""
    return Response(
        house_document(), media_type="application/ld+json", headers={"Cache-Control": "public, max-age=86400"}
    )


@get(
    "/api/v1/ngsi-ld.json",
    opt={"may": (ANYONE,)}, sync_to_thread=False, tags=["Exchange"], summary="The NGSI-LD interface as OpenAPI",
)  # fmt: skip
def ngsi_ld_document(state: State) -> dict[str, Any]:
    """The operations of the NGSI-LD face, for programs that read OpenAPI."""
    return openapi.document(state.settings.url)
