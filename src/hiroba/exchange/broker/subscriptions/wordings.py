"""The @contexts that notifications are written by, at hand when an entity is written, which waits for no network."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.subscriptions.model import Stored

log = logging.getLogger("hiroba.subscriptions")
KEPT: Final = 1_000
"""Contexts that are kept at hand; the least used go first."""
FRESH: Final = 60.0
"""Seconds after which a context is asked for again, behind the back of who uses it."""
PATIENCE: Final = 2.0
"""Seconds a context is waited for that was never at hand; then names are written in full, which every reader understands."""

Named = tuple[str, str]
"""A tenant, and the address of an @context as it is seen there."""


class Wordings:
    """Contexts by what names them."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: OrderedDict[Named, tuple[float, Context]] = OrderedDict()
        self._asking: dict[Named, asyncio.Task[Context]] = {}

    async def ready(self, asked: Iterable[Stored]) -> None:
        """Wait for all that are not at hand, at the same time."""
        missing = {(stored.tenant, stored.document.words): stored for stored in asked}
        await asyncio.gather(*(self.of(stored) for source, stored in missing.items() if source not in self._known))

    async def of(self, stored: Stored) -> Context:
        """The context of a subscription's notifications."""
        source = (stored.tenant, stored.document.words)
        known = self._known.get(source)
        if known is not None:
            self._known.move_to_end(source)
            if known[0] < time.monotonic():
                self._ask(source)
            return known[1]
        try:
            return await asyncio.wait_for(asyncio.shield(self._ask(source)), PATIENCE)
        except TimeoutError:
            self._keep(source, CORE)  # until it is there after all
            return CORE

    def _ask(self, source: Named) -> asyncio.Task[Context]:
        task = self._asking.get(source)
        if task is None:
            task = self._asking[source] = asyncio.create_task(self._find(source))
            task.add_done_callback(lambda _: self._asking.pop(source, None))
        return task

    async def _find(self, source: Named) -> Context:
        try:
            context = await self._book.context(source[1], source[0])
        except Problem as problem:
            log.warning("notifications are written without their @context: %s", problem)
            context = self._known[source][1] if source in self._known else CORE
        self._keep(source, context)
        return context

    def _keep(self, source: Named, context: Context) -> None:
        self._known[source] = (time.monotonic() + FRESH, context)
        self._known.move_to_end(source)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
