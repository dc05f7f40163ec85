"""From query parameters to the shape of an answer: format, system attributes, projection, languages, datasets (CIM 009 §6.3)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.names import NAME, uri
from hiroba.exchange.broker.documents.writing import Format, Shape, format_of
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest, ResourceNotFound
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld.http import GEO_JSON, JSON_LD, Request, words
from hiroba.exchange.broker.query import types

OPTIONS: Final = frozenset(
    {"normalized", "concise", "simplified", "keyValues", "sysAttrs", "count", "update", "replace", "noOverwrite"}
)
HEAD: Final = frozenset({"id", "type", "scope"})


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
    attrs = _names(params, "attrs", context)
    picked = _names(params, "pick", context)
    omitted = _names(params, "omit", context)
    if attrs is not None and (picked is not None or omitted is not None):
        raise BadRequestData("attrs is the older word for pick; use the one or the other.")
    members = None
    if picked is not None:
        members = frozenset(words(params, "pick")) & HEAD
        attrs = picked
    if both := set(words(params, "pick")) & set(words(params, "omit")):
        raise BadRequestData(f"{', '.join(sorted(both))} is both picked and omitted.")
    datasets = words(params, "datasetId")
    geojson = request.accepts == GEO_JSON
    return Shape(
        context=context,
        format=_format(params, request.options),
        geojson=geojson,
        system=request.flag("sysAttrs"),
        attrs=attrs,
        omit=omitted or frozenset(),
        members=members,
        hidden=frozenset(words(params, "omit")) & HEAD,
        languages=params.get("lang", ""),
        datasets=frozenset("" if name == "@none" else uri(name, "datasetId") for name in datasets)
        if datasets
        else None,
        geometry=context.expand(request.params["geometryProperty"])
        if "geometryProperty" in request.params
        else LOCATION,
        with_context=request.accepts == JSON_LD or (geojson and request.headers.get("prefer", "") != "body=json"),
    )


def _format(params: Mapping[str, str], options: Iterable[str]) -> Format:
    if "format" in params:
        return format_of(params["format"])
    for word in options:
        if word in {"normalized", "concise", "simplified", "keyValues"}:
            return format_of(word)
    return "normalized"


def _names(params: Mapping[str, str], parameter: str, context: Context) -> frozenset[str] | None:
    if parameter not in params:
        return None
    names = words(params, parameter)
    for name in names:
        if not NAME.fullmatch(name):
            raise BadRequestData(f"{parameter}: {name!r} is no name of an attribute.")
    return frozenset(context.expand(name) for name in names if name not in HEAD)


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
