"""An entity as another broker gives it: read like any document, but the times it keeps in its attributes stay in them."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, reading
from hiroba.exchange.broker.model import Fragment, Instance

TIMES: Final = ("createdAt", "modifiedAt")


def entity(document: Any, context: Context) -> Fragment:
    """The entity a document says, which has an id and a type."""
    return Reader(context, whole=True, merging=False).entity(document)


class Reader(reading.Reader):
    """Reads one document of another broker."""

    def _companions(self, value: Mapping[str, Any], kind: str, carrier: str, term: str) -> Instance:
        made = super()._companions(value, kind, carrier, term)
        for member in TIMES:
            if member in value:
                names.moment(value[member], f"{term}.{member}")
                made[member] = value[member]
        return made
