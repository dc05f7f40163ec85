"""What one change means to one subscription, in the form it wants: an item of the notification's `data` (CIM 009 §5.8.6)."""

from datetime import datetime
from typing import Any

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.projecting import projected
from hiroba.exchange.broker.documents.versions import NEWEST, Version, conformed
from hiroba.exchange.broker.documents.writing import Shape, format_of
from hiroba.exchange.broker.linked import Join
from hiroba.exchange.broker.model import NULL, VALUE_OF, Doc, Entity, Instance
from hiroba.exchange.broker.query import projection
from hiroba.exchange.broker.subscriptions.changes import Changes, Touched
from hiroba.exchange.broker.subscriptions.model import Endpoint, Subscription

PREVIOUS = {carrier: f"previous{carrier[0].upper()}{carrier[1:]}" for carrier in VALUE_OF.values()}
"""The member that carries the value as it was, by the member that carries it."""


class Form(msgspec.Struct, frozen=True):
    """How a subscription wants entities: two with the same form get the same bytes."""

    shape: Shape
    address: str
    """The @context that each entity names in JSON-LD; empty for the other media types."""
    join: Join | None = None
    show_changes: bool = False
    nulls: frozenset[str] | None = frozenset()
    """Of an entity that was deleted, the attributes that are told to be gone; None: all."""
    version: Version = NEWEST
    """The version of NGSI-LD whose words are wanted (§4.3.6.8)."""
    key: tuple[Any, ...] = ()
    """The same for forms that are the same."""


def form(document: Subscription, context: Context) -> Form:
    """The form a subscription wants, in the words of its context."""
    wanted = document.notification
    shape = Shape(
        context=context,
        format=format_of(wanted.format or "normalized"),
        geojson=wanted.endpoint.accept == "application/geo+json",
        system=wanted.sys_attrs is True,
        languages=document.lang,
        datasets=frozenset("" if name == "@none" else name for name in document.dataset_id) or None,
    )
    if wanted.attributes:
        shape = msgspec.structs.replace(shape, attrs=frozenset(_chosen_names(wanted.attributes)), rest=shape)
    elif wanted.pick or wanted.omit:
        picked = projection.parse(",".join(wanted.pick)) if wanted.pick else None
        omitted = projection.parse(",".join(wanted.omit)) if wanted.omit else ()
        shape = projected(shape, picked, omitted)
    join = None
    if wanted.join in {"flat", "inline"}:
        join = Join(flat=wanted.join == "flat", levels=wanted.join_level or 1)
    nulls: frozenset[str] | None = frozenset()
    if wanted.show_changes is True or "attributeDeleted" in document.triggers:
        nulls = frozenset(document.watched_attributes) or None
    is_json_ld = wanted.endpoint.accept == "application/ld+json"
    address = document.jsonld_context if is_json_ld else ""
    said = msgspec.structs.replace(wanted, endpoint=Endpoint(uri="", accept=wanted.endpoint.accept))
    version = version_of(document.ngsild_conformance)
    key = (id(context), said, document.lang, document.dataset_id, nulls, address, version)
    return Form(shape, address, join, wanted.show_changes is True, nulls, version, key)


def version_of(text: str) -> Version:
    """The version a text like 1.6 names; the newest where it names none."""
    major, _, minor = text.partition(".")
    return min((int(major), int(minor)), NEWEST) if text else NEWEST


def _chosen_names(attributes: tuple[str, ...]) -> list[str]:
    return [one.name for one in projection.parse(",".join(attributes))]


def entity_of(changed: Changes, wanted: Form) -> Entity:
    """The entity as it is to be written: what went is null in it, and what changed tells what it was."""
    if changed.event.after is None:
        return _deleted(changed, wanted)
    entity = changed.event.after
    touched = changed.attributes
    needed = [
        name
        for name, one in touched.items()
        if wanted.shape.shows(name) and (one.gone or (wanted.show_changes and one.before))
    ]
    if not needed:
        return entity
    doc = dict(entity.doc)
    for name in needed:
        doc[name] = _instances(entity.doc.get(name, []), touched[name], changed, wanted)
    return msgspec.structs.replace(entity, doc=doc)


def _instances(current: list[Instance], touched: Touched, changed: Changes, wanted: Form) -> list[Instance]:
    made = []
    for instance in current:
        before = touched.before.get(instance.get("datasetId", ""))
        told = before is not None and wanted.show_changes
        made.append({**instance, **_previous(before)} if told and before is not None else instance)
    at = clock.iso(changed.event.at)
    return made + _all_gone([touched.before[name] for name in touched.gone], at, wanted, wholly=not current)


def _deleted(changed: Changes, wanted: Form) -> Entity:
    """An entity that was deleted: its id and type, and null for the attributes whose end is told."""
    at = clock.iso(changed.event.at)
    before = changed.entity
    doc: Doc = {
        name: _all_gone(instances, at, wanted, wholly=True)
        for name, instances in before.doc.items()
        if wanted.nulls is None or name in wanted.nulls
    }
    return msgspec.structs.replace(before, doc=doc, scopes=(), expires=None)


def finished(written: dict[str, Any], deleted: datetime | None, wanted: Form) -> dict[str, Any]:
    """The written entity with the moment of its deletion and, in JSON-LD, its @context."""
    if wanted.shape.geojson and written.get("geometry") == NULL:
        written["geometry"] = None
    if deleted is not None:
        head = written["properties"] if wanted.shape.geojson else written
        head["deletedAt"] = clock.iso(deleted)
    if wanted.version < NEWEST:
        written = conformed(written, wanted.version)
    return written | {"@context": wanted.address} if wanted.address else written


def _all_gone(instances: list[Instance], at: str, wanted: Form, *, wholly: bool) -> list[Instance]:
    """What stands for instances that went: where the attribute went with them and nothing is told of each, one null for all."""
    if wholly and len(instances) > 1 and not wanted.show_changes and not wanted.shape.system:
        first = {name: value for name, value in instances[0].items() if name != "datasetId"}
        return [_gone(first, at, wanted)]
    return [_gone(instance, at, wanted) for instance in instances]


def _gone(instance: Instance, at: str, wanted: Form) -> Instance:
    """What stands for an instance that went: null, and beside it only what was asked for (§5.8.6)."""
    kind = instance["type"]
    carrier = VALUE_OF[kind]
    named = {"datasetId": instance["datasetId"]} if "datasetId" in instance else {}
    extras: Instance = _previous(instance) if wanted.show_changes else {}
    if wanted.shape.system:
        extras |= {name: instance[name] for name in ("createdAt", "modifiedAt") if name in instance}
        extras["deletedAt"] = at
    if wanted.shape.format == "simplified" or (wanted.shape.format == "concise" and not extras):
        return {"type": "Property", "value": NULL, **named}
    return {"type": kind, carrier: {"@none": NULL} if kind == "LanguageProperty" else NULL, **named, **extras}


def _previous(before: Instance) -> Instance:
    carrier = VALUE_OF[before["type"]]
    return {PREVIOUS[carrier]: before[carrier]} if carrier in before else {}
