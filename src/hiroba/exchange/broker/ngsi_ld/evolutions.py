"""The past as it is written: evolutions of entities made, added to, corrected and removed (CIM 009 §6.18 to §6.22)."""

from typing import Final
from urllib.parse import quote

from hiroba.exchange.broker.documents import evolution, names
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.history import provision
from hiroba.exchange.broker.history.model import SCOPE
from hiroba.exchange.broker.model import Key
from hiroba.exchange.broker.ngsi_ld.entities import BASE, attribute_of, key_of
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request

WHICH: Final = frozenset({"datasetId", "deleteAll"})
"""Which instances of an attribute go."""


async def upsert(request: Request, exchange: Exchange) -> Answer:
    """Create the temporal evolution of an entity, or add to it (§5.6.11)."""
    document, context = await request.document()
    fragment = evolution.fragment(document, context, whole=True)
    async with exchange.writing() as conn:
        made = await provision.upsert(conn, Key(request.tenant, "", fragment.id), fragment, request.admitted)
    location = ("location", f"{BASE}/temporal/entities/{quote(fragment.id, safe=':')}")
    return Answer(201, headers=[location]) if made else Answer(204)


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete the temporal evolution of an entity (§5.6.16)."""
    key = key_of(request, id_)
    async with exchange.writing() as conn:
        await provision.delete(conn, key, request.admitted)
    return Answer(204)


async def add(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Add attribute instances to the temporal evolution of an entity (§5.6.12)."""
    key = key_of(request, id_)
    document, context = await request.document()
    fragment = evolution.fragment(document, context, whole=False)
    if fragment.id and fragment.id != id_:
        raise BadRequestData(f"The document speaks of {fragment.id}, the address of {id_}.")
    async with exchange.writing() as conn:
        await provision.add(conn, key, fragment, request.admitted)
    return Answer(204)


async def delete_attribute(request: Request, exchange: Exchange, id_: str, name: str) -> Answer:
    """Delete an attribute from the temporal evolution of an entity, its default instances unless told otherwise (§5.6.13)."""
    key = key_of(request, id_)
    context = await request.context()
    expanded = SCOPE if name == SCOPE else attribute_of(name, context.expand)
    dataset = None if request.flag("deleteAll") else request.params.get("datasetId", "")
    if dataset:
        names.uri(dataset, "datasetId")
    async with exchange.writing() as conn:
        await provision.delete_attribute(conn, key, expanded, dataset, request.admitted)
    return Answer(204)


async def replace_instance(request: Request, exchange: Exchange, id_: str, name: str, instance: str) -> Answer:
    """Modify one attribute instance of the temporal evolution of an entity (§5.6.14)."""
    key = key_of(request, id_)
    names.uri(instance, "The instance's id")
    document, context = await request.document(patch=True)
    attribute_of(name, context.expand)
    expanded, stored = evolution.instance(document, name, context)
    async with exchange.writing() as conn:
        await provision.replace_instance(conn, key, expanded, instance, stored, admitted=request.admitted)
    return Answer(204)


async def delete_instance(request: Request, exchange: Exchange, id_: str, name: str, instance: str) -> Answer:
    """Delete one attribute instance from the temporal evolution of an entity (§5.6.15)."""
    key = key_of(request, id_)
    names.uri(instance, "The instance's id")
    context = await request.context()
    expanded = SCOPE if name == SCOPE else attribute_of(name, context.expand)
    async with exchange.writing() as conn:
        await provision.delete_instance(conn, key, expanded, instance, request.admitted)
    return Answer(204)
