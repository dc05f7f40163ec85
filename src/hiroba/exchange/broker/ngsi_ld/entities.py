"""Entities one by one: create, retrieve, replace, merge, delete, and their attributes (CIM 009 §6.4 to §6.7)."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

from hiroba.exchange.broker import edits
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, reading, writing
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import writes
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.splitting import Attributes
from hiroba.exchange.broker.federation.writes import Write
from hiroba.exchange.broker.history.model import SCOPE
from hiroba.exchange.broker.history.provision import mark_deleted
from hiroba.exchange.broker.linked import joined, told
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.ngsi_ld import distributed, maps, shapes
from hiroba.exchange.broker.ngsi_ld.http import GEO_JSON, JSON_LD, Answer, Request, context_link, json
from hiroba.exchange.broker.questions import Question

BASE = "/ngsi-ld/v1"
Reduce = Callable[[Fragment], Fragment]


async def create(request: Request, exchange: Exchange) -> Answer:
    """Create an entity (§5.6.1)."""
    document, context = await request.document()
    fragment = reading.fragment(document, context, whole=True)
    owner = request.admitted.owner
    asked = writes.of_fragment("createEntity", fragment.id, fragment)
    legs = await _write(request, exchange, context, asked, lambda part: edits.create(part(fragment), owner))
    made = Answer(201, headers=[("location", f"{BASE}/entities/{quote(fragment.id, safe=':')}")])
    return distributed.whole(fragment.id, legs, made)


async def retrieve(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Retrieve an entity (§5.7.1)."""
    context = await request.context()
    shape = shapes.of(request, context)
    key = key_of(request, id_)
    entity, found, warned = await distributed.entity(request, exchange, key, shape)
    if entity is None:
        raise ResourceNotFound(f"There is no entity {id_}.", headers=warned)
    if types := request.params.get("type"):
        shapes.must_have_type(entity, types, context)
    if shape.attrs is not None and not shape.members and not any(shape.shows(name) for name in entity.doc):
        raise ResourceNotFound(f"{id_} has none of these attributes.")
    known = await maps.named(request, exchange)
    asked = Question(tenant=request.tenant, ids=(id_,))
    used = await maps.used(request, exchange, request.params, asked, known=known, found=found)
    headers = warned if used is None else [*warned, used.header]
    join = shapes.join_of(request.params)
    if join is None:
        document = writing.single(entity, shape)
        if not document.keys() - {"@context"}:
            raise ResourceNotFound(f"Nothing of {id_} is left when all that is omitted is gone.")
        request.tells([(entity, shape)])
        return answer_of(200, document, shape, headers)
    async with exchange.reading() as conn:
        pairs = await joined([entity], shape, join, distributed.held(request, conn))
    request.tells(told(pairs))
    return answer_of(200, writing.collected(pairs, shape) if join.flat else writing.single(*pairs[0]), shape, headers)


def answer_of(status: int, document: Any, shape: writing.Shape, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A document in the media type and with the Link header its shape asks for (§6.3.6)."""
    headers = headers or []
    if shape.with_context:
        return json(status, document, media_type=GEO_JSON if shape.geojson else JSON_LD, headers=headers)
    return json(
        status,
        document,
        media_type=GEO_JSON if shape.geojson else "application/json",
        headers=[*headers, context_link(shape.context)],
    )


async def replace(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Replace an entity (§5.6.18)."""
    fragment, context = await _fragment(request, id_)
    if fragment.types == ():
        raise BadRequestData("An entity that replaces another says its type.")
    asked = writes.of_fragment("replaceEntity", id_, fragment)
    legs = await _write(request, exchange, context, asked, lambda part: edits.replace(part(fragment)))
    return distributed.whole(id_, legs, Answer(204))


async def merge(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Merge-patch an entity (§5.6.17)."""
    fragment, context = await _fragment(request, id_, merging=True)
    observed_at = request.params.get("observedAt", "")
    if observed_at:
        names.moment(observed_at, "observedAt")
    asked = writes.of_fragment("mergeEntity", id_, fragment, request.said("observedAt"))
    legs = await _write(request, exchange, context, asked, lambda part: edits.merge(part(fragment), observed_at))
    return distributed.whole(id_, legs, Answer(204))


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete an entity (§5.6.6)."""
    context = await request.context()
    legs = await _write(request, exchange, context, writes.of_entity(id_), lambda _: edits.delete())
    return distributed.whole(id_, legs, Answer(204))


async def append(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Append attributes (§5.6.3)."""
    fragment, context = await _fragment(request, id_)
    overwrite = not request.flag("noOverwrite")
    asked = writes.of_fragment("appendAttrs", id_, fragment, request.said("options"))
    edit_of = lambda part: edits.append(part(fragment), overwrite=overwrite)  # noqa: E731 - as all operations here say theirs
    return distributed.partly(await _write(request, exchange, context, asked, edit_of))


async def update(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Update attributes (§5.6.2)."""
    fragment, context = await _fragment(request, id_)
    asked = writes.of_fragment("updateEntity", id_, fragment)
    return distributed.partly(
        await _write(request, exchange, context, asked, lambda part: edits.update(part(fragment)))
    )


async def patch_attribute(request: Request, exchange: Exchange, id_: str, name: str) -> Answer:
    """Change parts of an attribute (§5.6.4)."""
    document, context = await request.document(patch=True)
    expanded = attribute_of(name, context.expand)
    if name == "scope":
        raise BadRequestData("The scope is no attribute; write it with the entity.")
    instances = reading.attribute(document, name, context)
    asked = writes.of_attribute("updateAttrs", key_of(request, id_).id, expanded, instances)
    edit = edits.patch_attribute(expanded, instances)
    return distributed.partly(await _write(request, exchange, context, asked, lambda _: edit))


async def replace_attribute(request: Request, exchange: Exchange, id_: str, name: str) -> Answer:
    """Replace an attribute (§5.6.19)."""
    document, context = await request.document()
    expanded = attribute_of(name, context.expand)
    if isinstance(document, dict):
        document.pop("@context", None)
    instances = reading.fragment({name: document}, context, whole=False).doc[expanded]
    asked = writes.of_attribute("replaceAttrs", key_of(request, id_).id, expanded, instances)
    edit = edits.replace_attribute(expanded, instances)
    return distributed.partly(await _write(request, exchange, context, asked, lambda _: edit))


async def delete_attribute(request: Request, exchange: Exchange, id_: str, name: str) -> Answer:
    """Delete an attribute, its default instance unless datasetId or deleteAll says otherwise (§5.6.5)."""
    context = await request.context()
    dataset: str | None = None
    if not request.flag("deleteAll"):
        dataset = request.params.get("datasetId", "")
        if dataset:
            names.uri(dataset, "datasetId")
    expanded = SCOPE if name == SCOPE else attribute_of(name, context.expand)
    edit = edits.delete_scopes() if name == SCOPE else edits.delete_attribute(expanded, dataset)
    key = key_of(request, id_)

    async def of_the_past() -> bool:
        """An entity may be known by its past alone, written through /temporal: then the deletion is one more event of it."""
        if request.admitted.gate is not None or await exchange.reader.read(key) is not None:
            return False
        async with exchange.writing() as conn:
            return await mark_deleted(conn, key, expanded, dataset, request.admitted)

    asked = writes.of_attribute("deleteAttrs", id_, expanded, params=request.said("datasetId", "deleteAll"))
    legs = await _write(request, exchange, context, asked, lambda _: edit, otherwise=of_the_past)
    return distributed.partly(legs)


def key_of(request: Request, id_: str) -> Key:
    """The key of the entity an address names."""
    return Key(request.tenant, "", names.uri(id_, "The entity's id"))


def attribute_of(name: str, expand: Any) -> str:
    """The IRI of the attribute an address names."""
    if name in {"type", "id", "@id", "@type"}:
        raise BadRequestData(f"{name} is no attribute.")
    if name.startswith("@") or not names.NAME.fullmatch(name) or not unquote(name).strip("."):
        raise BadRequestData(f"{name!r} is no name of an attribute.")
    expanded: str = expand(name)
    return expanded


async def _fragment(request: Request, id_: str, *, merging: bool = False) -> tuple[Fragment, Context]:
    key_of(request, id_)
    document, context = await request.document(patch=request.method == "PATCH")
    fragment = reading.fragment(
        document, context, whole=request.method == "PUT" and "type" in document and "id" in document, merging=merging
    )
    if fragment.id and fragment.id != id_:
        raise BadRequestData(f"The document speaks of {fragment.id}, the address of {id_}.")
    return fragment, context


async def _write(
    request: Request,
    exchange: Exchange,
    context: Context,
    asked: Write,
    edit_of: Callable[[Reduce], Edit],
    *,
    otherwise: Callable[[], Awaitable[bool]] | None = None,
) -> list[Leg]:
    """Write here what is to be written here, and elsewhere what others have.

    `edit_of` is given what makes the part of a fragment; `otherwise` may do what is done where nothing is found to change.
    """

    async def here(attributes: Attributes) -> Change:
        edit = edit_of(lambda fragment: writes.reduced(fragment, attributes))
        edit = edits.admitted(request.admitted, edit)
        if types := request.params.get("type"):
            edit = shapes.only_of_type(types, context, edit)
        try:
            return await exchange.writer.write(key_of(request, asked.id), edit)
        except ResourceNotFound:
            if otherwise is None or not await otherwise():
                raise
            return Change(after=None)

    return await distributed.write(request, exchange, context, asked, here)
