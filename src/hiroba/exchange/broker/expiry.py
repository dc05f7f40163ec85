"""Transient entities and attributes: what is over at a moment, and when the next part will be (CIM 009 §4.22)."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from hiroba.exchange.broker.model import MEMBERS, Doc, Entity, Instance


def lapses(doc: Doc) -> datetime | None:
    """When the first of an entity's attributes, or of theirs, expires."""
    return min((moment for instances in doc.values() for moment in _moments(instances)), default=None)


def unexpired(entity: Entity, now: datetime) -> Entity | None:
    """What there is of an entity: itself where nothing of it is over, None where all of it is."""
    if entity.expires is not None and entity.expires <= now:
        return None
    if entity.lapses is None or entity.lapses > now:
        return entity
    doc = {name: left for name, instances in entity.doc.items() if (left := _left(instances, now))}
    return msgspec.structs.replace(entity, doc=doc, lapses=lapses(doc))


def _moments(instances: Iterable[Instance]) -> Iterable[datetime]:
    for instance in instances:
        if "expiresAt" in instance:
            yield _moment(instance)
        for member, value in instance.items():
            if member not in MEMBERS:
                yield from _moments(value)


def _moment(instance: Instance) -> datetime:
    return datetime.fromisoformat(instance["expiresAt"].replace(",", "."))


def _left(instances: Iterable[Instance], now: datetime) -> list[Instance]:
    return [
        {
            member: value if member in MEMBERS else left
            for member, value in instance.items()
            if member in MEMBERS or (left := _left(value, now))
        }
        for instance in instances
        if "expiresAt" not in instance or _moment(instance) > now
    ]
