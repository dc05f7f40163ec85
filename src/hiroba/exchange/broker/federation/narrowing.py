"""What a source may be asked of what is wanted, and what may be taken from its answer (CIM 009 §4.3.6.1). Pure.

Never more than it is registered for.
"""

from collections.abc import Iterable, Iterator

import msgspec

from hiroba.exchange.broker.model import Entity, dataset
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.matching import Entities, Match, may_mean
from hiroba.exchange.broker.sources.model import PROXIED
from hiroba.exchange.broker.sources.model import Selector as Registered


def selectors(match: Match, wanted: Iterable[Selector]) -> tuple[Selector, ...]:
    """The selectors of a query, narrowed to the entities a source is registered for; those that differ by id alone are one."""
    asked = tuple(wanted) or (Selector(),)
    found: dict[tuple[str, Types], list[str]] = {}
    for part in match.information:
        for one in asked:
            for narrow in (_narrow(one, registered) for registered in part.entities) if part.entities else (one,):
                if narrow is not None:
                    found.setdefault((narrow.pattern, narrow.types), []).extend(narrow.ids or ("",))
    return tuple(
        Selector(ids=() if "" in ids else tuple(dict.fromkeys(ids)), pattern=pattern, types=types)
        for (pattern, types), ids in found.items()
    )


def _narrow(wanted: Selector, registered: Registered) -> Selector | None:
    """What both select; None where that is nothing."""
    if not may_mean(registered, Entities(ids=wanted.ids, pattern=wanted.pattern, types=wanted.types)):
        return None
    if wanted.types.groups:
        types = Types(tuple(group for group in wanted.types.groups if set(group) <= set(registered.types)))
    else:
        types = Types((registered.types,)) if registered.types else Types()
    if registered.id:
        return Selector(ids=(registered.id,), types=types)
    if registered.pattern and wanted.ids:
        expression = compiled(registered.pattern)
        return Selector(ids=tuple(id_ for id_ in wanted.ids if expression.search(id_)), types=types)
    return Selector(ids=wanted.ids, pattern=wanted.pattern or registered.pattern, types=types)


def taken(entity: Entity, match: Match) -> Entity | None:
    """What of an entity that a source gave is covered by its registration."""
    shares = [part for part in match.information if not part.entities or _means(part.entities, entity)]
    if not shares:
        return None
    doc = entity.doc
    if all(part.attributes for part in shares):
        offered = frozenset[str]().union(*(part.attributes for part in shares))
        doc = {name: instances for name, instances in doc.items() if name in offered}
    if datasets := match.registration.datasets:
        doc = {
            name: kept for name, parts in doc.items() if (kept := [one for one in parts if dataset(one) in datasets])
        }
    return entity if doc is entity.doc else msgspec.structs.replace(entity, doc=doc)


def is_selected(entity: Entity, wanted: Iterable[Selector]) -> bool:
    """Whether an entity that a source gave is one that was asked for."""
    asked = tuple(wanted)
    return not asked or any(
        (not one.ids or entity.key.id in one.ids)
        and (not one.pattern or bool(compiled(one.pattern).search(entity.key.id)))
        and one.types.matches(entity.types)
        for one in asked
    )


def kept(entity: Entity, matches: Iterable[Match]) -> Entity | None:
    """What of an entity that is held here is this broker's to give, none of it where a source owns it whole (§4.3.6.3)."""
    doc = entity.doc
    for attributes in _owned(entity, matches):
        if not attributes:
            return None
        doc = {name: instances for name, instances in doc.items() if name not in attributes}
    return entity if doc is entity.doc else msgspec.structs.replace(entity, doc=doc)


def _owned(entity: Entity, matches: Iterable[Match]) -> Iterator[frozenset[str]]:
    """The attributes of an entity that sources own; an empty set: all of them."""
    for match in matches:
        if match.registration.mode not in PROXIED:
            continue
        for part in match.information:
            if not part.entities or _means(part.entities, entity):
                yield part.attributes


def _means(registered: Iterable[Registered], entity: Entity) -> bool:
    entities = Entities(ids=(entity.key.id,), of=frozenset(entity.types))
    return any(may_mean(one, entities) for one in registered)
