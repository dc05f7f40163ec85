"""What there is: entity types and attributes (CIM 009 §5.7.5 to §5.7.10)."""

from typing import Any

from asyncpg import Record

from hiroba.base.db import Connection
from hiroba.base.ids import ulid
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.names import NAME
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation.discovery import Asked, Known
from hiroba.exchange.broker.ngsi_ld import distributed
from hiroba.exchange.broker.ngsi_ld.http import JSON_LD, Answer, Request, context_link, json
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Question, Selector


async def types(request: Request, exchange: Exchange) -> Answer:
    """The entity types there are; with details=true, each with the names of its attributes."""
    context = await request.context()
    detailed = request.flag("details")
    async with exchange.reading() as conn:
        known = {name: Known(count=count) for name, count in (await _types(conn, request)).items()}
        for name in known if detailed else ():
            rows = await _attributes(conn, request, name)
            known[name].beside = {row["name"]: Known() for row in rows}
    operation = "retrieveEntityTypeDetails" if detailed else "retrieveEntityTypes"
    asked = Asked(operation=operation, collection="types", details=detailed)
    await distributed.discover(request, exchange, context, asked, known)
    if not detailed:
        names = sorted(map(context.compact, known))
        listed = {"id": f"urn:ngsi-ld:EntityTypeList:{ulid()}", "type": "EntityTypeList", "typeList": names}
        return _answer(request, context, listed)
    described = [
        {
            "id": name,
            "type": "EntityType",
            "typeName": context.compact(name),
            "attributeNames": sorted(map(context.compact, one.beside)),
        }
        for name, one in sorted(known.items())
    ]
    return _answer(request, context, described)


async def type_(request: Request, exchange: Exchange, name: str) -> Answer:
    """One entity type: how many entities, and its attributes with their kinds."""
    context = await request.context()
    iri = _iri(name, context)
    async with exchange.reading() as conn:
        rows = await _attributes(conn, request, iri)
        count = (await _types(conn, request)).get(iri, 0)
    held = Known(count=count, beside={row["name"]: Known(kinds=set(row["kinds"])) for row in rows})
    known = {iri: held} if count else {}
    asked = Asked(operation="retrieveEntityTypeInfo", collection="types", name=iri)
    await distributed.discover(request, exchange, context, asked, known)
    if iri not in known:
        raise ResourceNotFound(f"There is no entity of the type {name}.")
    details = [
        {
            "id": attribute_name,
            "type": "Attribute",
            "attributeName": context.compact(attribute_name),
            "attributeTypes": sorted(one.kinds),
        }
        for attribute_name, one in sorted(known[iri].beside.items())
    ]
    info = {
        "id": iri,
        "type": "EntityTypeInfo",
        "typeName": context.compact(iri),
        "entityCount": known[iri].count,
        "attributeDetails": details,
    }
    return _answer(request, context, info)


async def attributes(request: Request, exchange: Exchange) -> Answer:
    """The attributes there are; with details=true, each with the types it occurs in."""
    context = await request.context()
    detailed = request.flag("details")
    async with exchange.reading() as conn:
        rows = await _attributes(conn, request)
    known = {row["name"]: _known(row) for row in rows}
    operation = "retrieveAttrTypeDetails" if detailed else "retrieveAttrTypes"
    asked = Asked(operation=operation, collection="attributes", details=detailed)
    await distributed.discover(request, exchange, context, asked, known)
    if not detailed:
        names = sorted(map(context.compact, known))
        listed = {"id": f"urn:ngsi-ld:AttributeList:{ulid()}", "type": "AttributeList", "attributeList": names}
        return _answer(request, context, listed)
    described = [
        {
            "id": name,
            "type": "Attribute",
            "attributeName": context.compact(name),
            "typeNames": sorted(map(context.compact, one.beside)),
        }
        for name, one in sorted(known.items())
    ]
    return _answer(request, context, described)


async def attribute(request: Request, exchange: Exchange, name: str) -> Answer:
    """One attribute: on how many entities, of which kinds, in which types."""
    context = await request.context()
    iri = _iri(name, context)
    async with exchange.reading() as conn:
        rows = await _attributes(conn, request, attribute=iri)
    known = {row["name"]: _known(row) for row in rows}
    asked = Asked(operation="retrieveAttrTypeInfo", collection="attributes", name=iri)
    await distributed.discover(request, exchange, context, asked, known)
    if iri not in known:
        raise ResourceNotFound(f"No entity has the attribute {name}.")
    info = {
        "id": iri,
        "type": "Attribute",
        "attributeName": context.compact(iri),
        "attributeCount": known[iri].count,
        "attributeTypes": sorted(known[iri].kinds),
        "typeNames": sorted(map(context.compact, known[iri].beside)),
    }
    return _answer(request, context, info)


async def _types(conn: Connection, request: Request) -> dict[str, int]:
    """How many entities there are of each type, as far as the caller sees them; of people, each that is counted is told of."""
    sight = request.admitted.sight
    if sight is not None:
        everybody = Question(tenant=request.tenant, sight=sight)
        request.tells_of(await questions.subjects(conn, everybody), "counted by type and attribute")
    return await questions.types(conn, request.tenant, sight)


async def _attributes(
    conn: Connection, request: Request, type_: str | None = None, attribute: str | None = None
) -> list[Record]:
    """What attributes there are, as far as the caller sees them."""
    sight = request.admitted.sight
    if sight is not None:
        selectors = () if type_ is None else (Selector(types=Types(((type_,),))),)
        asked = Question(tenant=request.tenant, sight=sight, selectors=selectors)
        request.tells_of(await questions.subjects(conn, asked), "counted by type and attribute")
    return await questions.attributes(conn, request.tenant, sight, type_, attribute)


def _known(row: Any) -> Known:
    """An attribute that is held here."""
    return Known(count=row["count"], kinds=set(row["kinds"]), beside={name: Known() for name in row["types"]})


def _iri(name: str, context: Context) -> str:
    if not NAME.fullmatch(name):
        raise BadRequestData(f"{name!r} is no name.")
    return context.expand(name)


def _answer(request: Request, context: Context, document: Any) -> Answer:
    request.negotiate()
    if request.accepts == JSON_LD:
        parts = document if isinstance(document, list) else [document]
        for part in parts:
            part["@context"] = context.source
        return json(200, document, media_type=JSON_LD)
    return json(200, document, headers=[context_link(context)])
