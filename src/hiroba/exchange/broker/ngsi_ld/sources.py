"""Context source registrations over HTTP (CIM 009 §5.9, §5.10, §6.8, §6.9)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.projecting import HEAD
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld import pages
from hiroba.exchange.broker.ngsi_ld.http import (
    JSON_LD,
    Answer,
    Request,
    context_link,
    json,
    words,
)
from hiroba.exchange.broker.ngsi_ld.queries import place_of
from hiroba.exchange.broker.query import q, scopes, temporal, types
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.tree import Query
from hiroba.exchange.broker.sources import members, reading, store, writing
from hiroba.exchange.broker.sources.discovery import Discovery, attributes_of
from hiroba.exchange.broker.sources.matching import Entities, Wanted
from hiroba.exchange.broker.sources.model import Registration

PATH = "/csourceRegistrations"
PARAMETERS: Final = frozenset({
    "attrs", "coordinates", "count", "csf", "datasetId", "endTimeAt", "geometry", "geometryProperty", "geoproperty", "georel",
    "id", "idPattern", "lang", "limit", "local", "offset", "omit", "options", "pick", "q", "scopeQ", "sysAttrs", "timeAt",
    "timeproperty", "timerel", "type",
})  # fmt: skip
"""What a query of registrations may be asked with (table 6.8.3.2-1)."""


async def create(request: Request, exchange: Exchange) -> Answer:
    """Register a context source (§5.9.2)."""
    document, context = await request.document()
    given = reading.given(document, context, whole=True)
    now = clock.now()
    made = reading.registration(
        given,
        tenant=request.tenant,
        id_=reading.id_of(document),
        owner=request.admitted.owner,
        created=now,
        modified=now,
    )
    await exchange.sources.create(made, request.admitted)
    exchange.forwarder.wake()
    return Answer(201, headers=[("location", f"{pages.BASE}{PATH}/{quote(made.id, safe=':')}")])


async def retrieve(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Retrieve a context source registration (§5.10.1)."""
    context = await request.context()
    request.negotiate()
    found = exchange.sources.get(request.tenant, names.uri(id_, "the registration's id"))
    if found is None:
        raise ResourceNotFound(f"There is no registration {id_}.")
    async with exchange.reading() as conn:
        tallies = await store.tallies(conn, request.tenant, [id_])
    document = writing.write(
        found,
        context,
        tally=tallies.get(id_),
        system=request.flag("sysAttrs"),
        secrets=_is_owner(request, found),
    )
    return _answer(request, context, document)


async def query(request: Request, exchange: Exchange) -> Answer:
    """Query context source registrations (§5.10.2)."""
    context = await request.context()
    request.negotiate()
    asked = _discovery({name: value for name, value in request.params.items() if value}, context, request.tenant)
    window = pages.window(request)
    found = [one for one in exchange.sources.find(asked.wanted) if asked.lets_through(one)]
    page = window.of(found)
    async with exchange.reading() as conn:
        tallies = await store.tallies(conn, request.tenant, [one.registration.id for one in page])
    documents = [
        writing.write(
            one.registration,
            context,
            tally=tallies.get(one.registration.id),
            system=request.flag("sysAttrs"),
            secrets=_is_owner(request, one.registration),
        )
        for one in page
    ]
    return _answer(request, context, documents, window.headers(request, PATH, len(found)))


async def update(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Update a context source registration (§5.9.3)."""
    names.uri(id_, "the registration's id")
    document, context = await request.document(patch=True)
    fragment = reading.given(document, context, whole=False)
    if document.get("id", id_) != id_:
        raise BadRequestData(f"The id of a registration stays as it is: {id_}.")
    await exchange.sources.update(request.tenant, id_, fragment, request.admitted)
    exchange.forwarder.wake()
    return Answer(204)


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete a context source registration (§5.9.4)."""
    names.uri(id_, "the registration's id")
    await exchange.sources.delete(request.tenant, id_, request.admitted)
    exchange.forwarder.wake()
    return Answer(204)


def _is_owner(request: Request, found: Registration) -> bool:
    """Whether the caller may see what is conveyed to the source: keys among it."""
    return request.admitted.everywhere or bool(found.owner and found.owner == request.admitted.owner)


def _answer(request: Request, context: Context, document: Any, headers: list[tuple[str, str]] | None = None) -> Answer:
    headers = headers or []
    if request.accepts != JSON_LD:
        return json(200, document, headers=[*headers, context_link(context)])
    for part in document if isinstance(document, list) else [document]:
        part["@context"] = context.source
    return json(200, document, media_type=JSON_LD, headers=headers)


def _discovery(params: Mapping[str, str], context: Context, tenant: str) -> Discovery:
    """What the parameters ask for (§6.8.3.2)."""
    entities = Entities(
        ids=tuple(names.uri(id_, "id") for id_ in words(params, "id")),
        pattern=members.expression(params["idPattern"], "idPattern") if "idPattern" in params else "",
        types=types.parse(params["type"]).resolve(context.expand) if "type" in params else types.Types(),
    )
    filters = _filter(params, "q", context)
    place = place_of(params, context)
    attributes = {
        context.expand(name) for name in (*words(params, "attrs"), *words(params, "pick")) if name not in HEAD
    }
    attributes.update(attributes_of(filters) if filters is not None else ())
    if not (entities.types.groups or attributes or filters is not None or place is not None):
        raise BadRequestData("The query would give every registration: name a type, attrs, q or georel.")
    if place is not None:
        attributes.add(place.geoproperty)
    return Discovery(
        wanted=Wanted(
            tenant=tenant,
            entities=() if entities == Entities() else (entities,),
            attributes=frozenset(attributes),
            datasets=frozenset(
                "" if name == "@none" else names.uri(name, "datasetId") for name in words(params, "datasetId")
            ),
            scopes=scopes.parse(params["scopeQ"]) if "scopeQ" in params else None,
            place=place,
            time=_time(params),
            stated=True,
        ),
        csf=_filter(params, "csf", context),
    )


def _filter(params: Mapping[str, str], name: str, context: Context) -> Query | None:
    return resolve(q.parse(params[name]), context.expand, context.expand) if name in params else None


def _time(params: Mapping[str, str]) -> temporal.Temporal | None:
    if "timerel" not in params:
        if "timeAt" in params or "endTimeAt" in params:
            raise BadRequestData("A query about time has timerel and timeAt.")
        return None
    return temporal.parse(
        params["timerel"],
        params.get("timeAt", ""),
        params.get("endTimeAt", ""),
        params.get("timeproperty", "observedAt"),
    )
