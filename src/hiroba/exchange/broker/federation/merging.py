"""Several versions of an entity, from here and from context sources, as one (CIM 009 §4.5.5.2, §4.5.5.3, §4.3.6.2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.documents.names import moment
from hiroba.exchange.broker.model import Doc, Entity, Instance, dataset

_EARLIEST = datetime.min.replace(tzinfo=UTC)


def by_id(versions: Iterable[Entity], auxiliary: Iterable[Entity], now: datetime) -> dict[str, Entity]:
    """Each entity once, in the order of their ids."""
    equals: dict[str, list[Entity]] = {}
    supplements: dict[str, list[Entity]] = {}
    for found, into in ((versions, equals), (auxiliary, supplements)):
        for entity in found:
            into.setdefault(entity.key.id, []).append(entity)
    made = {id_: merged(equals.get(id_, ()), supplements.get(id_, ()), now) for id_ in equals | supplements}
    return {id_: entity for id_, entity in sorted(made.items()) if entity is not None}


def merged(versions: Sequence[Entity], auxiliary: Sequence[Entity], now: datetime) -> Entity | None:
    """One entity of equal versions, and of auxiliary ones what the others lack; None where none is left that has not expired."""
    whole = _equals([one for one in versions if _is_alive(one, now)], now)
    extra = _equals([one for one in auxiliary if _is_alive(one, now)], now)
    if whole is None or extra is None:
        return whole or extra
    return msgspec.structs.replace(
        whole, doc=extra.doc | whole.doc, types=_together(one.types for one in (whole, extra))
    )


def _is_alive(entity: Entity, now: datetime) -> bool:
    return entity.expires is None or entity.expires > now


def _equals(versions: Sequence[Entity], now: datetime) -> Entity | None:
    if len(versions) < 2:  # noqa: PLR2004 - one version contradicts nobody
        return versions[0] if versions else None
    docs = [_expiring(one) for one in versions]
    names = dict.fromkeys(name for doc in docs for name in doc)
    doc = {name: chosen for name in names if (chosen := _instances([one.get(name, []) for one in docs], now))}
    expiries = [one.expires for one in versions if one.expires is not None]
    return msgspec.structs.replace(
        versions[0],
        doc=doc,
        types=_together(one.types for one in versions),
        scopes=_together(one.scopes for one in versions),
        created=min(one.created for one in versions),
        modified=max(one.modified for one in versions),
        expires=max(expiries) if len(expiries) == len(versions) else None,
    )


def _together(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for names in lists for name in names}))


def _expiring(entity: Entity) -> Mapping[str, list[Instance]]:
    """The attributes, none of which lasts longer than its entity (§4.5.5.2)."""
    if entity.expires is None:
        return entity.doc
    last = entity.expires
    doc: Doc = {}
    for name, instances in entity.doc.items():
        doc[name] = [
            part if _moment(part, "expiresAt", last) < last else part | {"expiresAt": clock.iso(last)}
            for part in instances
        ]
    return doc


def _instances(versions: Iterable[list[Instance]], now: datetime) -> list[Instance]:
    """One instance per dataset: the most recent of those that have not expired (§4.5.5.3)."""
    chosen: dict[str, Instance] = {}
    for instance in (one for instances in versions for one in instances):
        name = dataset(instance)
        if "expiresAt" in instance and _moment(instance, "expiresAt", now) <= now:
            continue
        if name not in chosen or _recency(instance) > _recency(chosen[name]):
            chosen[name] = instance
    return list(chosen.values())


def _recency(instance: Instance) -> tuple[datetime, datetime]:
    return _moment(instance, "observedAt", _EARLIEST), _moment(instance, "modifiedAt", _EARLIEST)


def _moment(instance: Instance, member: str, missing: datetime) -> datetime:
    return moment(instance[member], member) if member in instance else missing
