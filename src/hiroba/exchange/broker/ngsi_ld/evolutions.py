"""The past as it is written: evolutions of entities made, added to, corrected and removed (CIM 009 §6.18 to §6.22)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import quote

from hiroba.base.db import Connection
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import evolution, names
from hiroba.exchange.broker.edits import Change
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import writes
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.splitting import Attributes
from hiroba.exchange.broker.federation.writes import Write
from hiroba.exchange.broker.history import provision
from hiroba.exchange.broker.history.model import SCOPE
from hiroba.exchange.broker.ngsi_ld import distributed
from hiroba.exchange.broker.ngsi_ld.entities import BASE, attribute_of, key_of
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request

WHICH: Final = frozenset({"datasetId", "deleteAll"})
"""Which instances of an attribute go."""


async def upsert(request: Request, exchange: Exchange) -> Answer:
    """Create the temporal evolution of an entity, or add to it (§5.6.11)."""
    document, context = await request.document()
    fragment = evolution.fragment(document, context, whole=True)
    key = key_of(request, fragment.id)

    async def here(attributes: Attributes) -> Change:
        async with exchange.writing() as conn:
            made = await provision.upsert(conn, key, writes.reduced(fragment, attributes), request.admitted)
        return Change(after=None, created=made)

    asked = writes.of_evolution("upsertTemporal", fragment.id, fragment)
    legs = await distributed.write(request, exchange, context, asked, here)
    location = ("location", f"{BASE}/temporal/entities/{quote(fragment.id, safe=':')}")
    made = any(leg.created for leg in legs)
    return distributed.whole(fragment.id, legs, Answer(201, headers=[location]) if made else Answer(204))


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete the temporal evolution of an entity (§5.6.16)."""
    key = key_of(request, id_)
    context = await request.context()
    asked = writes.of_past("deleteTemporal", id_)
    legs = await _write(request, exchange, context, asked, lambda conn: provision.delete(conn, key, request.admitted))
    return distributed.whole(id_, legs, Answer(204))


async def add(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Add attribute instances to the temporal evolution of an entity (§5.6.12)."""
    key = key_of(request, id_)
    document, context = await request.document()
    fragment = evolution.fragment(document, context, whole=False)
    if fragment.id and fragment.id != id_:
        raise BadRequestData(f"The document speaks of {fragment.id}, the address of {id_}.")

    async def here(attributes: Attributes) -> Change:
        async with exchange.writing() as conn:
            await provision.add(conn, key, writes.reduced(fragment, attributes), request.admitted)
        return Change(after=None, updated=tuple(sorted(attributes or ())))

    asked = writes.of_evolution("appendAttrsTemporal", id_, fragment)
    return distributed.partly(_where_it_is(await distributed.write(request, exchange, context, asked, here)))


async def delete_attribute(request: Request, exchange: Exchange, id_: str, name: str) -> Answer:
    """Delete an attribute from the temporal evolution of an entity, its default instances unless told otherwise (§5.6.13)."""
    key = key_of(request, id_)
    context = await request.context()
    expanded = SCOPE if name == SCOPE else attribute_of(name, context.expand)
    dataset = None if request.flag("deleteAll") else request.params.get("datasetId", "")
    if dataset:
        names.uri(dataset, "datasetId")
    asked = writes.of_past("deleteAttrsTemporal", id_, expanded, params=request.said("datasetId", "deleteAll"))

    async def here(conn: Connection) -> None:
        await provision.delete_attribute(conn, key, expanded, dataset, request.admitted)

    return distributed.partly(await _write(request, exchange, context, asked, here))


async def replace_instance(request: Request, exchange: Exchange, id_: str, name: str, instance: str) -> Answer:
    """Modify one attribute instance of the temporal evolution of an entity (§5.6.14)."""
    key = key_of(request, id_)
    names.uri(instance, "The instance's id")
    document, context = await request.document(patch=True)
    attribute_of(name, context.expand)
    expanded, stored = evolution.instance(document, name, context)
    asked = writes.of_past("updateAttrInstanceTemporal", id_, expanded, instance, stored=stored)

    async def here(conn: Connection) -> None:
        await provision.replace_instance(conn, key, expanded, instance, stored, admitted=request.admitted)

    return distributed.partly(await _write(request, exchange, context, asked, here))


async def delete_instance(request: Request, exchange: Exchange, id_: str, name: str, instance: str) -> Answer:
    """Delete one attribute instance from the temporal evolution of an entity (§5.6.15)."""
    key = key_of(request, id_)
    names.uri(instance, "The instance's id")
    context = await request.context()
    expanded = SCOPE if name == SCOPE else attribute_of(name, context.expand)
    asked = writes.of_past("deleteAttrInstanceTemporal", id_, expanded, instance)

    async def here(conn: Connection) -> None:
        await provision.delete_instance(conn, key, expanded, instance, request.admitted)

    return distributed.partly(await _write(request, exchange, context, asked, here))


async def _write(
    request: Request,
    exchange: Exchange,
    context: Context,
    asked: Write,
    change: Callable[[Connection], Awaitable[None]],
) -> Sequence[Leg]:
    """Change what is recorded here, and elsewhere what others have."""

    async def here(attributes: Attributes) -> Change:
        async with exchange.writing() as conn:
            await change(conn)
        return Change(after=None, updated=tuple(sorted(attributes or ())))

    return _where_it_is(await distributed.write(request, exchange, context, asked, here))


def _where_it_is(legs: Sequence[Leg]) -> Sequence[Leg]:
    """What came of it where there was something: that others have none of it is no failure, unless nobody has any."""
    return [leg for leg in legs if not isinstance(leg.problem, ResourceNotFound)] or legs
