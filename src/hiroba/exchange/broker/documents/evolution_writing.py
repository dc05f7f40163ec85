"""The past of an entity as it leaves: instances, plain values or aggregates (CIM 009 §4.5.6 to §4.5.9, §4.5.19)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import writing
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.model import DELETED, NULL, VALUE_OF, Entity, Fragment, Instance

TemporalFormat = Literal["instances", "temporalValues", "aggregatedValues"]
_PLURAL: Final = {"value": "values", "object": "objects"} | {
    carrier: f"{carrier}s" for carrier in ("languageMap", "vocab", "json", "valueList", "objectList")
}


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One instance as it is to be written: with the time it is asked by and those the system keeps."""

    instance: str
    """Its URN; empty where another broker gave none."""
    time: datetime
    created: datetime
    modified: datetime
    deleted: datetime | None = None
    value: Instance


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one method over one period."""

    method: str
    value: Any
    start: datetime
    end: datetime


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute (IRI, or `scope`) of one type in one dataset, over time or aggregated."""

    name: str
    type: str = "Property"
    dataset: str = ""
    moments: Sequence[Moment] = ()
    aggregates: Sequence[Aggregate] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An entity over time: its head as an entity without attributes, and its series."""

    head: Entity
    deleted: datetime | None = None
    series: Sequence[Series] = ()


def write(past: Past, shape: Shape, format_: TemporalFormat, timeproperty: str = "") -> dict[str, Any]:
    """The past of an entity in the shape that is wanted; `timeproperty` is shown even where times of the system are not."""
    written = writing.head(past.head, shape)
    if shape.system and past.deleted is not None:
        written["deletedAt"] = clock.iso(past.deleted)
    for name, series in _by_name(past.series).items():
        if _shows(name, shape):
            written[shape.context.compact(name)] = _attribute(series, shape, format_, timeproperty)
    return written


def fragment(part: Fragment, context: Context) -> dict[str, Any]:
    """A fragment of the past as the document that says it, for another broker to read; it has no @context."""
    written = writing.fragment(msgspec.structs.replace(part, doc={}), context)
    return written | {
        name if name == "scope" else context.compact(name): [told(instance, context, name) for instance in instances]
        for name, instances in part.doc.items()
    }


def told(stored: Instance, context: Context, name: str) -> dict[str, Any]:
    """One instance as another broker reads it; one that tells a deletion holds null."""
    plain = {member: value for member, value in stored.items() if member != DELETED}
    written = writing.instance(plain, Shape(context=context))
    if name == "scope" and not plain["value"]:
        written["value"] = NULL
    return written


def _shows(name: str, shape: Shape) -> bool:
    if name != "scope":
        return shape.shows(name)
    return "scope" not in shape.hidden and (shape.members is None or "scope" in shape.members)


def _by_name(series: Iterable[Series]) -> Mapping[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for one in series:
        found.setdefault(one.name, []).append(one)
    return found


def _attribute(series: Sequence[Series], shape: Shape, format_: TemporalFormat, timeproperty: str) -> Any:
    if format_ == "instances":
        moments = sorted((one for part in series for one in part.moments), key=lambda one: (one.time, one.instance))
        return [_instance(moment, shape, timeproperty, bare=series[0].name == "scope") for moment in moments]
    parts = [_aggregated(one) if format_ == "aggregatedValues" else _values(one, shape) for one in series]
    return parts[0] if len(parts) == 1 else parts


def _instance(moment: Moment, shape: Shape, timeproperty: str, *, bare: bool) -> dict[str, Any]:
    written = writing.instance(moment.value, shape)
    if bare:
        written["value"] = _scope(moment.value)
    elif moment.instance:
        written["instanceId"] = moment.instance
    if shape.system or timeproperty == "createdAt":
        written["createdAt"] = clock.iso(moment.created)
    if shape.system or timeproperty == "modifiedAt":
        written["modifiedAt"] = clock.iso(moment.modified)
    if moment.deleted is not None:
        written["deletedAt"] = clock.iso(moment.deleted)
    return written


def _values(series: Series, shape: Shape) -> dict[str, Any]:
    """Pairs of a value and its time (§4.5.9)."""
    kind, carrier = series.type, VALUE_OF[series.type]
    if kind == "LanguageProperty" and shape.languages:
        kind, carrier = "Property", "value"
    value = _scope if series.name == "scope" else lambda stored: writing.value(stored, shape)
    pairs = [[value(moment.value), clock.iso(moment.time)] for moment in series.moments]
    return {"type": kind} | ({"datasetId": series.dataset} if series.dataset else {}) | {_PLURAL[carrier]: pairs}


def _scope(stored: Instance) -> Any:
    """One scope stands alone, as in an entity."""
    scopes: list[str] = stored["value"]
    return scopes[0] if len(scopes) == 1 else scopes


def _aggregated(series: Series) -> dict[str, Any]:
    """Per method, triples of a value and its period (§4.5.19)."""
    written: dict[str, Any] = {"type": series.type} | ({"datasetId": series.dataset} if series.dataset else {})
    for one in series.aggregates:
        written.setdefault(one.method, []).append([one.value, clock.iso(one.start), clock.iso(one.end)])
    return written
