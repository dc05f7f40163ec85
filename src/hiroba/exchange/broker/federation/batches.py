"""Many entities in one write, distributed: each source gets its own batch (CIM 009 §5.6.7 to §5.6.10, §5.6.20)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import writing
from hiroba.exchange.broker.errors import ResourceNotFound
from hiroba.exchange.broker.federation import outcomes, writes
from hiroba.exchange.broker.federation.calls import Reply
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.splitting import WHOLE, Attributes, Part, split
from hiroba.exchange.broker.model import Fragment
from hiroba.exchange.broker.sources.matching import Entities, Wanted
from hiroba.exchange.broker.sources.model import PROXIED, Registration

_CONFLICT: Final = 409
_MULTI_STATUS: Final = 207
Params = tuple[tuple[str, str], ...]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of batch."""

    operation: str
    """Its name in table 4.20-1."""
    path: str
    params: Params = ()
    singly: tuple[str, ...] = ()
    """What is asked for each entity of a source that takes no such batches, the best first."""
    if_there: tuple[str, ...] = ()
    """What is asked then for an entity that the source has already."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entity of a batch."""

    id: str
    of: frozenset[str] = frozenset()
    """Its types, where they are known."""
    fragment: Fragment | None = None
    """None: it is deleted."""

    @property
    def attributes(self) -> Attributes:
        """What is written of it."""
        return WHOLE if self.fragment is None else frozenset(self.fragment.doc)


class _Share(msgspec.Struct, frozen=True):
    """The part of an item that one source gets."""

    item: Item
    part: Part


Here = Callable[[Sequence[tuple[Item, Attributes]]], Awaitable[list[Leg]]]
"""Writes here what is to be written here of each item."""


async def distribute(
    federation: Federation, origin: Origin, batch: Batch, items: Sequence[Item], here: Here
) -> list[tuple[str, Leg]]:
    """Do each part of each item where it belongs; what came of each."""
    operations = (batch.operation, *batch.singly)
    shares: dict[str, list[_Share]] = {}
    mine: list[tuple[Item, Attributes]] = []
    proxied: set[str] = set()
    legs: list[tuple[str, Leg]] = []
    for item in items:
        wanted = Wanted(entities=(Entities(ids=(item.id,), of=item.of),), attributes=item.attributes or frozenset())
        matches = federation.concerned(origin, wanted)
        if matches:
            federation.must_not_have_come_back(origin)
        plan = split(matches, item.attributes, operations, federation.avoided(origin))
        for part in plan.parts:
            if (refusal := outcomes.of_part(part)) is not None:
                legs.append((item.id, refusal))
            else:
                shares.setdefault(part.registration.id, []).append(_Share(item, part))
            if part.registration.mode in PROXIED:
                proxied.add(item.id)
        if plan.is_here or item.attributes is WHOLE:
            mine.append((item, plan.here))
    remote, local = await asyncio.gather(
        asyncio.gather(*(_at_source(federation, origin, batch, share) for share in shares.values())), here(mine)
    )
    legs += [pair for pairs in remote for pair in pairs]
    legs += [
        (item.id, leg)
        for (item, _), leg in zip(mine, local, strict=True)
        if not (item.attributes is WHOLE and item.id in proxied and isinstance(leg.problem, ResourceNotFound))
    ]
    return legs


async def _at_source(
    federation: Federation, origin: Origin, batch: Batch, shares: Sequence[_Share]
) -> list[tuple[str, Leg]]:
    registration = shares[0].part.registration
    if batch.operation not in registration.operations:
        return await _singly(federation, origin, batch, shares)
    (reply,) = await federation.ask(origin, [(registration, lambda context: _together(batch, shares, context))])
    answers = ((share, _of_reply(share, reply)) for share in shares)
    return [(share.item.id, leg) for share, leg in answers if leg is not None]


def _together(batch: Batch, shares: Iterable[_Share], context: Context) -> Call:
    document = [
        share.item.id if share.item.fragment is None else writing.fragment(_reduced(share), context) for share in shares
    ]
    return Call(method="POST", path=batch.path, params=batch.params, document=document)


def _reduced(share: _Share) -> Fragment:
    fragment = share.item.fragment or Fragment(doc={})
    return writes.reduced(fragment, share.part.attributes, share.part.registration.datasets)


def _of_reply(share: _Share, reply: Reply) -> Leg | None:
    """What a source's answer to a batch says of one item."""
    registration = share.part.registration.id
    created = reply.document if isinstance(reply.document, list) else ()
    if reply.is_fine and reply.status != _MULTI_STATUS:
        return Leg(registration=registration, created=share.item.id in created)
    if reply.status == _MULTI_STATUS and isinstance(reply.document, dict):
        error = _error_of(share.item.id, reply.document.get("errors"))
        if error is None:
            return Leg(registration=registration)
        return outcomes.of_problem(outcomes.foreign(share.part.registration, error), (), registration)
    return outcomes.of_reply(share.part, reply)


def _error_of(id_: str, errors: Any) -> Any:
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict) and one.get("entityId") == id_:
            return one.get("error", {})
    return None


async def _singly(
    federation: Federation, origin: Origin, batch: Batch, shares: Sequence[_Share]
) -> list[tuple[str, Leg]]:
    """The entities of a batch one by one, for a source that takes no batches."""
    registration = shares[0].part.registration
    first = next(name for name in batch.singly if name in registration.operations)
    replies = await federation.ask(origin, [_single(registration, first, share) for share in shares])
    following = next((name for name in batch.if_there if name in registration.operations), "")
    if first == "createEntity" and following:
        again = [number for number, reply in enumerate(replies) if reply.status == _CONFLICT]
        repeated = await federation.ask(origin, [_single(registration, following, shares[number]) for number in again])
        for number, reply in zip(again, repeated, strict=True):
            replies[number] = reply
    answers = ((share, outcomes.of_reply(share.part, reply)) for share, reply in zip(shares, replies, strict=True))
    return [(share.item.id, leg) for share, leg in answers if leg is not None]


def _single(
    registration: Registration, operation: str, share: _Share
) -> tuple[Registration, Callable[[Context], Call]]:
    fragment, id_ = share.item.fragment, share.item.id
    params: Params = (("options", "noOverwrite"),) if operation == "appendAttrs" else ()
    asked = writes.of_entity(id_) if fragment is None else writes.of_fragment(operation, id_, fragment, params)
    return registration, lambda context: asked.call(registration, share.part.attributes, context)
