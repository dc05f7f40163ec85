"""The house among context sources: who is concerned by a request, and what they answer (CIM 009 §4.3.6)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents import foreign
from hiroba.exchange.broker.federation import forwarding, via
from hiroba.exchange.broker.federation.calls import Caller, Reply
from hiroba.exchange.broker.federation.forwarding import Call, Outgoing
from hiroba.exchange.broker.federation.identity import Identity
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.outcomes import LoopDetected
from hiroba.exchange.broker.federation.receiving import Read, Received, documents, received
from hiroba.exchange.broker.sources.matching import Match, Wanted
from hiroba.exchange.broker.sources.model import Registration

Words = Callable[[Context], Call]
"""What a source is asked, once it is known by which names it goes."""


class Sources(Protocol):
    """All registrations."""

    def find(self, wanted: Wanted) -> Sequence[Match]:
        """The registrations that concern a request, and what of each."""


class Contexts(Protocol):
    """All contexts."""

    async def context(self, source: Any) -> Context:
        """The context of this address, object or list."""


class Federation:
    """What the operations ask when they are not limited to what is held here."""

    def __init__(self, sources: Sources, contexts: Contexts, caller: Caller, identity: Identity) -> None:
        self._sources = sources
        self._contexts = contexts
        self._caller = caller
        self.identity = identity

    def concerned(self, origin: Origin, wanted: Wanted) -> Sequence[Match]:
        """Every registration that concerns a request, those of a loop among them."""
        return self._sources.find(msgspec.structs.replace(wanted, tenant=origin.tenant))

    def avoided(self, origin: Origin) -> frozenset[str]:
        """The aliases a request must not go to: where it has been, and here."""
        return origin.seen | {self.identity.alias(origin.tenant)}

    def has_come_back(self, origin: Origin) -> bool:
        """Whether the request has been here before, or has come further than anybody needs."""
        return self.identity.alias(origin.tenant) in origin.seen or via.is_too_long(origin.via)

    def must_not_have_come_back(self, origin: Origin) -> None:
        """Nothing, or the problem of a write that is a loop (§6.3.17)."""
        if self.has_come_back(origin):
            raise LoopDetected("The request has come through this broker before.")

    async def ask(self, origin: Origin, asked: Iterable[tuple[Registration, Words]]) -> list[Reply]:
        """What each source answers, in order."""
        prepared = await asyncio.gather(*(self._prepared(origin, registration, words) for registration, words in asked))
        ready = [one for one in prepared if isinstance(one, Outgoing)]
        replies = iter(await self._caller.ask(ready, origin))
        return [next(replies) if isinstance(one, Outgoing) else one for one in prepared]

    async def documents(self, origin: Origin, asked: Sequence[tuple[Registration, Words]]) -> list[tuple[Any, Context]]:
        """What each source answers, in order, each with the context it is to be read by; None where it is of no use."""
        replies = await self.ask(origin, asked)
        return [
            (reply.document if reply.is_fine else None, await self._spoken(origin, reply.registration))
            for reply in replies
        ]

    async def entities(self, origin: Origin, replies: Iterable[Reply], read_: Read = foreign.entity) -> list[Received]:
        """The entities in the sources' answers, or whatever else is read from them."""
        return list(await asyncio.gather(*(self._received(origin, reply, read_) for reply in replies)))

    async def _prepared(self, origin: Origin, registration: Registration, words: Words) -> Outgoing | Reply:
        try:
            context = await self._context(origin, registration)
        except Problem as problem:
            return Reply(registration=registration, trouble="silent", detail=problem.detail)
        return forwarding.outgoing(registration, origin, self.identity.alias(origin.tenant), context, words(context))

    async def _context(self, origin: Origin, registration: Registration) -> Context:
        """By which names a source is spoken to: its own, or the caller's where their address can be given, or the core's."""
        own = forwarding.words(registration)
        if own is not None:
            return await self._contexts.context(own)
        return CORE if forwarding.linked(origin.context) is None else origin.context

    async def _spoken(self, origin: Origin, registration: Registration) -> Context:
        """By which names a source answers, unless it says otherwise."""
        try:
            return await self._context(origin, registration)
        except Problem:
            return CORE

    async def _received(self, origin: Origin, reply: Reply, read_: Read) -> Received:
        spoken = await self._spoken(origin, reply.registration)
        read: list[tuple[Any, Context]] = []
        for document in documents(reply):
            own = document.get("@context") if isinstance(document, dict) else None
            try:
                read.append((document, spoken if own is None else await self._contexts.context(own)))
            except Problem as problem:
                return received(
                    msgspec.structs.replace(reply, trouble="invalid", detail=problem.detail), origin.tenant, ()
                )
        return received(reply, origin.tenant, read, read_)
