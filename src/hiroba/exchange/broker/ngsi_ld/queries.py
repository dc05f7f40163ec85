"""Queries over entities, by GET and by POST (CIM 009 §5.7.2, §6.4.3.2, §6.23)."""

from hiroba.exchange.broker import store
from hiroba.exchange.broker.errors import BadRequestData, TooManyResults
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld import shapes, writing
from hiroba.exchange.broker.ngsi_ld.entities import answer_of
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request

MOST = 1000


async def query(request: Request, exchange: Exchange) -> Answer:
    context = await request.context()
    shape = shapes.of(request, context)
    where, values = "e.tenant = $1 and (e.expires is null or e.expires > now())", [request.tenant]
    if "type" in request.params:
        values.append([context.expand(t) for t in request.words("type")])
        where += f" and e.types && ${len(values)}"
    async with exchange.reading() as conn:
        found = await store.select(conn, where, values, limit=request.number("limit", 20), offset=request.number("offset", 0))
    return answer_of(200, writing.collection(found, shape), shape)


async def query_by_post(request: Request, exchange: Exchange) -> Answer:
    raise BadRequestData("")
