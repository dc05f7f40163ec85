"""What another broker gives, an entity or its past: read like any document, but the times it keeps in attributes stay in them."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import evolution as evolutions
from hiroba.exchange.broker.documents import names, reading
from hiroba.exchange.broker.model import Fragment, Instance

TIMES: Final = ("createdAt", "modifiedAt")
OF_THE_PAST: Final = (*TIMES, "deletedAt")


def entity(document: Any, context: Context) -> Fragment:
    """The entity a document says, which has an id and a type."""
    return Reader(context, whole=True, merging=False).entity(document)


def evolution(document: Any, context: Context) -> Fragment:
    """The past of an entity that a document says: its attributes with instances over time, each with its id where it has one."""
    return _PastReader(context, whole=True, merging=False).evolution(document)


class Reader(reading.Reader):
    """Reads one document of another broker."""

    def _companions(self, value: Mapping[str, Any], kind: str, carrier: str, term: str) -> Instance:
        return super()._companions(value, kind, carrier, term) | _times(value, TIMES, term)


class _PastReader(evolutions.Reader):
    def _companions(self, value: Mapping[str, Any], kind: str, carrier: str, term: str) -> Instance:
        made = super()._companions(value, kind, carrier, term) | _times(value, OF_THE_PAST, term)
        if names.is_uri(value.get("instanceId")):
            made["instanceId"] = value["instanceId"]
        return made


def _times(value: Mapping[str, Any], members: tuple[str, ...], term: str) -> Instance:
    found = {member: value[member] for member in members if member in value}
    for member, text in found.items():
        names.moment(text, f"{term}.{member}")
    return found
