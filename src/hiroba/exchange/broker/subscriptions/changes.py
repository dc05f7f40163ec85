"""What an edit changed of an entity: which instances of which attributes came, changed or went (CIM 009 §5.8.6).

An attribute has changed when any member of it has another value than before; that it was merely written again, with new
times of the system's own, is no change.
"""

from datetime import datetime
from typing import Final

import msgspec

from hiroba.exchange.broker.events import Event
from hiroba.exchange.broker.model import Entity, Instance, dataset
from hiroba.exchange.broker.query.match import Subject

TIMES: Final = frozenset({"createdAt", "modifiedAt"})


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one attribute."""

    kinds: frozenset[str]
    """attributeCreated, attributeUpdated, attributeDeleted: an attribute has several instances."""
    before: dict[str, Instance]
    """Instances that changed or went, as they were, by their datasets."""
    gone: tuple[str, ...]
    """Datasets whose instance went."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an entity."""

    event: Event
    entity: Entity
    """As it is, or as it was where it is gone."""
    attributes: dict[str, Touched]
    subject: Subject
    """The same entity as conditions look at it."""

    @property
    def kind(self) -> str:
        """entityCreated, entityDeleted, or nothing where it was there before and still is."""
        if self.event.before is None:
            return "entityCreated"
        return "entityDeleted" if self.event.after is None else ""

    @property
    def deleted(self) -> datetime | None:
        """When the entity was deleted; None where it was not."""
        return self.event.at if self.event.after is None else None


def changes(event: Event) -> Changes | None:
    """What an event changed; None where the entity neither was nor is."""
    before, after = event.before, event.after
    entity = after or before
    if entity is None:
        return None
    old = before.doc if before is not None else {}
    new = after.doc if after is not None else {}
    touched = {}
    for name in old.keys() | new.keys():
        was, is_ = old.get(name, []), new.get(name, [])
        if was is not is_ and (found := _touched(was, is_)) is not None:
            touched[name] = found
    return Changes(event=event, entity=entity, attributes=touched, subject=subject(entity))


def _touched(was: list[Instance], is_: list[Instance]) -> Touched | None:
    old = {dataset(instance): instance for instance in was}
    new = {dataset(instance): instance for instance in is_}
    changed = {name for name in old.keys() & new.keys() if not same(old[name], new[name])}
    gone = tuple(sorted(old.keys() - new.keys()))
    kinds = {
        "attributeCreated": bool(new.keys() - old.keys()),
        "attributeUpdated": bool(changed),
        "attributeDeleted": bool(gone),
    }
    happened = frozenset(kind for kind, is_so in kinds.items() if is_so)
    if not happened:
        return None
    return Touched(kinds=happened, before={name: old[name] for name in (*changed, *gone)}, gone=gone)


def same(one: Instance, other: Instance) -> bool:
    """Whether two instances say the same, whenever they were written."""
    if one is other:
        return True
    if one.keys() - TIMES != other.keys() - TIMES:
        return False
    return all(_same_member(name, value, other[name]) for name, value in one.items() if name not in TIMES)


def _same_member(name: str, value: object, other: object) -> bool:
    if ":" in name and isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(same(one, two) for one, two in zip(value, other, strict=True))
    return value == other and isinstance(value, bool) is isinstance(other, bool)


def subject(entity: Entity) -> Subject:
    """An entity as conditions look at it."""
    return Subject(
        id=entity.key.id,
        types=entity.types,
        scopes=entity.scopes,
        doc=entity.doc,
        created=entity.created,
        modified=entity.modified,
    )
