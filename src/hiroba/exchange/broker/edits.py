"""What each operation makes of an entity: pure functions from the stored one and a fragment to the next one (CIM 009 §5.6).

An edit is called inside the writing transaction with the entity as it is (None where there is none) and the moment of the
write; it gives a `Change` or raises the problem that is this request's answer. It never touches what it is given.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Forbidden
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.errors import AlreadyExists, BadRequestData, ResourceNotFound
from hiroba.exchange.broker.model import DELETED, NULL, VALUE_OF, Doc, Entity, Fragment, Instance, Key, dataset
from hiroba.exchange.broker.people import kind_and_key


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a write leaves behind: the entity afterwards, None where it is gone."""

    after: Entity | None
    created: bool = False
    updated: tuple[str, ...] = ()
    """Attributes (IRIs) that were written."""
    refused: tuple[tuple[str, str], ...] = ()
    """Attributes that were not, each with its reason."""


Edit = Callable[[Key, Entity | None, datetime], Change]


def create(fragment: Fragment, owner: str) -> Edit:
    """Create an entity (§5.6.1)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        if before is not None:
            raise AlreadyExists(f"There is an entity {key.id} already.")
        return Change(after=_made(key, fragment, owner, now), created=True)

    return edit


def upsert(fragment: Fragment, owner: str, *, update: bool = False) -> Edit:
    """Create it, or replace it, or with `update` add to it (§5.6.8)."""
    adding = append(fragment)

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        if before is None:
            return Change(after=_made(key, fragment, owner, now), created=True)
        if update:
            return adding(key, before, now)
        return Change(after=_replaced(before, fragment, now), updated=tuple(fragment.doc))

    return edit


def replace(fragment: Fragment) -> Edit:
    """Replace an entity by another of the same id (§5.6.18)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        return Change(after=_replaced(_there(key, before), fragment, now), updated=tuple(fragment.doc))

    return edit


def append(fragment: Fragment, *, overwrite: bool = True) -> Edit:
    """Add attributes, or write over the ones there (§5.6.3); without `overwrite` those there stay and are named."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        doc = dict(entity.doc)
        updated, refused = [], []
        for name, instances in fragment.doc.items():
            there = {dataset(instance) for instance in doc.get(name, ())}
            fresh = [instance for instance in instances if overwrite or dataset(instance) not in there]
            if len(fresh) < len(instances):
                refused.append((name, "the attribute is there already and overwriting was not asked for"))
            if fresh:
                _set(doc, name, _overwritten(doc.get(name, []), fresh, now))
                updated.append(name)
        scopes = entity.scopes
        if fragment.scopes is not None:
            scopes = fragment.scopes if overwrite else tuple(dict.fromkeys((*entity.scopes, *fragment.scopes)))
        after = _touched(
            entity,
            now,
            doc=doc,
            types=_joined(entity, fragment),
            scopes=scopes,
            expires=_expiry(entity, fragment),
        )
        return Change(after=after, updated=tuple(updated), refused=tuple(refused))

    return edit


def update(fragment: Fragment) -> Edit:
    """Replace the attributes named, add those that are new, delete those that are null (§5.6.2, §5.5.8)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        doc = dict(entity.doc)
        updated, refused = [], []
        for name, instances in fragment.doc.items():
            missing = _missing(doc.get(name, []), instances)
            if missing:
                refused.append((name, "there is no such attribute to delete"))
            if missing < len(instances):
                _set(doc, name, _overwritten(doc.get(name, []), instances, now))
                updated.append(name)
        scopes = entity.scopes
        if fragment.scopes is not None and entity.scopes:
            scopes = fragment.scopes
            updated.append("scope")
        elif fragment.scopes is not None:
            refused.append(("scope", "the entity is in no scope that could be replaced"))
        after = _touched(
            entity,
            now,
            doc=doc,
            types=_joined(entity, fragment),
            scopes=scopes,
            expires=_expiry(entity, fragment),
        )
        return Change(after=after, updated=tuple(updated), refused=tuple(refused))

    return edit


def merge(fragment: Fragment, observed_at: str = "") -> Edit:
    """Merge a fragment into the entity, into its attributes and into their values (§5.6.17, §5.5.12)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        doc = dict(entity.doc)
        for name, instances in fragment.doc.items():
            _set(doc, name, _merged(doc.get(name, []), instances, now, observed_at))
        types = fragment.types and tuple(sorted({*entity.types, *fragment.types}))
        scopes = entity.scopes if fragment.scopes is None else fragment.scopes
        after = _touched(
            entity, now, doc=doc, types=types or entity.types, scopes=scopes, expires=_expiry(entity, fragment)
        )
        return Change(after=after, updated=tuple(fragment.doc))

    return edit


def patch_attribute(name: str, instances: list[Instance]) -> Edit:
    """Change parts of one attribute, leaving its other parts (§5.6.4)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        current = {dataset(instance): instance for instance in entity.doc.get(name, ())}
        for part in instances:
            old = current.get(dataset(part))
            if old is None:
                raise ResourceNotFound(f"{key.id} has no such attribute{_of(dataset(part))}.")
            if part.get(DELETED):
                del current[dataset(part)]
                continue
            if part.get("type", old["type"]) != old["type"]:
                raise BadRequestData(
                    f"The attribute is a {old['type']} and stays one; its type cannot be changed to {part['type']}."
                )
            current[dataset(part)] = _patched(old, part, now)
        doc = dict(entity.doc)
        _set(doc, name, list(current.values()))
        return Change(after=_touched(entity, now, doc=doc), updated=(name,))

    return edit


def replace_attribute(name: str, instances: list[Instance]) -> Edit:
    """Replace one attribute wholly (§5.6.19)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        there = {dataset(instance) for instance in entity.doc.get(name, ())}
        for part in instances:
            if dataset(part) not in there:
                raise ResourceNotFound(f"{key.id} has no such attribute{_of(dataset(part))}.")
        doc = dict(entity.doc)
        _set(doc, name, _overwritten(doc[name], instances, now))
        return Change(after=_touched(entity, now, doc=doc), updated=(name,))

    return edit


def delete_attribute(name: str, datasets: str | None) -> Edit:
    """Delete an attribute's instance of a dataset ('' the default one), or with None all of them (§5.6.5)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        kept = [
            instance for instance in entity.doc.get(name, ()) if datasets is not None and dataset(instance) != datasets
        ]
        if len(kept) == len(entity.doc.get(name, ())):
            raise ResourceNotFound(f"{key.id} has no such attribute{_of(datasets or '')}.")
        doc = dict(entity.doc)
        _set(doc, name, kept)
        return Change(after=_touched(entity, now, doc=doc), updated=(name,))

    return edit


def delete_scopes() -> Edit:
    """Take an entity out of every scope (§5.6.5, §4.18)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        if not entity.scopes:
            raise ResourceNotFound(f"{key.id} is in no scope.")
        return Change(after=_touched(entity, now, scopes=()), updated=("scope",))

    return edit


def delete() -> Edit:
    """Delete an entity (§5.6.6)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        del now
        _there(key, before)
        return Change(after=None)

    return edit


def prune(goes: Callable[[str], bool]) -> Edit:
    """Delete every attribute of which `goes` says so, and with `scope` the scopes (§5.6.21)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        entity = _there(key, before)
        gone = tuple(name for name in entity.doc if goes(name))
        scopes = () if goes("scope") else entity.scopes
        if not gone and scopes == entity.scopes:
            return Change(after=entity)
        doc = {name: instances for name, instances in entity.doc.items() if name not in gone}
        return Change(after=_touched(entity, now, doc=doc, scopes=scopes), updated=gone)

    return edit


def take(copied: Entity) -> Edit:
    """Keep a copy of an entity, times and all; attributes of it that are there already stay (§5.16.1)."""

    def edit(key: Key, before: Entity | None, now: datetime) -> Change:
        del now
        doc = copied.doc if before is None else copied.doc | before.doc
        return Change(after=msgspec.structs.replace(copied, key=key, doc=doc), created=before is None)

    return edit


def look(key: Key, before: Entity | None, now: datetime) -> Change:
    """Change nothing: the write then removes what is over (§4.22) and nothing else."""
    del key, now
    return Change(after=before)


def admitted(caller: Pass, edit: Edit) -> Edit:
    """The same edit, as far as a call may make it."""
    if caller.gate is not None:
        edit = of_people(caller.people, edit)
    return edit if caller.everywhere else only_of(caller.owner, edit)


def of_people(people: frozenset[str], edit: Edit) -> Edit:
    """The same edit in a tenant of personal data: the entity is that of one of these people, as its id says."""

    def guarded(key: Key, before: Entity | None, now: datetime) -> Change:
        named = kind_and_key(key.id)
        if named is None or named[1] not in people:
            raise BadRequestData(
                "Here an entity is somebody's, and its id says whose: urn:ngsi-ld:{Kind}:{person} or "
                "urn:ngsi-ld:{Kind}:{person}:{anything}, where {person} is the 43 characters by which your application "
                f"knows that person (and Hiroba-Subject, where it is sent). {key.id[:200]} names nobody you know."
            )
        change = edit(key, before, now)
        if change.after is None or change.after.subject == named[1]:
            return change
        if not any(type_.endswith((f"/{named[0]}", f":{named[0]}", f"#{named[0]}")) for type_ in change.after.types):
            raise BadRequestData(f"{named[0]} in the id is the name of one of the entity's types.")
        return msgspec.structs.replace(change, after=msgspec.structs.replace(change.after, subject=named[1]))

    return guarded


def only_of(owner: str, edit: Edit) -> Edit:
    """The same edit, for a caller that may change its own entities alone, and put them below its own scope."""

    def guarded(key: Key, before: Entity | None, now: datetime) -> Change:
        if before is not None and before.owner != owner:
            raise Forbidden(f"{key.id} belongs to another organisation.")
        change = edit(key, before, now)
        for scope in change.after.scopes if change.after is not None else ():
            level = scope.split("/")[1]
            if level != f"lg{owner}" and not level.startswith(f"lg{owner}_"):
                raise Forbidden(f"The scope {scope} is not below /lg{owner}_…, which is yours.")
        return change

    return guarded


def _expiry(entity: Entity, fragment: Fragment) -> datetime | None:
    return None if fragment.for_ever else fragment.expires or entity.expires


def _there(key: Key, entity: Entity | None) -> Entity:
    if entity is None:
        raise ResourceNotFound(f"There is no entity {key.id}.")
    return entity


def _of(datasets: str) -> str:
    return f" in dataset {datasets}" if datasets else ""


def _made(key: Key, fragment: Fragment, owner: str, now: datetime) -> Entity:
    at = clock.iso(now)
    doc = {name: [_stamped(instance, at) for instance in instances] for name, instances in fragment.doc.items()}
    return Entity(
        key=key,
        types=fragment.types,
        doc=doc,
        scopes=fragment.scopes or (),
        owner=owner,
        created=now,
        modified=now,
        expires=fragment.expires,
    )


def _replaced(before: Entity, fragment: Fragment, now: datetime) -> Entity:
    made = _made(before.key, fragment, before.owner, now)
    return msgspec.structs.replace(
        made, created=before.created, types=fragment.types or before.types, subject=before.subject
    )


def _touched(entity: Entity, now: datetime, **changes: Any) -> Entity:
    return msgspec.structs.replace(entity, modified=now, **changes)


def _joined(entity: Entity, fragment: Fragment) -> tuple[str, ...]:
    return tuple(sorted({*entity.types, *fragment.types})) if fragment.types else entity.types


def _set(doc: Doc, name: str, instances: list[Instance]) -> None:
    if instances:
        doc[name] = instances
    else:
        doc.pop(name, None)


def _stamped(instance: Instance, at: str, created: str = "") -> Instance:
    """The instance with the times the system keeps, its sub-attributes too (§4.8)."""
    made = {
        name: [_stamped(part, at) for part in value] if _is_sub(name, value) else value
        for name, value in instance.items()
        if value != NULL
    }
    made["createdAt"] = created or at
    made["modifiedAt"] = at
    return made


def _is_sub(name: str, value: Any) -> bool:
    return isinstance(value, list) and ":" in name


def _overwritten(old: list[Instance], new: Iterable[Instance], now: datetime) -> list[Instance]:
    """The instances after `new` replaced those of the same dataset, deleted them, or came beside them."""
    at = clock.iso(now)
    current = {dataset(instance): instance for instance in old}
    for instance in new:
        before = current.get(dataset(instance))
        if instance.get(DELETED):
            current.pop(dataset(instance), None)
        else:
            current[dataset(instance)] = _stamped(instance, at, before["createdAt"] if before else "")
    return list(current.values())


def _missing(old: list[Instance], new: Iterable[Instance]) -> int:
    there = {dataset(instance) for instance in old}
    return sum(1 for instance in new if instance.get(DELETED) and dataset(instance) not in there)


def _patched(old: Instance, part: Instance, now: datetime) -> Instance:
    """One instance with the members of `part` put over its own; a null member goes."""
    at = clock.iso(now)
    made = dict(old)
    for name, value in part.items():
        if value == NULL:
            made.pop(name, None)
        elif _is_sub(name, value):
            _set(made, name, _overwritten(made.get(name, []), value, now))
        else:
            made[name] = value
    made["modifiedAt"] = at
    return made


def _merged(old: list[Instance], new: Iterable[Instance], now: datetime, observed_at: str) -> list[Instance]:
    """The instances after each of `new` was merged into the one of its dataset."""
    at = clock.iso(now)
    current = {dataset(instance): instance for instance in old}
    for part in new:
        before = current.get(dataset(part))
        if part.get(DELETED):
            current.pop(dataset(part), None)
            continue
        if before is None or before["type"] != part["type"]:
            made = _stamped(_without_nulls(part), at, before["createdAt"] if before else "")
        else:
            made = _patched(before, {name: value for name, value in part.items() if not _is_sub(name, value)}, now)
            carrier = VALUE_OF[part["type"]]
            if carrier in part:
                made[carrier] = _merge_value(before.get(carrier), part[carrier])
            for name, value in part.items():
                if _is_sub(name, value):
                    _set(made, name, _merged(made.get(name, []), value, now, ""))
        if observed_at and "observedAt" not in part and "observedAt" in made:
            made["observedAt"] = observed_at
        current[dataset(part)] = made
    return list(current.values())


def _merge_value(old: Any, new: Any) -> Any:
    """A JSON merge patch (RFC 7396) with NGSI-LD's null."""
    if not isinstance(new, dict) or new.get("type") in {
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
    }:
        return new
    merged = dict(old) if isinstance(old, dict) else {}
    for name, value in new.items():
        if value == NULL:
            merged.pop(name, None)
        else:
            merged[name] = _merge_value(merged.get(name), value)
    return merged


def _without_nulls(instance: Instance) -> Instance:
    carrier = VALUE_OF[instance["type"]]
    return {**instance, carrier: _merge_value(None, instance[carrier])} if carrier in instance else instance
