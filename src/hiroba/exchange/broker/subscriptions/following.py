"""The entities that conditions look into through relationships, fetched for a whole round at once (CIM 009 §4.9)."""

from collections.abc import Iterable

from hiroba.base.db import Connection
from hiroba.exchange.broker import store
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.query import reach
from hiroba.exchange.broker.query.match import Subject, unwrapped, walk
from hiroba.exchange.broker.query.tree import Linked
from hiroba.exchange.broker.subscriptions.changes import subject

Reached = dict[tuple[str, str], Subject]
"""Entities by tenant and id."""


async def reached(conn: Connection, starts: Iterable[tuple[Entity, tuple[Linked, ...]]]) -> Reached:
    """What the relationships of these targets lead to from these entities: one question per step and tenant."""
    known: Reached = {}
    frontier = [(entity.key.tenant, subject(entity), target) for entity, targets in starts for target in targets]
    while frontier:
        steps = [(tenant, target, _objects(start, target.relation)) for tenant, start, target in frontier]
        missing: dict[str, set[str]] = {}
        for tenant, _, ids in steps:
            missing.setdefault(tenant, set()).update(id_ for id_ in ids if (tenant, id_) not in known)
        for tenant, ids in missing.items():
            if ids:
                found = await store.entities_of(conn, tenant, ids)
                known |= {(tenant, id_): subject(entity) for id_, entity in found.items()}
        frontier = [
            (tenant, known[tenant, id_], target.rest)
            for tenant, target, ids in steps
            if isinstance(target.rest, Linked)
            for id_ in ids
            if (tenant, id_) in known
        ]
    return known


def _objects(start: Subject, relation: str) -> set[str]:
    instances = unwrapped(walk(start.doc, (relation,)))
    ends = (end for way in reach.OBJECTS for one in instances for end in unwrapped(walk(one, way)))
    return {end for end in ends if isinstance(end, str)}
