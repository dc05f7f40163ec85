"""The @contexts that are kept: add, list, serve, delete, reload (CIM 009 §5.13, §6.29, §6.30)."""

from typing import Any, Final, get_args
from urllib.parse import quote

from hiroba.base import clock
from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.library import Library
from hiroba.exchange.broker.contexts.model import PATH, Kind, Stored
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest, OperationNotSupported, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld.http import JSON, JSON_LD, Answer, Request, json, parse

KEEP: Final = 3600
"""Seconds that others may keep a hosted context: it never changes, it can only go."""


async def add(request: Request, exchange: Exchange) -> Answer:
    """Add an @context (§5.13.2)."""
    del exchange
    request.must_come_as(JSON, JSON_LD)
    document = parse(await request.body())
    if not isinstance(document, dict) or document.get("@context") is None:
        raise InvalidRequest("The body is an object with a member @context.")
    await request.book.check(document["@context"], request.tenant)
    stored = await _library(request).add(request.tenant, request.admitted.owner, document["@context"])
    return Answer(201, headers=[("location", f"{PATH}{quote(stored.id, safe=':')}")])


async def listing(request: Request, exchange: Exchange) -> Answer:
    """List @contexts: their addresses, or with details=true what is known of each (§5.13.3)."""
    del exchange
    kind: Any = request.params.get("kind")
    if kind is not None and kind not in get_args(Kind):
        raise BadRequestData(f"kind is {', '.join(get_args(Kind))}, not {kind!r}.")
    detailed = request.flag("details")
    await request.book.write_uses()
    library = _library(request)
    found = await library.listing(request.tenant, kind)
    answer = [_details(stored, library) if detailed else library.address_of(stored) for stored in found]
    return json(200, answer, media_type=request.accepts)


async def serve(request: Request, exchange: Exchange, name: str) -> Answer:
    """Serve an @context, or with details=true what is known of it (§5.13.4)."""
    del exchange
    detailed = request.flag("details")
    if core.IS_CORE.fullmatch(name):
        if not detailed:
            raise OperationNotSupported("The core @context is served by ETSI, at its own address.")
        since = clock.iso(request.book.since)
        return json(200, {"URL": name, "localId": name, "kind": "Cached", "createdAt": since, "extraInfo": "built in"})
    await request.book.write_uses()
    library = _library(request)
    stored = await library.find(request.tenant, name)
    if stored is None:
        raise ResourceNotFound(f"There is no @context {name}.")
    library.note(stored)
    if detailed:
        return json(200, _details(stored, library), media_type=request.accepts)
    if stored.kind == "Cached":
        raise OperationNotSupported(f"A copy of what stands elsewhere is not served; ask {stored.url}.")
    headers = [("cache-control", f"max-age={KEEP}"), ("vary", "Accept, NGSILD-Tenant")]
    return json(200, {"@context": stored.source}, media_type=request.accepts, headers=headers)


async def delete(request: Request, exchange: Exchange, name: str) -> Answer:
    """Delete an @context, or with reload=true download a copy again (§5.13.5)."""
    del exchange
    reload = request.flag("reload")
    if core.IS_CORE.fullmatch(name):
        if not reload:
            raise BadRequestData("The core @context cannot be deleted.")
        return Answer(204)  # it is built in, so what would be downloaded is what is there
    library = _library(request)
    stored = await library.find(request.tenant, name)
    if reload and (stored is None or stored.kind != "Cached"):
        raise BadRequestData(f"{name} is no copy of a remote @context that could be downloaded again.")
    if stored is None:
        raise ResourceNotFound(f"There is no @context {name}.")
    if reload:
        await request.book.reload(stored)
        return Answer(204)
    if stored.kind != "Cached" and not request.admitted.everywhere:
        request.admitted.must_own(stored.owner)
    await library.remove(stored)
    request.book.forget(stored)
    return Answer(204)


def _library(request: Request) -> Library:
    library = request.book.library
    if library is None:
        raise OperationNotSupported("No @contexts are kept here.")
    return library


def _details(stored: Stored, library: Library) -> dict[str, Any]:
    """What is known of an @context (§5.13.3.5)."""
    known = {
        "URL": library.address_of(stored),
        "localId": stored.id,
        "kind": stored.kind,
        "createdAt": clock.iso(stored.created),
        "expiresAt": clock.iso(stored.expires) if stored.expires else None,
        "lastUsage": clock.iso(stored.used) if stored.used else None,
        "numberOfHits": stored.hits,
        "extraInfo": "; ".join(
            f"{name}: {said}" for name, said in (("ETag", stored.etag), ("Last-Modified", stored.changed)) if said
        )
        or None,
    }
    return {name: value for name, value in known.items() if value is not None}
