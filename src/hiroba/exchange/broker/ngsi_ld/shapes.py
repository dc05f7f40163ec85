"""From query parameters to the shape of an answer: format, system attributes, projection, languages, datasets (CIM 009 §6.3)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.names import uri
from hiroba.exchange.broker.documents.projecting import depth, projected
from hiroba.exchange.broker.documents.writing import Format, Shape, format_of
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest, ResourceNotFound
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.linked import DEEPEST, Join
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld.http import GEO_JSON, JSON_LD, Request, words
from hiroba.exchange.broker.query import projection, types
from hiroba.exchange.broker.query.projection import Chosen
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS

OPTIONS: Final = frozenset(
    {"normalized", "concise", "simplified", "keyValues", "sysAttrs", "count", "update", "replace", "noOverwrite"}
)


def of(
    request: Request,
    context: Context,
    params: Mapping[str, str] | None = None,
    *,
    also: frozenset[str] = frozenset(),
) -> Shape:
    """The shape a request asks for, by its parameters or by those a Query document stands for.

    `also` are words of options that this operation has besides those of every other.
    """
    params = request.params if params is None else params
    request.negotiate()
    for word in request.options:
        if word not in OPTIONS | also:
            raise InvalidRequest(f"options has no {word!r}; it has {', '.join(sorted(OPTIONS | also))}.")
    attrs = _chosen(params, "attrs", context, nested=False)
    picked = _chosen(params, "pick", context)
    omitted = _chosen(params, "omit", context)
    if attrs is not None and (picked is not None or omitted is not None):
        raise BadRequestData("attrs is the older word for pick; use the one or the other.")
    if own := {one.name for one in attrs or ()} & ENTITY_MEMBERS:
        raise BadRequestData(f"attrs names attributes; {', '.join(sorted(own))} belongs to every entity. Say pick.")
    _must_be_reached(join_of(params), picked, omitted)
    datasets = words(params, "datasetId")
    geojson = request.accepts == GEO_JSON
    if "geometryProperty" in params and not geojson:
        raise BadRequestData(f"geometryProperty names the geometry of {GEO_JSON}; accept that.")
    shape = Shape(
        context=context,
        format=_format(params, request.options),
        geojson=geojson,
        system=request.flag("sysAttrs"),
        languages=params.get("lang", ""),
        datasets=frozenset("" if name == "@none" else uri(name, "datasetId") for name in datasets)
        if datasets
        else None,
        geometry=context.expand(request.params["geometryProperty"])
        if "geometryProperty" in request.params
        else LOCATION,
        with_context=request.accepts == JSON_LD or (geojson and request.preference("body") != "json"),
    )
    if attrs is not None:
        return replace(shape, attrs=frozenset(one.name for one in attrs), rest=shape)
    return shape if picked is None and omitted is None else projected(shape, picked, omitted or ())


def join_of(params: Mapping[str, str]) -> Join | None:
    """How linked entities are wanted (§4.5.23); None: not at all."""
    word = params.get("join", "@none")
    if word not in {"flat", "inline", "@none"}:
        raise BadRequestData(f"join is flat, inline or @none, not {word!r}.")
    text = params.get("joinLevel", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= DEEPEST:
        raise BadRequestData(f"joinLevel is a whole number from 1 to {DEEPEST}, not {text!r}.")
    met = frozenset(uri(id_, "containedBy") for id_ in words(params, "containedBy"))
    return None if word == "@none" else Join(flat=word == "flat", levels=int(text), met=met)


def _must_be_reached(join: Join | None, *projections: tuple[Chosen, ...] | None) -> None:
    """Nothing, or the problem that a projection speaks of entities that are not retrieved (§5.7.1.4)."""
    deepest = max(depth(chosen or ()) for chosen in projections)
    if deepest > (join.levels if join is not None else 0):
        raise BadRequestData(
            f"pick and omit follow relationships {deepest} deep: say join=inline or join=flat, and joinLevel={deepest}."
        )


def _format(params: Mapping[str, str], options: Iterable[str]) -> Format:
    if "format" in params:
        return format_of(params["format"])
    for word in options:
        if word in {"normalized", "concise", "simplified", "keyValues"}:
            return format_of(word)
    return "normalized"


def _chosen(
    params: Mapping[str, str], parameter: str, context: Context, *, nested: bool = True
) -> tuple[Chosen, ...] | None:
    if parameter not in params:
        return None
    return projection.resolve(projection.parse(params[parameter], parameter, nested=nested), context.expand)


def must_have_type(entity: Entity, selection: str, context: Context) -> None:
    """Nothing, or the problem that the entity is of no such type (§4.17)."""
    if not types.parse(selection).resolve(context.expand).matches(entity.types):
        raise ResourceNotFound(f"{entity.key.id} is not of the type {selection}.")


def only_of_type(selection: str, context: Context, edit: Edit) -> Edit:
    """The edit, for an entity of these types alone."""

    def guarded(key: Key, before: Entity | None, now: datetime) -> Change:
        if before is not None:
            must_have_type(before, selection, context)
        return edit(key, before, now)

    return guarded
