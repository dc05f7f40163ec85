"""A purge, distributed: each source deletes what it is registered for, and of what it is registered for (CIM 009 §5.6.21)."""

from collections.abc import Callable
from typing import Final

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import narrowing, outcomes, wording
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.queries import Wish, wanted_by
from hiroba.exchange.broker.federation.splitting import Part, fate
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.matching import Match

OPERATION: Final = "purgeEntity"


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """What is purged: entities that fulfil a wish, or attributes of them."""

    wish: Wish
    dropped: frozenset[str] | None = None
    """Only these attributes go; None: the entities."""
    kept: frozenset[str] | None = None
    """All attributes but these go; None: the entities."""


async def distribute(federation: Federation, origin: Origin, purge: Purge) -> list[Leg]:
    """Let every source purge that is concerned; what came of it, by source."""
    matches = [
        match
        for match in federation.concerned(origin, wanted_by(purge.wish))
        if match.registration.mode != "auxiliary" and _going(match, purge) != frozenset()
    ]
    if matches:
        federation.must_not_have_come_back(origin)
    avoided = federation.avoided(origin)
    parts = [
        (match, Part(match.registration, match.attributes(), fate(match.registration, (OPERATION,), avoided)))
        for match in matches
    ]
    asked = [
        (part, (part.registration, _words(match, purge, selector)))
        for match, part in parts
        if part.fate == "asked"
        for selector in narrowing.selectors(match, purge.wish.question.selectors)
    ]
    legs = [leg for _, part in parts if part.is_proxied and (leg := outcomes.of_part(part)) is not None]
    replies = await federation.ask(origin, [request for _, request in asked])
    found = (outcomes.of_reply(part, reply) for (part, _), reply in zip(asked, replies, strict=True))
    return [*legs, *(leg for leg in found if leg is not None)]


def _words(match: Match, purge: Purge, selector: Selector) -> Callable[[Context], Call]:
    def words(context: Context) -> Call:
        filters = wording.filters(purge.wish.question, purge.wish.said, context)
        return Call(
            method="DELETE",
            path="/entities",
            params=(*wording.selector(selector, context), *filters.items(), *_members(match, purge, context)),
        )

    return words


def _going(match: Match, purge: Purge) -> frozenset[str] | None:
    """Of a source that is registered for some attributes: which of them go; None: it has whole entities."""
    offered = match.attributes()
    if offered is None:
        return None
    return (offered if purge.dropped is None else offered & purge.dropped) - (purge.kept or frozenset())


def _members(match: Match, purge: Purge, context: Context) -> wording.Params:
    going = _going(match, purge)
    if going is not None:
        return wording.attributes(going, context, "drop")
    return (*wording.attributes(purge.dropped, context, "drop"), *wording.attributes(purge.kept, context, "keep"))
