"""Who this broker is among context sources (CIM 009 §5.15.1, §6.33)."""

from hiroba.base import clock
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld.http import JSON_LD, Answer, Request, context_link, json


async def source_identity(request: Request, exchange: Exchange) -> Answer:
    """Retrieve context source identity information (§5.15.1)."""
    context = await request.context()
    request.negotiate()
    document = exchange.federation.identity.document(request.tenant, clock.now())
    if request.accepts == JSON_LD:
        return json(200, document | {"@context": context.source}, media_type=JSON_LD)
    return json(200, document, headers=[context_link(context)])
