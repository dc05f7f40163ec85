"""What there is: entity types and attributes (CIM 009 §5.7.5 to §5.7.10)."""

from typing import Any

from hiroba.base.ids import ulid
from hiroba.exchange.broker import store
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.names import NAME
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld.http import JSON_LD, Answer, Request, context_link, json


async def types(request: Request, exchange: Exchange) -> Answer:
    """The entity types there are; with details=true, each with the names of its attributes."""
    context = await request.context()
    detailed = request.flag("details")
    async with exchange.reading() as conn:
        counts = await store.types(conn, request.tenant)
        if not detailed:
            names = sorted(context.compact(name) for name in counts)
            return _answer(
                request,
                context,
                {"id": f"urn:ngsi-ld:EntityTypeList:{ulid()}", "type": "EntityTypeList", "typeList": names},
            )
        described = [
            {
                "id": name,
                "type": "EntityType",
                "typeName": context.compact(name),
                "attributeNames": [
                    context.compact(row["name"]) for row in await store.attributes(conn, request.tenant, name)
                ],
            }
            for name in counts
        ]
    return _answer(request, context, described)


async def type_(request: Request, exchange: Exchange, name: str) -> Answer:
    """One entity type: how many entities, and its attributes with their kinds."""
    context = await request.context()
    iri = _iri(name, context)
    async with exchange.reading() as conn:
        rows = await store.attributes(conn, request.tenant, iri)
        count = (await store.types(conn, request.tenant)).get(iri, 0)
    if not count:
        raise ResourceNotFound(f"There is no entity of the type {name}.")
    details = [
        {
            "id": row["name"],
            "type": "Attribute",
            "attributeName": context.compact(row["name"]),
            "attributeTypes": row["kinds"],
        }
        for row in rows
    ]
    info = {
        "id": iri,
        "type": "EntityTypeInfo",
        "typeName": context.compact(iri),
        "entityCount": count,
        "attributeDetails": details,
    }
    return _answer(request, context, info)


async def attributes(request: Request, exchange: Exchange) -> Answer:
    """The attributes there are; with details=true, each with the types it occurs in."""
    context = await request.context()
    detailed = request.flag("details")
    async with exchange.reading() as conn:
        rows = await store.attributes(conn, request.tenant)
    if not detailed:
        names = sorted(context.compact(row["name"]) for row in rows)
        return _answer(
            request,
            context,
            {"id": f"urn:ngsi-ld:AttributeList:{ulid()}", "type": "AttributeList", "attributeList": names},
        )
    described = [
        {
            "id": row["name"],
            "type": "Attribute",
            "attributeName": context.compact(row["name"]),
            "typeNames": sorted(context.compact(type_name) for type_name in row["types"]),
        }
        for row in rows
    ]
    return _answer(request, context, described)


async def attribute(request: Request, exchange: Exchange, name: str) -> Answer:
    """One attribute: on how many entities, of which kinds, in which types."""
    context = await request.context()
    iri = _iri(name, context)
    async with exchange.reading() as conn:
        rows = await store.attributes(conn, request.tenant, attribute=iri)
    if not rows:
        raise ResourceNotFound(f"No entity has the attribute {name}.")
    row = rows[0]
    info = {
        "id": iri,
        "type": "Attribute",
        "attributeName": context.compact(iri),
        "attributeCount": row["count"],
        "attributeTypes": row["kinds"],
        "typeNames": sorted(context.compact(type_name) for type_name in row["types"]),
    }
    return _answer(request, context, info)


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
