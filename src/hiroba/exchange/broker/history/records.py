"""From what happened to what is recorded: the instances that an event made, changed or deleted (CIM 009 §4.5.6 to §4.5.8)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from hiroba.base.ids import ulids
from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.history.model import SCOPE, Evolution, Record, null_of
from hiroba.exchange.broker.model import Doc, Entity, Instance, Key, dataset

_TIMES = ("createdAt", "modifiedAt")
_FIRST = datetime.min.replace(tzinfo=UTC) + datetime.resolution
_LAST = datetime.max.replace(tzinfo=UTC) - datetime.resolution


def records_of(events: Iterable[Event]) -> Iterator[Record]:
    """Everything that the events say of attributes and scopes, in their order."""
    at: datetime | None = None
    for event in events:
        if event.at != at:
            at, fresh = event.at, ulids(event.at)
        yield from _of_people(event, _records_of(event, fresh))


def _of_people(event: Event, records: Iterable[Record]) -> Iterable[Record]:
    """The records of an event with whose they are, where they are somebody's."""
    known = event.after or event.before
    if known is None or known.subject is None:
        return records
    return (msgspec.structs.replace(record, subject=known.subject) for record in records)


def _records_of(event: Event, fresh: Iterator[str]) -> Iterator[Record]:
    before, after = _doc(event.before), _doc(event.after)
    for name, kind, gone in _gone(before, after):
        null = null_of(kind) | ({"datasetId": gone} if gone else {})
        yield Record(
            key=event.key,
            name=name,
            instance=next(fresh),
            at=event.at,
            created=event.at,
            deleted=event.at,
            value=null,
        )
    for name, instance in () if event.expired else _written(before, after):
        yield record_of(event.key, name, instance, next(fresh), event.at)
    yield from _scopes(event, fresh)


def record_of(key: Key, name: str, instance: Instance, id_: str, at: datetime) -> Record:
    """One stored instance as a record."""
    return Record(
        key=key,
        name=name,
        instance=id_,
        at=at,
        observed=_moment(instance.get("observedAt")),
        created=_moment(instance.get("createdAt")) or at,
        value={member: value for member, value in instance.items() if member not in _TIMES},
    )


def scope_record(key: Key, scopes: Sequence[str], id_: str, at: datetime) -> Record:
    """The scopes an entity is in from now on, or that it is in none any more; observed when it was modified (§4.5.6)."""
    value: Instance = {"type": "Property", "value": list(scopes)}
    if not scopes:
        return Record(key=key, name=SCOPE, instance=id_, at=at, created=at, deleted=at, value=value)
    value["observedAt"] = at.isoformat().replace("+00:00", "Z")
    return Record(key=key, name=SCOPE, instance=id_, at=at, observed=at, created=at, value=value)


def evolutions_of(events: Iterable[Event]) -> list[Evolution]:
    """What changed about the entities themselves: they came or went, or have a type or an attribute they had not before."""
    changed: dict[Key, Evolution] = {}
    for event in events:
        before, after = event.before, event.after
        known = after or before
        if known is None or (before is not None and after is not None and not _is_new(before, after)):
            continue
        seen = changed.get(event.key)
        now = Evolution(
            key=event.key,
            types=known.types,
            names=_names(known),
            owner=known.owner,
            created=known.created,
            deleted=event.at if after is None else None,
            subject=known.subject,
        )
        changed[event.key] = now if seen is None else joined(seen, now)
    return list(changed.values())


def joined(earlier: Evolution, later: Evolution) -> Evolution:
    """Both in one: every type and attribute of either."""
    return msgspec.structs.replace(
        later,
        types=tuple(sorted({*earlier.types, *later.types})),
        names=tuple(sorted({*earlier.names, *later.names})),
        created=min(earlier.created, later.created),
    )


def _doc(entity: Entity | None) -> Doc:
    return {} if entity is None else entity.doc


def _names(entity: Entity) -> tuple[str, ...]:
    return (*entity.doc, SCOPE) if entity.scopes else tuple(entity.doc)


def _is_new(before: Entity, after: Entity) -> bool:
    if after.types != before.types or (after.scopes and not before.scopes):
        return True
    return bool(after.doc.keys() - before.doc.keys())


def _gone(before: Doc, after: Doc) -> Iterator[tuple[str, str, str]]:
    """Name, type and dataset of the instances that are no longer there."""
    for name, instances in before.items():
        now = after.get(name, ())
        if now is not instances:
            there = {dataset(instance) for instance in now}
            for instance in instances:
                if dataset(instance) not in there:
                    yield name, instance["type"], dataset(instance)


def _written(before: Doc, after: Doc) -> Iterator[tuple[str, Instance]]:
    """The instances that are not the very ones from before: an edit leaves alone what it does not write."""
    for name, instances in after.items():
        old = before.get(name, ())
        if instances is not old:
            for instance in instances:
                if not old or not any(instance is one for one in old):
                    yield name, instance


def _scopes(event: Event, fresh: Iterator[str]) -> Iterator[Record]:
    before = event.before.scopes if event.before else ()
    after = event.after.scopes if event.after else ()
    if before != after:
        yield scope_record(event.key, after, next(fresh), event.at)


@lru_cache(1_000)
def _moment(text: str | None) -> datetime | None:
    """A moment that PostgreSQL keeps as one: the very first and the very last of the calendar are its infinities."""
    if text is None:
        return None
    return min(max(datetime.fromisoformat(text.replace(",", ".")), _FIRST), _LAST)
