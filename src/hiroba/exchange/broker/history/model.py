"""What history is made of: records of attribute instances, and the evolution of an entity that they belong to."""

from datetime import datetime
from typing import Any, Final

import msgspec

from hiroba.exchange.broker.model import NULL, VALUE_OF, Instance, Key, dataset

SCOPE: Final = "scope"
"""The name under which an entity's scopes are recorded, as a Property without attributes of its own (CIM 009 §4.5.6)."""
INSTANCE_PREFIX: Final = "urn:ngsi-ld:Instance:"
_NULLS: Final[dict[str, Any]] = {
    "LanguageProperty": {"@none": NULL},
    "ListProperty": [NULL],
    "ListRelationship": [NULL],
}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of an attribute at one time."""

    key: Key
    name: str
    """The attribute's IRI, or `scope`."""
    instance: str
    """A ULID; outside it is a URN."""
    at: datetime
    """When it was recorded."""
    observed: datetime | None = None
    created: datetime
    modified: datetime | None = None
    """When the record was corrected."""
    deleted: datetime | None = None
    value: Instance
    """The instance without createdAt and modifiedAt."""
    subject: str | None = None
    """Whose it is, in a tenant of personal data."""

    @property
    def dataset(self) -> str:
        """The dataset of the instance; empty for the default one."""
        return dataset(self.value)

    @property
    def number(self) -> float | None:
        """The value where it can be reckoned with: a number, or 1 and 0 for true and false."""
        return number_of(self.value)


class Evolution(msgspec.Struct, frozen=True, kw_only=True):
    """An entity over time: every type and every attribute it ever had."""

    key: Key
    types: tuple[str, ...]
    names: tuple[str, ...]
    owner: str = ""
    created: datetime
    deleted: datetime | None = None
    subject: str | None = None
    """Whose it is, in a tenant of personal data."""


def number_of(instance: Instance) -> float | None:
    """The value of an instance where it can be reckoned with."""
    value = instance.get("value")
    if not isinstance(value, int | float) or instance["type"] != "Property":
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def null_of(kind: str) -> Instance:
    """The instance that says an attribute of this type was deleted (§4.5.7, §4.5.8)."""
    return {"type": kind, VALUE_OF[kind]: _NULLS.get(kind, NULL)}
