"""What is written of the past itself: instances added, corrected and removed (CIM 009 §5.6.11 to §5.6.16)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from hiroba.base import clock, ids
from hiroba.base.db import Connection
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.errors import ResourceNotFound
from hiroba.exchange.broker.history import merging
from hiroba.exchange.broker.history.model import INSTANCE_PREFIX, SCOPE, Evolution, Record, null_of
from hiroba.exchange.broker.history.records import joined, record_of
from hiroba.exchange.broker.history.store import copying, writing
from hiroba.exchange.broker.model import DELETED, Doc, Entity, Fragment, Instance, Key

_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


async def upsert(conn: Connection, key: Key, fragment: Fragment, admitted: Pass) -> bool:
    """Make an entity's evolution or add to it (§5.6.11); whether it was made.

    What is said again of the same dataset and the same observedAt is a correction, so that a sensor may repeat itself.
    """
    now = clock.now()
    known = await writing.lock(conn, key)
    if known is not None:
        admitted.must_own(known.owner, known.key.id)
    fresh = Evolution(
        key=key,
        types=fragment.types,
        names=tuple(fragment.doc),
        owner=known.owner if known else admitted.owner,
        created=now,
        deleted=known.deleted if known else None,
    )
    was_there = known is not None and await writing.has_instances(conn, key)
    records = _records(key, fragment.doc, now)
    since = await writing.take_replaced(conn, records) if was_there else {}
    records = [
        msgspec.structs.replace(one, created=since.get((one.name, one.dataset, one.observed), now)) for one in records
    ]
    await writing.record(conn, [joined(known, fresh) if known else fresh], records)
    return not was_there


async def add(conn: Connection, key: Key, fragment: Fragment, admitted: Pass) -> None:
    """Add instances to an evolution that is there (§5.6.12)."""
    known = await _there(conn, key, admitted)
    fresh = msgspec.structs.replace(known, types=fragment.types, names=tuple(fragment.doc))
    await writing.record(conn, [joined(known, fresh)], _records(key, fragment.doc, clock.now()))


async def delete(conn: Connection, key: Key, admitted: Pass) -> None:
    """Remove everything that is recorded of an entity (§5.6.16)."""
    await _there(conn, key, admitted)
    await writing.forget(conn, key)
    await writing.forget_evolution(conn, key)


async def delete_attribute(conn: Connection, key: Key, name: str, dataset: str | None, admitted: Pass) -> None:
    """Remove what is recorded of an attribute in a dataset ('' the default one), or with None in all of them (§5.6.13)."""
    await _there(conn, key, admitted)
    if not await writing.forget(conn, key, name, dataset):
        raise ResourceNotFound(f"No such attribute is recorded of {key.id}.")


async def replace_instance(
    conn: Connection, key: Key, name: str, urn: str, instance: Instance, *, admitted: Pass
) -> None:
    """Put another instance in the place of one (§5.6.14): created when it was, modified now."""
    await _there(conn, key, admitted)
    id_, at = _moment_of(urn)
    found = await writing.find(conn, key, name, id_, at)
    if found is None:
        raise ResourceNotFound(f"No instance {urn} of this attribute is recorded of {key.id}.")
    fresh = _record(key, name, instance, id_, found["at"])
    await writing.correct(conn, msgspec.structs.replace(fresh, created=found["created"], modified=clock.now()))


async def delete_instance(conn: Connection, key: Key, name: str, urn: str, admitted: Pass) -> None:
    """Remove one instance (§5.6.15)."""
    await _there(conn, key, admitted)
    id_, _ = _moment_of(urn)
    if not await writing.forget(conn, key, name, instance=id_):
        raise ResourceNotFound(f"No instance {urn} of this attribute is recorded of {key.id}.")


async def keep(conn: Connection, tenant: str, owner: str, pasts: Sequence[Entity]) -> int:
    """Keep pasts as they were in another tenant, instances with the names they have where they are ours; how many instances."""
    records = [record for one in pasts for record in _copies(Key(tenant, one.key.path, one.key.id), one)]
    evolutions = [
        Evolution(
            key=Key(tenant, one.key.path, one.key.id),
            types=one.types,
            names=tuple(one.doc),
            owner=owner,
            created=one.created,
        )
        for one in pasts
    ]
    await copying.put(conn, evolutions, records)
    return len(records)


def _copies(key: Key, past: Entity) -> Iterator[Record]:
    for name, instances in past.doc.items():
        for instance in instances:
            modified = merging.time_of(instance, "modifiedAt") or past.modified
            id_ = str(instance.get("instanceId", "")).removeprefix(INSTANCE_PREFIX)
            seconds = ids.moment_of(id_)
            is_ours = seconds is not None and seconds < _END
            at = _moment(seconds) if is_ours and seconds is not None else modified
            plain = {member: value for member, value in instance.items() if member not in merging.OF_RECORDS}
            made = record_of(key, name, plain, id_ if is_ours else next(ids.ulids(at)), at)
            yield msgspec.structs.replace(
                made,
                created=merging.time_of(instance, "createdAt") or at,
                modified=modified,
                deleted=merging.time_of(instance, "deletedAt"),
            )


async def mark_deleted(conn: Connection, key: Key, name: str, dataset: str | None, admitted: Pass) -> bool:
    """Record that an attribute of an entity known by its past alone was deleted; whether there was such an attribute."""
    known = await writing.lock(conn, key)
    if known is None:
        return False
    admitted.must_own(known.owner, known.key.id)
    now = clock.now()
    last = await writing.last_of(conn, key, name)
    gone = [instance for one, instance in last.items() if dataset is None or one == dataset]
    fresh = ids.ulids(now)
    records = [
        Record(
            key=key, name=name, instance=next(fresh), at=now, created=now, deleted=now, value=_marker(name, instance)
        )
        for instance in gone
    ]
    await writing.record(conn, [], records)
    return bool(records)


def _marker(name: str, last: Instance) -> Instance:
    if name == SCOPE:
        return {"type": "Property", "value": []}
    return null_of(last["type"]) | ({"datasetId": last["datasetId"]} if "datasetId" in last else {})


def _records(key: Key, doc: Doc, now: datetime) -> list[Record]:
    fresh = ids.ulids(now)
    return [_record(key, name, instance, next(fresh), now) for name, instances in doc.items() for instance in instances]


def _record(key: Key, name: str, instance: Instance, id_: str, now: datetime) -> Record:
    """A record of an instance from outside; one that says "deleted" was deleted when it was observed, or now."""
    plain = {member: value for member, value in instance.items() if member != DELETED}
    made = record_of(key, name, plain, id_, now)
    return msgspec.structs.replace(made, deleted=made.observed or now) if DELETED in instance else made


async def _there(conn: Connection, key: Key, admitted: Pass) -> Evolution:
    known = await writing.lock(conn, key)
    if known is None or not await writing.has_instances(conn, key):
        raise ResourceNotFound(f"Nothing is recorded of {key.id}.")
    admitted.must_own(known.owner, known.key.id)
    return known


def _moment_of(urn: str) -> tuple[str, datetime]:
    """The record that a URN names, and the millisecond it was recorded in."""
    id_ = urn.removeprefix(INSTANCE_PREFIX)
    seconds = ids.moment_of(id_)
    if seconds is None or seconds >= _END:
        raise ResourceNotFound(f"No instance {urn} is recorded.")
    return id_, _moment(seconds)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(seconds * 1000))
