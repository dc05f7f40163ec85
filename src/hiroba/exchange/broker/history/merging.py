"""The past of an entity from several places as one (CIM 009 §5.7.3.4, §5.7.4.4, §4.5.5.3). Pure.

A version is an entity whose attributes hold instances over time, each with the times it has. Of one dataset there is one
instance at one time: that which was modified last.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from re import compile as pattern
from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.documents.evolution_writing import Moment, Series
from hiroba.exchange.broker.documents.names import moment
from hiroba.exchange.broker.history.model import INSTANCE_PREFIX, SCOPE
from hiroba.exchange.broker.history.questions import Period, Wanted
from hiroba.exchange.broker.history.store.reading import Head, Row
from hiroba.exchange.broker.model import Doc, Entity, Instance, dataset
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.temporal import Temporal

OF_RECORDS: Final = ("createdAt", "modifiedAt", "deletedAt", "instanceId")
"""Members of an instance that are kept beside its value."""
_RANGE: Final = pattern(r"Z-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)")
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def version(head: Head, rows: Iterable[Row]) -> Entity:
    """What is recorded here of an entity."""
    doc: Doc = {}
    for row in rows:
        told: Instance = {
            "createdAt": clock.iso(row.created),
            "modifiedAt": clock.iso(row.modified or row.at),
            "instanceId": INSTANCE_PREFIX + row.instance,
        }
        if row.deleted is not None:
            told["deletedAt"] = clock.iso(row.deleted)
        doc.setdefault(row.name, []).append(row.value | told)
    return Entity(key=head.key, types=head.types, doc=doc, created=head.created, modified=head.modified or head.created)


def time_of(instance: Instance, timeproperty: str) -> datetime | None:
    """When an instance was, by the time that is asked for; without one by its observation, else by its modification."""
    names = (timeproperty,) if timeproperty else ("observedAt", "modifiedAt", "createdAt", "deletedAt")
    return next((moment(instance[name], name) for name in names if name in instance), None)


def merged(versions: Iterable[Entity], auxiliary: Iterable[Entity], wanted: Wanted) -> Entity | None:
    """One past of equal versions, and of auxiliary ones the instances of times that the others have none of."""
    whole = list(versions)
    extra = list(auxiliary)
    if not whole and not extra:
        return None
    first = (whole or extra)[0]
    slots: dict[str, dict[tuple[str, datetime], Instance]] = {}
    for entity in whole:
        for name, at, instance in _chosen(entity.doc, wanted):
            _put(slots.setdefault(name, {}), at, instance)
    fillers: dict[str, dict[tuple[str, datetime], Instance]] = {}
    for entity in extra:
        for name, at, instance in _chosen(entity.doc, wanted):
            if (dataset(instance), at) not in slots.get(name, {}):
                _put(fillers.setdefault(name, {}), at, instance)
    doc = {
        name: [mine[slot] for slot in sorted(mine, key=lambda slot: (slot[1], slot[0]))]
        for name in sorted(slots | fillers)
        if (mine := slots.get(name, {}) | fillers.get(name, {}))
    }
    everything = [*whole, *extra]
    return msgspec.structs.replace(
        first,
        types=tuple(sorted({name for one in everything for name in one.types})),
        doc=doc,
        scopes=(),
        created=min(one.created for one in everything),
        modified=max(one.modified for one in everything),
        expires=None,
    )


def _chosen(doc: Doc, wanted: Wanted) -> Iterator[tuple[str, datetime, Instance]]:
    """The instances that are asked for, each with its time."""
    period = Temporal(wanted.period.start, wanted.period.end)
    for name, instances in doc.items():
        if name in wanted.omitted or (wanted.names is not None and name not in wanted.names):
            continue
        for instance in instances:
            at = time_of(instance, wanted.period.timeproperty)
            if at is None or not period.matches(at):
                continue
            if wanted.datasets is None or dataset(instance) in wanted.datasets:
                yield name, at, instance


def _put(slots: dict[tuple[str, datetime], Instance], at: datetime, instance: Instance) -> None:
    slot = (dataset(instance), at)
    if slot not in slots or _recency(instance) > _recency(slots[slot]):
        slots[slot] = instance


def _recency(instance: Instance) -> datetime:
    return moment(instance["modifiedAt"], "modifiedAt") if "modifiedAt" in instance else _EARLIEST


def last(entity: Entity, number: int | None) -> Entity:
    """Only so many instances of each attribute, from the latest on."""
    if number is None:
        return entity
    return msgspec.structs.replace(entity, doc={name: found[-number:] for name, found in entity.doc.items()})


def times(entity: Entity, period: Period) -> Iterator[datetime]:
    """The times of all its instances."""
    for instances in entity.doc.values():
        for instance in instances:
            at = time_of(instance, period.timeproperty)
            if at is not None:
                yield at


def within(entity: Entity, period: Period, *, since: datetime | None = None, until: datetime | None = None) -> Entity:
    """What of it lies between these moments, both of them included."""

    def is_inside(instance: Instance) -> bool:
        at = time_of(instance, period.timeproperty)
        return at is not None and (since is None or at >= since) and (until is None or at <= until)

    doc = {name: list(filter(is_inside, instances)) for name, instances in entity.doc.items()}
    return msgspec.structs.replace(entity, doc=doc)


def in_scopes(entity: Entity, scopes: Scopes, period: Period) -> Entity | None:
    """What of it was while the entity was in such scopes, as far as its scopes are told here; None: nothing (§4.18)."""
    records = sorted(entity.doc.get(SCOPE, ()), key=_since)
    spans = [
        Temporal(_since(one), _since(records[number + 1]) if number + 1 < len(records) else None)
        for number, one in enumerate(records)
        if "deletedAt" not in one and scopes.matches(tuple(one["value"]))
    ]

    def is_inside(instance: Instance) -> bool:
        at = time_of(instance, period.timeproperty)
        return at is not None and any(span.matches(at) for span in spans)

    doc = {name: kept for name, found in entity.doc.items() if (kept := list(filter(is_inside, found)))}
    return msgspec.structs.replace(entity, doc=doc) if doc else None


def _since(record: Instance) -> datetime:
    return time_of(record, "observedAt") or time_of(record, "deletedAt") or _EARLIEST


def present(entity: Entity) -> Doc:
    """Its attributes as conditions look at them: every instance that tells no deletion."""
    return {
        name: there
        for name, instances in entity.doc.items()
        if (there := [instance for instance in instances if "deletedAt" not in instance])
    }


def series(entity: Entity, period: Period) -> list[Series]:
    """Its instances as they are written, by attribute, type and dataset."""
    found: dict[tuple[str, str, str], list[Moment]] = {}
    for name, instances in entity.doc.items():
        for instance in instances:
            key = (name, instance["type"], dataset(instance))
            found.setdefault(key, []).append(_moment(instance, entity, period))
    return [Series(name=name, type=kind, dataset=set_, moments=mine) for (name, kind, set_), mine in found.items()]


def _moment(instance: Instance, entity: Entity, period: Period) -> Moment:
    def said(member: str) -> datetime | None:
        return moment(instance[member], member) if member in instance else None

    created = said("createdAt") or entity.created
    return Moment(
        instance=instance.get("instanceId", ""),
        time=time_of(instance, period.timeproperty) or created,
        created=created,
        modified=said("modifiedAt") or created,
        deleted=said("deletedAt"),
        value={member: value for member, value in instance.items() if member not in OF_RECORDS},
    )


def by_id(versions: Iterable[Entity]) -> Mapping[str, list[Entity]]:
    """The versions of each entity."""
    found: dict[str, list[Entity]] = {}
    for one in versions:
        found.setdefault(one.key.id, []).append(one)
    return found


def edge(text: str) -> datetime | None:
    """The moment to which a partial answer reaches: the second of Content-Range (§6.3.10); None where it says none."""
    found = _RANGE.search(text)
    return None if found is None else moment(found[1], "Content-Range")
