"""Which copies of subscriptions there are to be, settled whenever subscriptions or registrations have changed (CIM 009 §5.8.1.4).

The registrations that match a subscription are what its Context Source Registration Subscription would be told of. Nobody
has to be there when they change: what was written since it was last settled is looked at, by one process at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.versions import Follower, number_of
from hiroba.exchange.broker.contexts.context import CORE
from hiroba.exchange.broker.federation import via
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.forwarded import copying, store
from hiroba.exchange.broker.forwarded.model import Copy, new_id
from hiroba.exchange.broker.forwarded.store import Key, Progress
from hiroba.exchange.broker.sources import asking
from hiroba.exchange.broker.sources.discovery import Discovery
from hiroba.exchange.broker.sources.matching import Match
from hiroba.exchange.broker.sources.model import Registration
from hiroba.exchange.broker.sources.registry import Sources
from hiroba.exchange.broker.sources.store import MEMORY as SOURCES
from hiroba.exchange.broker.subscriptions.index import Entry
from hiroba.exchange.broker.subscriptions.notifier import MISHAPS, failed
from hiroba.exchange.broker.subscriptions.registry import MEMORY as SUBSCRIPTIONS
from hiroba.exchange.broker.subscriptions.registry import Subscriptions

BREATH: Final = 200
"""Subscriptions that are looked at before others have their turn."""
_Place = tuple[str, str, str]
"""Tenant, subscription, registration."""


class Around(NamedTuple):
    """What the forwarding of subscriptions lives among."""

    pool: Pool
    follower: Follower
    subscriptions: Subscriptions
    sources: Sources
    federation: Federation
    receiver: str
    """The address of this house that sources notify."""


class Ought(NamedTuple):
    """A source that is to have a copy."""

    registration: Registration
    digest: bytes


async def numbers(conn: Connection) -> Progress:
    """Up to which numbers subscriptions and registrations are written."""
    return Progress(await number_of(conn, SUBSCRIPTIONS), await number_of(conn, SOURCES))


class Planner:
    """Settles which copies there are to be."""

    def __init__(self, around: Around) -> None:
        self._pool, self._follower = around.pool, around.follower
        self._subscriptions, self._sources, self._federation = around.subscriptions, around.sources, around.federation
        self._receiver = around.receiver

    async def settle(self) -> None:
        """Look at all that was written since the last time."""
        async with transaction(self._pool) as conn:
            before = await store.progress(conn, hold=True)
            now = await numbers(conn)
            if now == before:
                return
            subscriptions = await store.changed_subscriptions(conn, before.subscriptions)
            registrations = await store.changed_sources(conn, before.sources)
            for memory in (SUBSCRIPTIONS, SOURCES):
                await self._follower.catch_up(memory)
            ought = {place: one async for place, one in self._ought(subscriptions, registrations)}
            await self._change(conn, ought, await store.wanted(conn, subscriptions, registrations))
            await store.settled(conn, now)

    async def match(self, entry: Entry, registration: Registration) -> Match | None:
        """What of a registration a subscription is about; None where its source is to have no copy."""
        found = (await self._asked(entry)).of(registration, clock.now())
        return found if found is not None and self._may_have(entry, registration) else None

    async def _ought(self, subscriptions: set[Key], registrations: set[Key]) -> AsyncIterator[tuple[_Place, Ought]]:
        now = clock.now()
        for count, (entry, those) in enumerate(self._pairs(subscriptions, registrations)):
            if count % BREATH == 0:
                await asyncio.sleep(0)
            if entry.stored.document.local_only is True or entry.stored.status(now) == "expired":
                continue
            try:
                asked = await self._asked(entry)
                matches = [one for one in self._found(asked, those, now) if self._may_have(entry, one.registration)]
                copies = [(one.registration, copying.reduced(entry.stored, one, self._receiver)) for one in matches]
            except MISHAPS as mishap:
                failed(entry, mishap)
                continue
            for registration, copy in copies:
                if copy is not None:
                    place = (entry.stored.tenant, entry.stored.id, registration.id)
                    yield place, Ought(registration, copying.digest(copy))

    def _pairs(
        self, subscriptions: set[Key], registrations: set[Key]
    ) -> Iterator[tuple[Entry, list[Registration] | None]]:
        """Subscriptions and the registrations they are to be compared with; None: all."""
        index = self._subscriptions.index
        for key in subscriptions:
            if self._sources.knows_any(key[0]) and (entry := index.get(*key)) is not None:
                yield entry, None
        for tenant in {tenant for tenant, _ in registrations}:
            found = [self._sources.get(*key) for key in registrations if key[0] == tenant]
            those = [one for one in found if one is not None]
            for entry in index.of_tenant(tenant) if those else ():
                if (tenant, entry.stored.id) not in subscriptions:
                    yield entry, those

    def _found(self, asked: Discovery, those: list[Registration] | None, now: datetime) -> list[Match]:
        if those is None:
            return [match for match in self._sources.find(asked.wanted) if asked.lets_through(match)]
        return [match for one in those if (match := asked.of(one, now)) is not None]

    async def _asked(self, entry: Entry) -> Discovery:
        """The registrations a subscription is about: those of what it watches, places and scopes unsaid being any."""
        context = await self._subscriptions.wordings.of(entry.stored) if entry.stored.document.csf else CORE
        asked = asking.asked(entry.stored, context)
        wanted = msgspec.structs.replace(
            asked.wanted,
            attributes=frozenset(entry.stored.document.watched_attributes),
            time=None,
            stated=False,
        )
        return msgspec.structs.replace(asked, wanted=wanted)

    def _may_have(self, entry: Entry, registration: Registration) -> bool:
        """Whether a source may have copies at all: it is no mere supplement, and no way back (§4.3.6.2, §6.3.18)."""
        seen = via.pseudonyms(entry.stored.via) | {self._federation.identity.alias(entry.stored.tenant)}
        return registration.mode != "auxiliary" and registration.alias not in seen

    async def _change(self, conn: Connection, ought: dict[_Place, Ought], wanted: list[Copy]) -> None:
        """Make what is wanted what ought to be."""
        known = {(one.tenant, one.subscription, one.registration): one for one in wanted}
        over = {place for place in known if place not in ought}
        changed: list[Copy] = []
        for place in known.keys() & ought.keys():
            copy, (registration, digest) = known[place], ought[place]
            if copy.digest == digest and copy.source == registration.document:
                continue
            if _can_follow(copy, registration):
                changed.append(
                    msgspec.structs.replace(copy, source=registration.document, owner=registration.owner, digest=digest)
                )
            else:
                over.add(place)
        fresh = [
            _new(place, *one)
            for place, one in ought.items()
            if (place not in known or place in over) and "createSubscription" in one.registration.operations
        ]
        await store.drop(conn, [known[place].remote for place in over])
        await store.change(conn, changed)
        await store.add(conn, fresh)


def _can_follow(copy: Copy, registration: Registration) -> bool:
    """Whether a copy can be changed where it is: else it is deleted, and made anew where that is possible."""
    is_there = (copy.source.get("endpoint"), copy.source.get("tenant", "")) == (
        registration.document.get("endpoint"),
        registration.document.get("tenant", ""),
    )
    can_move = {"createSubscription", "deleteSubscription"} <= registration.operations
    return is_there and ("updateSubscription" in registration.operations or not can_move or copy.state == "absent")


def _new(place: _Place, registration: Registration, digest: bytes) -> Copy:
    tenant, subscription, id_ = place
    remote = new_id()
    return Copy(
        remote=remote,
        named=remote,
        tenant=tenant,
        subscription=subscription,
        registration=id_,
        source=registration.document,
        owner=registration.owner,
        digest=digest,
    )
