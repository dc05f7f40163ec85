"""The subscriptions to context sources: told which registrations match them, and when that changes (CIM 009 §5.11)."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Problem
from hiroba.base.versions import raise_
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.delivery.model import Address, Notice, Target
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.errors import Conflict
from hiroba.exchange.broker.events import Then
from hiroba.exchange.broker.sources import store as registrations
from hiroba.exchange.broker.sources.asking import asked
from hiroba.exchange.broker.sources.discovery import Discovery
from hiroba.exchange.broker.sources.matching import Match
from hiroba.exchange.broker.sources.model import Change
from hiroba.exchange.broker.sources.writing import write
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.kept import Guard, Kept
from hiroba.exchange.broker.subscriptions.model import Endpoint, NotificationParams, Stored, Subscription
from hiroba.exchange.broker.subscriptions.wordings import Wordings

log = logging.getLogger("hiroba.sources")
AT_ONCE: Final = 50
"""Subscriptions that are looked at in one transaction."""
FOLLOWING: Final = "urn:ngsi-ld:Subscription:sources-of:"
"""How the ids begin of those that follow from subscriptions to entities; what follows is the id of the one followed."""
_FOLLOWED: Final = (
    "entities",
    "watched_attributes",
    "geo_q",
    "scope_q",
    "csf",
    "dataset_id",
    "is_active",
    "expires_at",
    "jsonld_context",
)
"""What of a subscription to entities tells which sources it concerns."""
Waiting = tuple[Stored, Context, Discovery]
Trigger = Literal["newlyMatching", "updated", "noLongerMatching"]


class Subscribers(Kept):
    """Every subscription to context sources."""

    kind = "ContextSourceNotification"
    table = store.SOURCES
    shown = store.SHOWN_SOURCES
    memory = "source_subscriptions"
    initialises = False

    def __init__(self, pool: Pool, book: Book, outbox: Outbox, receiver: str = "") -> None:
        super().__init__(pool, book, outbox)
        self._wordings = Wordings(book)
        self._outbox = outbox
        self._receiver = receiver
        """Where those that follow from subscriptions to entities are told: here."""

    async def change(self, tenant: str, id_: str, fragment: Any, context: Context, guard: Guard) -> None:
        """Put a fragment over a subscription (§5.11.3)."""
        _must_not_follow(id_)
        await super().change(tenant, id_, fragment, context, guard)

    async def remove(self, tenant: str, id_: str, guard: Guard) -> None:
        """Delete a subscription (§5.11.6)."""
        _must_not_follow(id_)
        await super().remove(tenant, id_, guard)

    def as_shown(self, stored: Stored) -> Stored:
        """A subscription as it is shown; one that follows another asks for the sources of what that one asks for (§5.8.1.4)."""
        if not stored.id.startswith(FOLLOWING):
            return stored
        said = stored.document
        document = msgspec.structs.replace(
            Subscription(id=said.id, notification=NotificationParams(endpoint=Endpoint(uri=self._receiver))),
            **{name: getattr(said, name) for name in _FOLLOWED},
        )
        return msgspec.structs.replace(stored, document=document, question="")

    def target_of(self, address: Address) -> Target | None:
        """Where notifications go; a registration is no GeoJSON feature, so that they are JSON where that is wanted."""
        target = super().target_of(address)
        if target is not None and target.accept == "application/geo+json":
            return msgspec.structs.replace(target, accept="application/json")
        return target

    async def tell(self, conn: Connection, changes: Iterable[Change]) -> Then | None:
        """Owe what follows from changes of registrations, in the transaction that writes them (§5.11.7)."""
        now = clock.now()
        notices: list[Notice] = []
        waiting: dict[str, list[Waiting]] = {}
        for change in changes:
            tenant = change.tenant
            if tenant not in waiting:
                waiting[tenant] = [one async for one in self._waiting(conn, tenant, now)]
            for stored, context, discovery in waiting[tenant]:
                found = _meaning(change, discovery)
                if found is not None:
                    notices.append(_notice(*found, stored, context, now))
        return await self._outbox.owe(conn, notices)

    async def tick(self, mine: Callable[[Address], bool]) -> None:
        """Owe what the clock asks for; to be called every second. Rows are held, so that several processes may."""
        del mine
        now = clock.now()
        async with transaction(self._pool) as conn:
            due = await store.due(conn, now, AT_ONCE, table=self.table)
            notices = [notice for tenant, id_, was in due for notice in await self._repeat(conn, tenant, id_, was)]
            then = await self._outbox.owe(conn, notices)
        if then is not None:
            then()

    async def _repeat(self, conn: Connection, tenant: str, id_: str, was: datetime) -> list[Notice]:
        now = clock.now()
        stored = await store.one(conn, tenant, id_, table=self.table)
        every = timedelta(seconds=stored.document.time_interval) if stored is not None else None
        await store.set_due(conn, tenant, id_, max(was + every, now) if every else None, table=self.table)
        return await self._all(conn, stored) if stored is not None else []

    async def _owe_at_once(self, conn: Connection, stored: Stored) -> Then | None:
        """All registrations that match at this moment: none is being changed meanwhile, for their memory is held."""
        await raise_(conn, registrations.MEMORY)
        return await self._outbox.owe(conn, await self._all(conn, stored))

    async def _all(self, conn: Connection, stored: Stored) -> list[Notice]:
        """Every registration that matches, in one notification; the clock has it sent with none in it too (§5.11.7)."""
        now = clock.now()
        if stored.status(now) != "active":
            return []
        context = await self._wordings.of(stored)
        discovery = asked(stored, context)
        known = await registrations.of_tenant(conn, stored.tenant)
        matching = [one for each in known if (one := discovery.of(each, now)) is not None]
        notices = [_notice(one, "newlyMatching", stored, context, now, together=True) for one in matching]
        if not notices and stored.document.time_interval:
            return [Notice(address=_address(stored), entity="", at=now, trigger="newlyMatching", data=b"")]
        return notices

    async def _waiting(self, conn: Connection, tenant: str, now: datetime) -> AsyncIterator[Waiting]:
        """The active subscriptions of a tenant that are told of changes, and what they ask."""
        for stored in await store.page(conn, tenant, None, limit=None, table=self.table):
            if stored.status(now) != "active" or stored.document.time_interval:
                continue
            context = await self._wordings.of(stored)
            try:
                yield stored, context, asked(stored, context)
            except Problem as problem:
                log.warning("the subscription %s to context sources asks nothing: %s", stored.id, problem)


def _meaning(change: Change, discovery: Discovery) -> tuple[Match, Trigger] | None:
    """What a change means to a subscription, and the registration as it is told; None where it means nothing (§5.3.3)."""
    before, after = change.before, change.after
    # what has just expired matched for as long as it was there
    was = discovery.of(before, before.created) if before is not None else None
    is_ = discovery.of(after, after.modified) if after is not None else None
    if is_ is not None:
        return is_, "newlyMatching" if was is None else "updated"
    if was is None:
        return None
    return was if after is None else Match(after, after.information), "noLongerMatching"


def _must_not_follow(id_: str) -> None:
    """Nothing, or the problem of changing what follows from something else."""
    if id_.startswith(FOLLOWING):
        raise Conflict(f"It follows from {id_.removeprefix(FOLLOWING)} and changes with that.")


def _address(stored: Stored) -> Address:
    return Address("ContextSourceNotification", stored.tenant, stored.id)


def _notice(
    found: Match, trigger: Trigger, stored: Stored, context: Context, at: datetime, *, together: bool = False
) -> Notice:
    """One registration as a subscriber wants it: those parts of it that matter, keys only for the one who gave them."""
    made = found.registration
    endpoint = stored.document.notification.endpoint
    written = write(
        made,
        context,
        information=found.information,
        system=stored.document.notification.sys_attrs is True,
        secrets=bool(made.owner and made.owner == stored.owner),
    )
    if endpoint.accept == "application/ld+json":
        written["@context"] = stored.document.words
    return Notice(
        address=_address(stored),
        entity=made.id,
        at=at,
        trigger=trigger,
        data=orjson.dumps(written),
        together=together,
    )
