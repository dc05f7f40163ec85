"""Does a change concern a subscription? Who is selected, what triggers, which conditions hold (CIM 009 §5.2.12, §5.8.6). Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.query import q, scopes, types
from hiroba.exchange.broker.query.geo import Geo
from hiroba.exchange.broker.query.match import Follow, Subject, matches
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.tree import And, Linked, Or, Query
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.subscriptions.changes import Changes
from hiroba.exchange.broker.subscriptions.checking import place_of
from hiroba.exchange.broker.subscriptions.model import EntitySelector, Stored


class Selected(msgspec.Struct, frozen=True):
    """Which entities; ids win over a pattern (§5.2.33)."""

    ids: frozenset[str]
    pattern: Any
    types: Types

    def covers(self, entity: Entity) -> bool:
        """Whether an entity is meant."""
        id_ = entity.key.id
        if self.ids and id_ not in self.ids:
            return False
        if not self.ids and self.pattern is not None and self.pattern.search(id_) is None:
            return False
        return self.types.matches(entity.types)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription's conditions, ready to be asked."""

    selected: tuple[Selected, ...]
    watched: frozenset[str]
    triggers: frozenset[str]
    q: Query | None
    place: Geo | None
    scopes: Scopes | None
    linked: tuple[Linked, ...]
    """Targets of `q` that lie in entities which relationships lead to."""

    def selects(self, entity: Entity) -> bool:
        """Whether the entity is subscribed to; where none is named, every one that has a watched attribute is."""
        return not self.selected or any(one.covers(entity) for one in self.selected)

    def is_triggered(self, changed: Changes) -> bool:
        """Whether what happened is of the kind that is waited for, and concerns an attribute that is watched."""
        touched = changed.attributes
        names = self.watched & touched.keys() if self.watched else touched.keys()
        if changed.kind in self.triggers and (names or not self.watched):
            return True
        return any(not self.triggers.isdisjoint(touched[name].kinds) for name in names)

    @property
    def has_conditions(self) -> bool:
        """Whether anything is asked of an entity beyond what it is."""
        return self.q is not None or self.place is not None or self.scopes is not None

    def holds(self, subject: Subject, follow: Follow) -> bool:
        """Whether the conditions hold for an entity; `follow` gives those that relationships lead to."""
        if self.scopes is not None and not self.scopes.matches(subject.scopes):
            return False
        if self.q is not None and not matches(self.q, subject, follow):
            return False
        return self.place is None or self.place.matches(subject.doc)


def plan(stored: Stored) -> Plan:
    """What a subscription asks; its document was checked when it came."""
    document = stored.document
    tree = q.parse(stored.question) if stored.question else None
    return Plan(
        selected=tuple(_selected(one) for one in document.entities),
        watched=frozenset(document.watched_attributes),
        triggers=document.triggers,
        q=tree,
        place=place_of(document.geo_q) if document.geo_q is not None else None,
        scopes=scopes.parse(document.scope_q) if document.scope_q else None,
        linked=tuple(_linked(tree)) if tree is not None else (),
    )


def _selected(selector: EntitySelector) -> Selected:
    pattern = compiled(selector.id_pattern) if selector.id_pattern else None
    return Selected(frozenset(selector.ids), pattern, types.parse(selector.type))


def _linked(tree: Query) -> Iterator[Linked]:
    if isinstance(tree, And | Or):
        for term in tree.terms:
            yield from _linked(term)
    elif isinstance(tree.target, Linked):
        yield tree.target
