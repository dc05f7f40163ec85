"""Linked Entity retrieval: what relationships lead to, inside the entities that link to it or beside them (CIM 009 §4.5.23).

    pairs = await joined(page.entities, shape, Join(levels=2), held(conn, tenant))
    document = writing.collected(pairs, shape)

Each level is one question to whoever holds the entities; circles end where an entity was met before.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker import store
from hiroba.exchange.broker.documents.writing import Links, Shape, targets
from hiroba.exchange.broker.errors import TooManyResults
from hiroba.exchange.broker.model import Entity

DEEPEST: Final = 20
"""Relationships that are followed one after another."""
MOST: Final = 10_000
"""Linked entities of one answer, each counted as often as it is written."""

Fetch = Callable[[Collection[str]], Awaitable[Mapping[str, Entity]]]
"""Ids → those of the entities that are there."""
_Reached = dict[tuple[str, int], tuple[Entity, Shape]]


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """How linked entities are wanted."""

    flat: bool = False
    """Beside the entities that link to them rather than inside."""
    levels: int = 1
    met: frozenset[str] = frozenset()
    """Ids that the caller has come by already (containedBy)."""


def held(conn: Connection, tenant: str) -> Fetch:
    """The entities held here."""
    return partial(store.entities_of, conn, tenant)


async def joined(entities: Sequence[Entity], shape: Shape, join: Join, fetch: Fetch) -> list[tuple[Entity, Shape]]:
    """The entities to be written, each with its shape; what they link to follows them, or hangs in their shapes."""
    known = {entity.key.id: entity for entity in entities}
    reached: _Reached = {}
    frontier = [(entity, shape) for entity in entities]
    for _ in range(join.levels):
        steps = [step for entity, its in frontier for step in _links(entity, its) if step[0] not in join.met]
        if missing := {id_ for id_, _ in steps} - known.keys():
            known |= await fetch(missing)
            if len(known) - len(entities) > MOST:
                raise TooManyResults(f"More than {MOST} linked entities; ask for fewer levels, or pick relationships.")
        fresh = {(id_, id(its)): (known[id_], its) for id_, its in steps if id_ in known}
        frontier = [pair for key, pair in fresh.items() if key not in reached]
        reached |= fresh
        if not frontier:
            break
    if join.flat:
        return [*((entity, shape) for entity in entities), *_each_once(reached, {entity.key.id for entity in entities})]
    weighed: dict[tuple[str, int, int], int] = {}
    if sum(_weight(entity, shape, join.levels, known, weighed) for entity in entities) > MOST:
        raise TooManyResults(f"More than {MOST} linked entities would be written; ask for fewer levels, or join=flat.")
    hanging = msgspec.structs.replace(shape, links=Links(known, join.levels, join.met))
    return [(entity, hanging) for entity in entities]


def told(pairs: Sequence[tuple[Entity, Shape]]) -> Iterator[tuple[Entity, Shape]]:
    """Every entity that stands in what is written of these pairs, those inside others included."""
    yield from pairs
    for entity, shape in pairs:
        if shape.links is not None:
            inside = msgspec.structs.replace(shape, attrs=None, omit=frozenset())
            yield from ((one, inside) for one in shape.links.found.values() if one is not entity)


def _links(entity: Entity, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """The ids an entity points to by the relationships that are shown, and the shape of what is there."""
    for name, instances in entity.doc.items():
        if shape.shows(name):
            for instance in shape.chosen(instances):
                for id_ in targets(instance):
                    yield id_, shape.below(name)


def _each_once(reached: _Reached, seen: set[str]) -> Iterator[tuple[Entity, Shape]]:
    for (id_, _), pair in reached.items():
        if id_ not in seen:
            seen.add(id_)
            yield pair


def _weight(
    entity: Entity, shape: Shape, levels: int, known: Mapping[str, Entity], weighed: dict[tuple[str, int, int], int]
) -> int:
    """At most how many entities are written inside this one; circles are counted as if they went on."""
    if levels == 0:
        return 0
    key = (entity.key.id, id(shape), levels)
    if key not in weighed:
        weighed[key] = sum(
            1 + _weight(known[id_], below, levels - 1, known, weighed)
            for id_, below in _links(entity, shape)
            if id_ in known
        )
    return weighed[key]
