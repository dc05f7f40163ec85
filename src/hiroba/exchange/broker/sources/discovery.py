"""Context source discovery: which registrations a client asks for, beyond the entities they may hold (CIM 009 §5.10.2)."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.query.match import Subject, matches
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS, And, Linked, Or, Path, Query
from hiroba.exchange.broker.sources.matching import Match, Wanted, match
from hiroba.exchange.broker.sources.model import Registration


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: registrations that concern `wanted` and whose own members fulfil `csf`."""

    wanted: Wanted
    csf: Query | None = None
    """The context source filter; names are IRIs."""

    def of(self, registration: Registration, at: datetime) -> Match | None:
        """What of a registration is asked for; None: nothing."""
        found = match(registration, self.wanted, at)
        return found if found is not None and self.lets_through(found) else None

    def lets_through(self, found: Match) -> bool:
        """Whether the registration's own members fulfil the filter."""
        return self.csf is None or matches(self.csf, subject(found.registration))


def subject(registration: Registration) -> Subject:
    """A registration as the query language sees it: each member a Property, each Context Source Property as it was given.

    What is conveyed to the source cannot be asked about: keys could be guessed by asking.
    """
    doc = {
        name if ":" in name else CORE.expand(name): value
        if _is_attribute(value)
        else [{"type": "Property", "value": value}]
        for name, value in registration.document.items()
        if name != "contextSourceInfo"
    }
    return Subject(
        id=registration.id,
        types=(CORE.expand("ContextSourceRegistration"),),
        scopes=registration.scopes,
        doc=doc,
        created=registration.created,
        modified=registration.modified,
    )


def _is_attribute(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") in {"Property", "Relationship", "GeoProperty"}


def attributes_of(query: Query) -> Iterator[str]:
    """The attributes a query asks about (IRIs): they tell which sources may answer it."""
    if isinstance(query, And | Or):
        for term in query.terms:
            yield from attributes_of(term)
    elif isinstance(query.target, Linked):
        yield query.target.relation
    elif isinstance(query.target, Path) and not (
        len(query.target.names) == 1 and query.target.names[0] in ENTITY_MEMBERS
    ):
        yield query.target.names[0]
