"""An entity in a notification from a context source: what is there, and what is told to have gone (CIM 009 §5.8.6)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import foreign, names, values
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.documents.reading import check_depth
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import NULL, VALUE_OF, Entity, Instance, Key
from hiroba.exchange.broker.subscriptions.rendering import PREVIOUS

BEFORE: Final = {previous: carrier for carrier, previous in PREVIOUS.items()}
"""What a member that tells a value as it was is read like."""


class Told(msgspec.Struct, frozen=True):
    """An entity as a source tells it, attributes that went being null in it."""

    entity: Entity
    deleted: datetime | None = None
    """When it was deleted."""


def read(document: Any, context: Context, tenant: str) -> Told:
    """What a document of a notification says."""
    check_depth(document)
    fragment = _Reader(context, whole=True, merging=False).entity(document)
    now = clock.now()
    created = _moment(document, "createdAt") or now
    return Told(
        Entity(
            key=Key(tenant, "", fragment.id),
            types=fragment.types,
            doc=fragment.doc,
            scopes=fragment.scopes or (),
            created=created,
            modified=_moment(document, "modifiedAt") or created,
            expires=fragment.expires,
        ),
        _moment(document, "deletedAt"),
    )


def is_gone(instance: Instance) -> bool:
    """Whether an instance is told to have been deleted."""
    return values.is_deletion(instance.get(VALUE_OF[instance["type"]]))


def _moment(document: Mapping[str, Any], member: str) -> datetime | None:
    return names.moment(document[member], member) if member in document else None


class _Reader(foreign.Reader):
    """Reads deletions as what stands for them, and values as they were."""

    def _deletion(self, value: Mapping[str, Any], term: str) -> Instance:
        kind = value.get("type", value.get("@type", "Property"))
        if kind not in VALUE_OF:
            raise BadRequestData(f"{term}: {show(kind)} is no type of an attribute.")
        carrier = VALUE_OF[kind]
        null: Any = {"@none": NULL} if kind == "LanguageProperty" else NULL
        return {"type": kind, carrier: null} | self._companions(value, kind, carrier, term)

    def _companions(self, value: Mapping[str, Any], kind: str, carrier: str, term: str) -> Instance:
        made = super()._companions(value, kind, carrier, term)
        for member, raw in value.items():
            where = f"{term}.{member}"
            if member == "deletedAt":
                names.moment(raw, where)
                made[member] = raw
            elif member in BEFORE:
                read_ = values.CARRIERS[BEFORE[member]]
                made[member] = raw if kind == "GeoProperty" else read_(raw, where, self._context, False)  # noqa: FBT003 - one of a table of readers
        return made
