"""From query parameters to the shape of an answer: format, system attributes, projection, languages, datasets (CIM 009 §6.3)."""

from datetime import datetime
from typing import Final

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData, ResourceNotFound
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld.http import GEO_JSON, JSON_LD, Request
from hiroba.exchange.broker.ngsi_ld.reading import NAME, uri
from hiroba.exchange.broker.ngsi_ld.writing import Format, Shape, format_of

OPTIONS: Final = frozenset({"normalized", "concise", "simplified", "keyValues", "sysAttrs", "count", "update", "replace", "noOverwrite"})
HEAD: Final = frozenset({"id", "type", "scope"})


def of(request: Request, context: Context) -> Shape:
    """The shape a request asks for."""
    request.negotiate()
    for word in request.options:
        if word not in OPTIONS:
            raise BadRequestData(f"options has no {word!r}; it has {', '.join(sorted(OPTIONS))}.")
    attrs = _names(request, "attrs", context)
    picked = _names(request, "pick", context)
    omitted = _names(request, "omit", context)
    if attrs is not None and (picked is not None or omitted is not None):
        raise BadRequestData("attrs is the older word for pick; use the one or the other.")
    members = None
    if picked is not None:
        members = frozenset(request.words("pick")) & HEAD
        attrs = picked
    if omitted is not None and "id" in request.words("omit"):
        raise BadRequestData("An entity without its id cannot be given; leave id out of omit.")
    datasets = request.words("datasetId")
    geojson = request.accepts == GEO_JSON
    return Shape(
        context=context,
        format=_format(request),
        geojson=geojson,
        system=request.flag("sysAttrs"),
        attrs=attrs,
        omit=omitted or frozenset(),
        members=members,
        hidden=frozenset(request.words("omit")) & HEAD,
        languages=request.params.get("lang", ""),
        datasets=frozenset("" if name == "@none" else uri(name, "datasetId") for name in datasets) if datasets else None,
        geometry=context.expand(request.params["geometryProperty"]) if "geometryProperty" in request.params else LOCATION,
        with_context=request.accepts == JSON_LD or (geojson and request.headers.get("prefer", "") != "body=json"),
    )


def _format(request: Request) -> Format:
    if "format" in request.params:
        return format_of(request.params["format"])
    for word in request.options:
        if word in {"normalized", "concise", "simplified", "keyValues"}:
            return format_of(word)
    return "normalized"


def _names(request: Request, parameter: str, context: Context) -> frozenset[str] | None:
    if parameter not in request.params:
        return None
    names = request.words(parameter)
    for name in names:
        if not NAME.fullmatch(name):
            raise BadRequestData(f"{parameter}: {name!r} is no name of an attribute.")
    return frozenset(context.expand(name) for name in names if name not in HEAD)


def must_have_type(entity: Entity, selection: str, context: Context) -> None:
    """Nothing, or the problem that the entity is of no such type (§4.17)."""
    if not {context.expand(t) for t in selection.split(',')} & set(entity.types):
        raise ResourceNotFound(f"{entity.key.id} is not of the type {selection}.")


def only_of_type(selection: str, context: Context, edit: Edit) -> Edit:
    """The edit, for an entity of these types alone."""

    def guarded(key: Key, before: Entity | None, now: datetime) -> Change:
        if before is not None:
            must_have_type(before, selection, context)
        return edit(key, before, now)

    return guarded
