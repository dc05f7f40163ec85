"""Every subscription in memory, and the few that a change may concern: by the entity's id, else by type and attribute.

What a write costs follows the number of subscriptions that ask for its type and attribute or its id, not of all.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.query import types
from hiroba.exchange.broker.subscriptions.matching import Plan, plan
from hiroba.exchange.broker.subscriptions.model import Stored
from hiroba.exchange.broker.subscriptions.rendering import Form, form

ANY: Final = "*"
"""In the place of a type or an attribute: whatever it is."""
_Place = tuple[str, str, str]
"""Id, type, attribute: either the id, or the other two."""


class Entry:
    """A subscription in memory; its plan is made when it is first a candidate, its form when it first gets something."""

    __slots__ = ("_form", "_plan", "stored")

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self._plan: Plan | None = None
        self._form: Form | None = None

    @property
    def plan(self) -> Plan:
        """What it asks."""
        if self._plan is None:
            self._plan = plan(self.stored)
        return self._plan

    def form(self, context: Context) -> Form:
        """How it wants entities, in the words of its context."""
        if self._form is None or self._form.shape.context is not context:
            self._form = form(self.stored.document, context)
        return self._form


class Index:
    """The subscriptions of every tenant."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self._places: dict[str, dict[_Place, dict[str, Entry]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._places.clear()

    def get(self, tenant: str, id_: str) -> Entry | None:
        """One subscription, or None."""
        return self._entries.get((tenant, id_))

    def put(self, stored: Stored) -> None:
        """Remember a subscription as it is now."""
        wanted = set(_places(stored))
        self.remove(stored.tenant, stored.id)
        entry = self._entries[stored.tenant, stored.id] = Entry(stored)
        places = self._places.setdefault(stored.tenant, {})
        for place in wanted:
            places.setdefault(place, {})[stored.id] = entry

    def remove(self, tenant: str, id_: str) -> None:
        """Forget one."""
        entry = self._entries.pop((tenant, id_), None)
        if entry is None:
            return
        places = self._places[tenant]
        for place in set(_places(entry.stored)):
            here = places[place]
            here.pop(id_, None)
            if not here:
                places.pop(place, None)

    def knows(self, tenant: str) -> bool:
        """Whether anybody in this tenant waits for changes."""
        return bool(self._places.get(tenant))

    def of_tenant(self, tenant: str) -> list[Entry]:
        """All subscriptions of a tenant, those too that no change concerns."""
        return [entry for (theirs, _), entry in self._entries.items() if theirs == tenant]

    def candidates(self, tenant: str, id_: str, kinds: Iterable[str], attributes: Iterable[str]) -> list[Entry]:
        """The subscriptions that a change of these attributes of an entity may concern, each once."""
        places = self._places.get(tenant)
        if not places:
            return []
        found = dict(places.get((id_, "", ""), {}))
        names = (*attributes, ANY)
        for kind in (*kinds, ANY):
            for name in names:
                here = places.get(("", kind, name))
                if here:
                    found |= here
        return list(found.values())


def _places(stored: Stored) -> Iterator[_Place]:
    """Where a subscription is looked up: nowhere when it is paused, or when a clock triggers it."""
    document = stored.document
    if document.is_active is False or document.time_interval:
        return
    attributes = document.watched_attributes or (ANY,)
    if not document.entities:
        yield from (("", ANY, name) for name in attributes)
    for selector in document.entities:
        if selector.ids:
            yield from ((id_, "", "") for id_ in selector.ids)
            continue
        groups = types.parse(selector.type).groups
        # every type of a group must be there, so that the first of them finds it
        yield from (("", group[0], name) for group in groups or ((ANY,),) for name in attributes)
