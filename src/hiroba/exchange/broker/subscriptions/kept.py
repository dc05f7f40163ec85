"""Subscriptions of one kind: made, changed, deleted in the database, and remembered by every process (CIM 009 §5.8, §5.11)."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, reading, transaction
from hiroba.base.errors import Problem
from hiroba.base.ids import ulid
from hiroba.base.versions import raise_
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.delivery import store as deliveries
from hiroba.exchange.broker.delivery.model import Address, Kind, State, Target
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.errors import AlreadyExists, ResourceNotFound
from hiroba.exchange.broker.events import Then
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.index import Index
from hiroba.exchange.broker.subscriptions.model import Stored, Subscription
from hiroba.exchange.broker.subscriptions.reading import created, patched

log = logging.getLogger("hiroba.subscriptions")
Guard = Callable[[Stored], None]
"""Raises where a caller may not touch a subscription."""


class Kept:
    """Every subscription of a kind."""

    kind: ClassVar[Kind]
    table: ClassVar[store.Table]
    shown: ClassVar[store.Table]
    """The table with all that are shown, those too that follow from others."""
    memory: ClassVar[str]
    """The name of this memory among all (base/versions)."""
    triggers: ClassVar[tuple[str, ...]] = ()
    """What triggers a notification where a subscription may say, and does not."""
    initialises: ClassVar[bool] = True
    """Whether jsonldContext becomes a member where none is said (§5.8.1.4), or holds unsaid (§5.11.2.4 with §5.2.12)."""

    def __init__(self, pool: Pool, book: Book, outbox: Outbox) -> None:
        self._pool = pool
        self._book = book
        self._outbox = outbox
        self.index = Index()

    async def refresh(self, conn: Connection, above: int) -> None:
        """Read into memory what was written above a number."""
        if not above:
            self.index.clear()
        last: tuple[int, str, str] | None = (above + 1, "", "")
        while last is not None:
            batch = await store.written_after(conn, last, table=self.table)
            for stored in batch.written:
                try:
                    self.index.put(stored)
                except Problem as problem:  # what one says must not keep this process from hearing of the others
                    log.warning("the subscription %s cannot be followed: %s", stored.id, problem)
                    self.index.remove(stored.tenant, stored.id)
            for tenant, id_ in batch.gone:
                self.index.remove(tenant, id_)
            last = batch.last

    async def create(self, tenant: str, owner: str, document: Any, context: Context, *, via: str = "") -> str:
        """Make a subscription that came through these brokers; its id (§5.8.1)."""
        now = clock.now()
        read = created(document, context, now)
        address = await self._address(read.document.jsonld_context, context, tenant, owner)
        id_ = read.document.id or f"urn:ngsi-ld:Subscription:{ulid()}"
        stored = Stored(
            tenant=tenant,
            document=msgspec.structs.replace(self._in_words_of(read.document, address), id=id_),
            question=read.question,
            owner=owner,
            expires=read.expires,
            created=now,
            modified=now,
            via=via,
        )
        async with transaction(self._pool) as conn:
            number = await raise_(conn, self.memory)
            if not await store.insert(conn, [stored], number, table=self.table):
                raise AlreadyExists(f"There is a subscription {id_} already.")
            await self._set_due(conn, stored)
            then = await self._owe_at_once(conn, stored)
        if then is not None:
            then()
        return id_

    async def change(self, tenant: str, id_: str, fragment: Any, context: Context, guard: Guard) -> None:
        """Put a fragment over a subscription (§5.8.2)."""
        now = clock.now()
        address = ""
        if isinstance(fragment, dict) and "jsonldContext" in fragment:
            named = fragment["jsonldContext"]
            address = await self._address(named if names.is_uri(named) else "", context, tenant, "")
        async with transaction(self._pool) as conn:
            number = await raise_(conn, self.memory)
            before = _there(await store.one(conn, tenant, id_, hold=True, table=self.table), id_)
            guard(before)
            read = patched(before.document, before.question, fragment, context, now)
            document = self._in_words_of(read.document, address or before.document.words)
            after = msgspec.structs.replace(
                before, document=document, question=read.question, expires=read.expires, modified=now
            )
            await store.update(conn, after, number, table=self.table)
            if after.document.time_interval != before.document.time_interval:
                await self._set_due(conn, after)
            then = await self._owe_at_once(conn, after)
        if then is not None:
            then()

    async def remove(self, tenant: str, id_: str, guard: Guard) -> None:
        """Delete a subscription and all that is owed to it (§5.8.5)."""
        async with transaction(self._pool) as conn:
            number = await raise_(conn, self.memory)
            guard(_there(await store.one(conn, tenant, id_, hold=True, table=self.table), id_))
            await store.delete(conn, tenant, id_, number, at=clock.now(), table=self.table)
            await store.set_due(conn, tenant, id_, None, table=self.table)
            await deliveries.forget(conn, [Address(self.kind, tenant, id_)])

    async def one(self, tenant: str, id_: str) -> tuple[Stored, State | None]:
        """One subscription, and how its deliveries went (§5.8.3)."""
        await self._outbox.settled()
        async with reading(self._pool) as conn:
            stored = _there(await store.one(conn, tenant, id_, table=self.shown), id_)
            address = Address(self.kind, tenant, id_)
            return self.as_shown(stored), (await deliveries.states(conn, [address])).get(address)

    async def page(
        self, tenant: str, owner: str | None, *, limit: int, offset: int
    ) -> list[tuple[Stored, State | None]]:
        """Subscriptions in the order of their making, of one owner or with None of all (§5.8.4)."""
        await self._outbox.settled()
        async with reading(self._pool) as conn:
            found = await store.page(conn, tenant, owner, limit=limit, offset=offset, table=self.shown)
            addresses = [Address(self.kind, tenant, stored.id) for stored in found]
            states = await deliveries.states(conn, addresses)
        return [(self.as_shown(stored), states.get(address)) for stored, address in zip(found, addresses, strict=True)]

    async def count(self, tenant: str, owner: str | None) -> int:
        """How many there are."""
        async with reading(self._pool) as conn:
            return await store.count(conn, tenant, owner, table=self.shown)

    def target_of(self, address: Address) -> Target | None:
        """Where the notifications of a subscription go; None where there is none."""
        entry = self.index.get(address.tenant, address.subscription)
        if entry is None or address.kind != self.kind:
            return None
        document, endpoint = entry.stored.document, entry.stored.document.notification.endpoint
        return Target(
            uri=endpoint.uri,
            accept=endpoint.accept or "application/json",
            receiver_info=tuple((pair.key, pair.value) for pair in endpoint.receiver_info),
            notifier_info=tuple((pair.key, pair.value) for pair in endpoint.notifier_info),
            context=document.words,
            timeout=endpoint.timeout / 1000 or None,
            cooldown=endpoint.cooldown / 1000 or None,
            throttling=float(document.throttling),
            active=entry.stored.status(clock.now()) == "active",
        )

    def as_shown(self, stored: Stored) -> Stored:
        """A subscription as it is shown: as it was made."""
        return stored

    async def _owe_at_once(self, conn: Connection, stored: Stored) -> Then | None:
        """Owe what a subscription gets because it was made or changed, in that transaction: nothing."""
        del conn, stored
        return None

    async def _address(self, named: str, context: Context, tenant: str, owner: str) -> str:
        """The @context of notifications, known to be one: that of the request where none is named (§5.8.1.4)."""
        if named:
            await self._book.context(named, tenant)
            return named
        return await self._book.address_for(context.source, tenant, owner)

    def _in_words_of(self, document: Subscription, address: str) -> Subscription:
        """The document, whose notifications are in the words of this @context."""
        said = address if self.initialises or document.jsonld_context else ""
        return msgspec.structs.replace(document, jsonld_context=said, sent_with="" if said else address)

    async def _set_due(self, conn: Connection, stored: Stored) -> None:
        every = stored.document.time_interval
        due = stored.modified + timedelta(seconds=every) if every else None
        await store.set_due(conn, stored.tenant, stored.id, due, table=self.table)


def _there(stored: Stored | None, id_: str) -> Stored:
    if stored is None:
        raise ResourceNotFound(f"There is no subscription {id_}.")
    return stored
