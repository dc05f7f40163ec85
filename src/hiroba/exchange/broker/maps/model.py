"""An entity map: frozen values, no I/O (CIM 009 §5.2.39)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.errors import BadRequestData

HERE: Final = "@none"
"""Stands for what is held here, among the registrations an entity comes from."""
USUAL: Final = timedelta(minutes=10)
LONGEST: Final = timedelta(days=1)
"""How long a map lives at most, whatever is asked."""
PATH: Final = "/ngsi-ld/v1/entityMaps/"


class EntityMap(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities a query found, where each of them lies, and until when that is known."""

    tenant: str
    id: str
    owner: str = ""
    entries: Mapping[str, list[str]]
    linked: Mapping[str, str] = {}
    """Registration → the map that its source uses."""
    expires: datetime

    @property
    def location(self) -> str:
        """Where the map is found."""
        return PATH + self.id

    @property
    def here(self) -> list[str]:
        """The entities that lie here."""
        return [id_ for id_, sources in self.entries.items() if HERE in sources]

    @property
    def is_spread(self) -> bool:
        """Whether any of the entities lies elsewhere."""
        return any(sources != [HERE] for sources in self.entries.values())

    def window(self, offset: int, limit: int) -> list[str]:
        """The ids of one page, in the order of ids."""
        return sorted(self.entries)[offset : offset + limit]

    def elsewhere(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Which of these entities each registration has."""
        found: dict[str, list[str]] = {}
        for id_ in ids:
            for registration in self.entries.get(id_, ()):
                if registration != HERE:
                    found.setdefault(registration, []).append(id_)
        return found

    def document(self) -> dict[str, Any]:
        """The map as it is given."""
        document: dict[str, Any] = {
            "id": self.id,
            "type": "EntityMap",
            "expiresAt": clock.iso(self.expires),
            "entityMap": self.entries,
        }
        return document | ({"linkedMaps": self.linked} if self.linked else {})


def id_in(location: str) -> str:
    """The id of the map that a header names, by its address or by its id."""
    return unquote(location.strip().rsplit("/", 1)[-1])


def bounded(expires: datetime) -> datetime:
    """The moment that is asked for, or the last one that is granted."""
    return min(expires, clock.now() + LONGEST)


def until(seconds: float | None) -> datetime:
    """When a map that shall live so long expires."""
    if seconds is None:
        return clock.now() + USUAL
    if seconds <= 0:
        raise BadRequestData("entityMapLifetime is a duration longer than nothing, like PT5M.")
    return clock.now() + timedelta(seconds=min(seconds, LONGEST.total_seconds()))
