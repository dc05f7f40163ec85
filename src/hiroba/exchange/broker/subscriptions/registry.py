"""The subscriptions to entities: those that are kept, the listener that tells them of changes, and the clock (CIM 009 §5.8)."""

from collections.abc import Callable
from typing import Final

from hiroba.base import clock
from hiroba.base.db import Pool, transaction
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.delivery.model import Address
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.intervals import Intervals
from hiroba.exchange.broker.subscriptions.kept import Kept
from hiroba.exchange.broker.subscriptions.model import DEFAULT_TRIGGERS
from hiroba.exchange.broker.subscriptions.notifier import Notifier
from hiroba.exchange.broker.subscriptions.wordings import Wordings

MEMORY: Final = "subscriptions"


class Subscriptions(Kept):
    """Every subscription to entities."""

    kind = "Notification"
    table = shown = store.ENTITIES
    memory = MEMORY
    triggers = DEFAULT_TRIGGERS

    def __init__(self, pool: Pool, book: Book, outbox: Outbox) -> None:
        super().__init__(pool, book, outbox)
        self.wordings = Wordings(book)
        """The contexts of notifications."""
        self.listener = Notifier(self.index, self.wordings, outbox)
        """Told of every change, it owes what follows."""
        self._intervals = Intervals(self.index, self.wordings, outbox)

    async def tick(self, mine: Callable[[Address], bool]) -> None:
        """Owe what the clock asks for; to be called every second. Rows are held, so that several processes may."""
        del mine
        async with transaction(self._pool) as conn:
            then = await self._intervals(conn, clock.now())
        if then is not None:
            then()
