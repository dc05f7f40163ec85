"""Registrations filed by the types, ids and attributes they name, so that a request looks only at those that may concern it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted, match
from hiroba.exchange.broker.sources.model import Information, Registration

_Key = tuple[str, str]
"""The tenant, and the type, id or attribute under which something is filed; '' for what names none."""


class Index:
    """All registrations of all tenants, in memory."""

    def __init__(self) -> None:
        self._all: dict[str, dict[str, Registration]] = defaultdict(dict)
        self._by_type: dict[_Key, set[str]] = defaultdict(set)
        self._by_id: dict[_Key, set[str]] = defaultdict(set)
        self._by_attribute: dict[_Key, set[str]] = defaultdict(set)
        """Information that names no entities; under '*' whatever it names."""

    def put(self, registration: Registration) -> None:
        """Add a registration, or put it in the place of what had its id."""
        self.drop(registration.tenant, registration.id)
        self._all[registration.tenant][registration.id] = registration
        for filed, key in self._files(registration):
            filed[key].add(registration.id)

    def drop(self, tenant: str, id_: str) -> None:
        """Forget a registration, if it is known."""
        registration = self.get(tenant, id_)
        if registration is None:
            return
        del self._all[tenant][id_]
        for filed, key in self._files(registration):
            filed[key].discard(id_)
            if not filed[key]:
                del filed[key]

    def _files(self, registration: Registration) -> Iterator[tuple[dict[_Key, set[str]], _Key]]:
        """Each place a registration is filed at, once."""
        tenant = registration.tenant
        selectors = {one for part in registration.information for one in part.entities}
        for name in {name for one in selectors for name in one.types}:
            yield self._by_type, (tenant, name)
        for id_ in {one.id for one in selectors}:
            yield self._by_id, (tenant, id_)
        for name in {name for part in registration.information for name in _loose_attributes(part)}:
            yield self._by_attribute, (tenant, name)

    def get(self, tenant: str, id_: str) -> Registration | None:
        """One registration."""
        return self._all.get(tenant, {}).get(id_)

    def has_any(self, tenant: str) -> bool:
        """Whether there is a registration of a tenant."""
        return bool(self._all.get(tenant))

    def find(self, wanted: Wanted, at: datetime) -> list[Match]:
        """What `match` says of every registration, by id, at the cost of those that name what the request names."""
        known = self._all.get(wanted.tenant)
        if not known:
            return []
        ids = self._candidates(wanted)
        chosen = sorted(known if ids is None else ids)
        found = (match(known[id_], wanted, at) for id_ in chosen)
        return [one for one in found if one is not None]

    def _candidates(self, wanted: Wanted) -> set[str] | None:
        """The ids of registrations that may be concerned; None: any may."""
        if not wanted.entities or any(_is_open(entities) for entities in wanted.entities):
            return None
        tenant = wanted.tenant
        ids: set[str] = set()
        for entities in wanted.entities:
            names = entities.of or {name for group in entities.types.groups for name in group}
            if names:
                ids.update(*(self._by_type.get((tenant, name), ()) for name in names))
            else:
                ids.update(*(self._by_id.get((tenant, id_), ()) for id_ in ("", *entities.ids)))
        names_of = ("", *wanted.attributes) if wanted.attributes else ("*",)
        ids.update(*(self._by_attribute.get((tenant, name), ()) for name in names_of))
        return ids


def _is_open(entities: Entities) -> bool:
    """Whether neither types nor a list of ids narrows what is meant."""
    return not entities.types.groups and not entities.of and (bool(entities.pattern) or not entities.ids)


def _loose_attributes(part: Information) -> tuple[str, ...]:
    """Where information that names no entities is filed: under its attributes, '' where it names none, and always '*'."""
    if part.entities:
        return ()
    return (*(part.attributes or ("",)), "*")
