"""Who is sent to next: lines in memory, places for attempts, alarms for lines that must wait. No database here.

Attempts to receivers that took the last one have places of their own, those to receivers that did not have few, so that
receivers which never answer, however many they are, delay nobody else.
"""

import asyncio
import heapq
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Final

from hiroba.base import clock
from hiroba.base.errors import Problem
from hiroba.exchange.broker.delivery.ledger import OLDEST, Ledger
from hiroba.exchange.broker.delivery.line import Attempt, Line, Trust
from hiroba.exchange.broker.delivery.message import Message, message
from hiroba.exchange.broker.delivery.metrics import UNDER_WAY
from hiroba.exchange.broker.delivery.model import Address, Kind, Row, Target

log = logging.getLogger("hiroba.delivery")
SETTLED: Final = timedelta(seconds=3)
"""After this what is owed to a subscription unknown or at rest is dropped: before, the memory of subscriptions may be behind."""
LOOK: Final = 1.0
"""Seconds until a subscription that is unknown or at rest is looked at again."""
KNOWN: Final = 5.0
"""Seconds a line to which nothing is owed is remembered."""
FETCHED: Final = 100
"""Rows of a subscription that are held in memory; those behind them stay in the table."""
PLACES: Final[dict[Trust, int]] = {"good": 1000, "new": 2000, "failing": 200}
"""Attempts under way at once."""

Targets = Mapping[Kind, Callable[[Address], Target | None]]
"""By kind: where a subscription wants its notifications, from memory; None where there is no such subscription (any more)."""
Send = Callable[[Target, Message], Awaitable[Attempt]]
Unseal = Callable[[Sequence[Row]], AbstractAsyncContextManager[list[Row]]]
"""Around a sending: rows about people, as their subscriber may see them then."""


class Dispatch:
    """The lines of this process; `wake` is called when there is something to write down or to fetch."""

    def __init__(
        self,
        targets: Targets,
        send: Send,
        mine: Callable[[Address], bool],
        wake: Callable[[], None],
        unseal: Unseal | None = None,
    ) -> None:
        self._targets, self._send, self._mine, self._wake, self._unseal = targets, send, mine, wake, unseal
        self.ledger = Ledger()
        self.lines: dict[Address, Line] = {}
        self.hungry: dict[Address, None] = {}
        """Lines whose next rows are to be fetched."""
        self.tasks: set[asyncio.Task[Any]] = set()
        self.closed = False
        self._alarms: list[tuple[float, Address]] = []
        self._alarmed: dict[Address, float] = {}
        self._queues: dict[Trust, dict[Address, None]] = {trust: {} for trust in PLACES}
        self._free = dict(PLACES)

    def take_in(self, row: Row) -> None:
        """Something is owed to a line that is here; without room, or behind rows in the table, it stays there."""
        line = self.lines[row.address]
        if row in self.ledger:
            return
        if (line.more and row.number > line.reached) or len(line.waiting) >= FETCHED or self.ledger.full:
            line.more = True
        else:
            self._keep(line, row)

    def feed(self, hungry: Iterable[Address], rows: Iterable[Row]) -> None:
        """These rows, at most FETCHED of each, were the next of those lines."""
        found = dict.fromkeys(hungry, 0)
        for row in rows:
            found[row.address] += 1
            if row not in self.ledger:
                self._keep(self.lines[row.address], row)
        for address, count in found.items():
            self.lines[address].more = count == FETCHED
            self.advance(address)

    def _keep(self, line: Line, row: Row) -> None:
        self.ledger.keep(row)
        line.add(row)

    def discard(self, addresses: Iterable[Address]) -> None:
        """Forget lines with what waits in them: it is another process's."""
        for address in list(addresses):
            self.ledger.let_go(self.lines.pop(address).empty())

    def evict(self) -> None:
        """Forget lines to which nothing is owed: what is worth knowing of them is in the table."""
        before = time.monotonic() - KNOWN
        self.discard(
            address
            for address, line in self.lines.items()
            if line.idle and line.last < before and line.rest < before and not self.ledger.is_open(address)
        )

    def ring(self) -> float:
        """Look at lines whose time has come; when the next one's will."""
        now = time.monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            when, address = heapq.heappop(self._alarms)
            if self._alarmed.get(address) == when:
                del self._alarmed[address]
                self.advance(address)
        return self._alarms[0][0] if self._alarms else float("inf")

    def _alarm(self, address: Address, when: float) -> None:
        """Look at this line then, if not before."""
        if when < self._alarmed.get(address, float("inf")):
            self._alarmed[address] = when
            heapq.heappush(self._alarms, (when, address))

    def advance(self, address: Address) -> None:
        """Send what this line may send now; else see to it that it is looked at when it may."""
        line = self.lines.get(address)
        if line is None or self.closed or not self._mine(address):
            return
        if not line.waiting:
            if line.more:
                self.hungry[address] = None
                self._wake()
            return
        target = self._targets[address.kind](address)
        if target is None or not target.active:
            self._refuse(address, line)
            return
        if target.throttling:
            self.ledger.superseded(line.superseded())
        self._begin(address, line, target)

    def _begin(self, address: Address, line: Line, target: Target) -> None:
        now = time.monotonic()
        trust = line.trust
        while self._free[trust] > 0 and (rows := line.take(now, target)):
            self._free[trust] -= 1
            task = asyncio.create_task(self._deliver(address, line, target, rows, trust))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        due = line.due(target)
        if due is not None and due > now:
            self._alarm(address, due)
        elif due is not None and self._free[trust] == 0:
            self._queues[trust][address] = None

    def _refuse(self, address: Address, line: Line) -> None:
        """Drop what is owed to a subscription that is gone or at rest, as soon as that is certain."""
        if line.waiting[-1].at >= clock.now() - SETTLED:
            self._alarm(address, time.monotonic() + LOOK)
            return
        self.ledger.unwanted(address, line.empty(), more=line.more)
        line.more = False
        self._wake()

    async def _deliver(self, address: Address, line: Line, target: Target, rows: tuple[Row, ...], trust: Trust) -> None:
        began = clock.now()
        self.ledger.began(address, began, again=line.was_sent(rows))
        self._wake()
        UNDER_WAY.inc()
        try:
            attempt = await self._attempt(rows, target)
        except Exception as error:
            log.exception("a notification to %s could not be made", address.subscription)
            attempt = Attempt(ok=False, reason=f"it could not be made: {type(error).__name__}", refused=True)
        finally:
            UNDER_WAY.dec()
        self._free[trust] += 1
        if attempt.ok:
            line.went_well(rows)
            self.ledger.succeeded(address, rows, began)
        else:
            chance = random.random()  # noqa: S311 - spreads attempts over time, keeps no secret
            dead = line.failed(rows, time.monotonic(), target, chance, refused=attempt.refused)
            self.ledger.failed(address, began, line.failures, attempt.reason)
            self.ledger.bury(dead, attempt, line.failures)
            self._give_up_old(address, line, attempt)
        self.advance(address)
        queue = self._queues[trust]
        while queue and self._free[trust] > 0:
            following = next(iter(queue))
            del queue[following]
            self.advance(following)
        self._wake()

    async def _attempt(self, rows: tuple[Row, ...], target: Target) -> Attempt:
        """Send rows as they are; those about people as their subscriber may see them by now, or not at all."""
        if all(row.subject is None for row in rows):
            return await self._send(target, message(rows, target))
        if self._unseal is None:
            return Attempt(ok=False, reason="personal data are not opened here", refused=True)
        try:
            async with self._unseal(rows) as opened:
                return await self._send(target, message(opened, target)) if opened else Attempt(ok=True)
        except Problem as problem:
            return Attempt(ok=False, reason=str(problem))

    def _give_up_old(self, address: Address, line: Line, attempt: Attempt) -> None:
        """Bury what has waited too long, here and in the table."""
        limit = clock.now() - OLDEST
        if line.waiting and line.waiting[0].at < limit:
            self.ledger.bury(line.older(limit), attempt, line.failures)
            if line.more:
                self.ledger.bury_overdue(address, attempt, line.failures)
