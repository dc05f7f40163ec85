"""The engine: takes what is owed out of the table and has it delivered, each subscription's in order, none held up by another.

One task (`_run`) speaks with the database over one connection, and each of its rounds is a statement or two however much there
is to do: write down what was delivered, look at what is new, fetch what did not fit into memory. The table alone says what is
owed; memory only holds its beginning. Processes share the slots of subscriptions by advisory locks, which end with the
connection: what a process that dies has not finished, the others take up within seconds.
"""

import asyncio
import heapq
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import asyncpg

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Problem
from hiroba.exchange.broker.delivery import store
from hiroba.exchange.broker.delivery.line import Attempt, Line
from hiroba.exchange.broker.delivery.message import Message, message
from hiroba.exchange.broker.delivery.model import Address, Kind, Row, Tally, Target
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.delivery.slots import SLOTS, slot_of

log = logging.getLogger("hiroba.delivery")
LOOK: Final = 1.0
"""Seconds after which the table is looked at without a hint, and slots are shared anew."""
PACE: Final = 0.004
"""Seconds between two rounds: what comes together in them shares the statements."""
CHANNEL: Final = "hiroba_owed"
SETTLED: Final = timedelta(seconds=3)
"""After this what is owed to a subscription unknown or at rest is dropped: before, the memory of subscriptions may be behind."""
OLDEST: Final = timedelta(days=1)
"""What could not be delivered for so long is given up."""
FETCHED: Final = 100
"""Rows of a subscription that are held in memory; those behind them stay in the table."""
MOST_BYTES: Final = 64 << 20
"""Bytes of data in memory; beyond, rows stay in the table."""
LAST: Final = 5.0
"""Seconds the database has for a round, and deliveries under way when the process is told to stop."""
TRUSTED, DOUBTED = 800, 200
"""Attempts under way at once to receivers that took the last one, and to those that did not or have not been tried."""

Targets = Mapping[Kind, Callable[[Address], Target | None]]
"""Where a subscription wants its notifications, by kind: from memory; None where there is no such subscription (any more)."""
Mine = Callable[[Address], bool]
Tick = Callable[[Mine], Awaitable[None]]
"""What is called each second, to owe what is due by the clock to the subscriptions that are this process's."""
Send = Callable[[Target, Message], Awaitable[Attempt]]


class Engine:
    """The delivery of this process."""

    def __init__(self, pool: Pool, outbox: Outbox, targets: Targets, send: Send, ticks: Sequence[Tick] = ()) -> None:
        self._pool, self._outbox, self._targets, self._send, self._ticks = pool, outbox, targets, send, ticks
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running: list[asyncio.Task[None]] = []
        self._ending = False
        self._forget_everything()

    def _forget_everything(self) -> None:
        """The state before the first look: nothing is held, nothing is known."""
        self._slots: set[int] = set()
        self._leaving: set[int] = set()
        self._lines: dict[Address, Line] = {}
        self._held: set[int] = set()
        self._bytes = 0
        self._recent: deque[int] = deque()
        self._low = self._top = 0
        self._samples: deque[tuple[int, int]] = deque()
        self._done: list[Row] = []
        self._dead: list[tuple[Row, int, str]] = []
        self._tallies: dict[Address, Tally] = {}
        self._elsewhere: set[int] = set()
        self._unwanted: set[Address] = set()
        self._hungry: dict[Address, None] = {}
        self._alarms: list[tuple[float, Address]] = []
        self._alarmed: dict[Address, float] = {}
        self._queues: dict[bool, dict[Address, None]] = {True: {}, False: {}}
        self._free = {True: TRUSTED, False: DOUBTED}
        self._new = True

    async def start(self) -> None:
        """Begin to deliver."""
        self._outbox.hurry = self.hurry
        self._running = [asyncio.create_task(self._run()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """Begin no delivery, wait a little for those under way, and write down how they went; what is cut off stays owed."""
        self._outbox.hurry = None
        self._ending = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST)
        self._wake.set()
        if self._running:
            await asyncio.wait(self._running[:1], timeout=LAST)
        for task in (*self._running, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._running, *self._tasks, return_exceptions=True)

    def hurry(self, slots: Iterable[int]) -> None:
        """Look at once: something new is owed in these slots."""
        others = [slot for slot in slots if slot not in self._slots]
        if others:
            self._elsewhere.update(others)
        self._new = True
        self._wake.set()

    def mine(self, address: Address) -> bool:
        """Whether it is this process that delivers to a subscription."""
        slot = slot_of(address)
        return slot in self._slots and slot not in self._leaving

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for tick in self._ticks:
                try:
                    await tick(self.mine)
                except (Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                    log.warning("what is due by the clock cannot be sent at this moment: %s", error)

    async def _run(self) -> None:
        while not self._ending:
            try:
                await self._on_one_connection()
            except (Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("notifications wait for the database: %s", error)
            for task in self._tasks:
                task.cancel()  # others may hold our slots by now
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._forget_everything()
            if not self._ending:
                await asyncio.sleep(LOOK)

    async def _on_one_connection(self) -> None:
        conn = await self._pool.acquire()
        try:
            await store.arrive(conn)
            await conn.add_listener(CHANNEL, self._hear)
            await self._begin(conn)
            shared = 0.0
            while not (self._ending and not self._tasks):
                now = time.monotonic()
                async with asyncio.timeout(LAST):  # others may believe that we are gone
                    if now >= shared + LOOK:
                        await self._share(conn)
                        self._new, shared = True, now
                    await self._round(conn)
                await self._rest(shared + LOOK)
            await self._settle(conn)
        finally:
            conn.terminate()
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._pool.release(conn)

    async def _begin(self, conn: Connection) -> None:
        """Find the number below which no row can appear any more: that of all whose transactions have ended by now."""
        top, next_ = await store.highest(conn)
        for _ in range(100):
            if (await store.look(conn, top, (), ())).oldest >= next_:
                self._low = self._top = top
                return
            await asyncio.sleep(0.05)

    def _hear(self, _conn: Any, _pid: int, _channel: str, payload: object) -> None:
        if not self._slots.isdisjoint(map(int, str(payload).split(","))):
            self._new = True
            self._wake.set()

    async def _rest(self, until: float) -> None:
        """Wait for something to do."""
        self._ring()
        if self._alarms:
            until = min(until, self._alarms[0][0])
        await asyncio.sleep(PACE)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, until - time.monotonic()))
        self._wake.clear()
        self._ring()

    def _ring(self) -> None:
        now = time.monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            when, address = heapq.heappop(self._alarms)
            if self._alarmed.get(address) == when:
                del self._alarmed[address]
                self._advance(address)

    def _alarm(self, address: Address, when: float) -> None:
        """Look at this line then, if not before."""
        if when < self._alarmed.get(address, float("inf")):
            self._alarmed[address] = when
            heapq.heappush(self._alarms, (when, address))

    async def _share(self, conn: Connection) -> None:
        """Hold as many slots as is fair; what the others lack is finished and let go."""
        fair = -(-SLOTS // max(1, await store.processes(conn)))
        surplus = len(self._slots) - fair
        if surplus > len(self._leaving):
            self._leaving = set(sorted(self._slots)[-surplus:])
        elif surplus <= 0:
            self._leaving.clear()
        if surplus < 0:
            wanted = [slot for slot in range(SLOTS) if slot not in self._slots]
            random.shuffle(wanted)
            if gained := await store.hold(conn, wanted, -surplus):
                self._slots.update(gained)
                owed = await store.owed_to(conn, gained)
                await self._meet(conn, owed)
                for address in owed:
                    self._lines[address].more = True
                    self._hungry[address] = None
        self._evict()

    def _evict(self) -> None:
        """Forget lines to which nothing is owed: what is worth knowing of them is in the table."""
        now = time.monotonic()
        for address in [
            a for a, line in self._lines.items() if line.idle and line.last < now - LOOK and line.rest < now
        ]:
            if address not in self._tallies:
                del self._lines[address]

    async def _leave(self, conn: Connection) -> None:
        """Let go of slots in which nothing is under way any more."""
        busy = {slot_of(address) for address, line in self._lines.items() if line.flying}
        if gone := self._leaving - busy:
            for address in [address for address in self._lines if slot_of(address) in gone]:
                self._discard(address)
            self._slots -= gone
            self._leaving -= gone
            await store.release(conn, gone)

    async def _round(self, conn: Connection) -> None:
        await self._settle(conn)
        if self._leaving:
            await self._leave(conn)
        if self._elsewhere:
            slots, self._elsewhere = self._elsewhere, set()
            await store.call(conn, CHANNEL, ",".join(map(str, slots)))
        if self._new:
            self._new = False
            await self._look(conn)
        if self._hungry:
            await self._feed(conn)

    async def _settle(self, conn: Connection) -> None:
        """Write down what has been done since the last round."""
        done, self._done = self._done, []
        tallies, self._tallies = self._tallies, {}
        dead, self._dead = self._dead, []
        unwanted, self._unwanted = self._unwanted, set()
        if dead:
            await store.bury(conn, dead, clock.now())
        if unwanted:
            await store.drop(conn, unwanted)
        if done or tallies:
            await store.settle(conn, done, tallies)
        for row in done:
            self._let_go(row)
        for row, _, _ in dead:
            self._let_go(row)

    async def _look(self, conn: Connection) -> None:
        """Take in what is new."""
        seen = await store.look(conn, self._low, self._slots, self._recent)
        fresh = [row for row in seen.rows if row.number not in self._held]
        if unknown := {row.address for row in fresh} - self._lines.keys():
            await self._meet(conn, unknown)
        touched: dict[Address, None] = {}
        for row in fresh:
            line = self._lines[row.address]
            touched[row.address] = None
            self._recent.append(row.number)
            if (line.more and row.number > line.reached) or len(line.waiting) >= FETCHED or self._bytes > MOST_BYTES:
                line.more = True
            else:
                self._keep(line, row)
        self._top = max(self._top, *(row.number for row in seen.rows)) if seen.rows else self._top
        self._samples.append((self._top, seen.next))
        while self._samples and self._samples[0][1] <= seen.oldest:
            self._low = self._samples.popleft()[0]
        self._recent = deque(number for number in self._recent if number > self._low)
        for address in touched:
            self._advance(address)

    async def _meet(self, conn: Connection, addresses: Iterable[Address]) -> None:
        """Make lines for subscriptions that have none, as they were left."""
        known = await store.states(conn, addresses)
        now, wall = time.monotonic(), clock.now()
        for address in addresses:
            line = self._lines.setdefault(address, Line())
            if (state := known.get(address)) is not None:
                line.failures = state.failures
                if state.last_notification is not None:
                    line.last = now - (wall - state.last_notification).total_seconds()

    async def _feed(self, conn: Connection) -> None:
        """Fetch the next rows of lines that have room for them."""
        if self._bytes > MOST_BYTES:
            return
        hungry, self._hungry = [a for a in self._hungry if a in self._lines], {}
        rows = await store.following(conn, [(address, self._lines[address].reached) for address in hungry], FETCHED)
        found: dict[Address, int] = dict.fromkeys(hungry, 0)
        for row in rows:
            found[row.address] += 1
            if row.number not in self._held:
                self._keep(self._lines[row.address], row)
        for address, count in found.items():
            self._lines[address].more = count == FETCHED
            self._advance(address)

    def _keep(self, line: Line, row: Row) -> None:
        self._held.add(row.number)
        self._bytes += len(row.data)
        line.add(row)

    def _let_go(self, row: Row) -> None:
        if row.number in self._held:
            self._held.discard(row.number)
            self._bytes -= len(row.data)

    def _discard(self, address: Address) -> None:
        for row in self._lines.pop(address).empty():
            self._let_go(row)

    def _advance(self, address: Address) -> None:
        """Send what this line may send now; else see to it that it is looked at when it may."""
        for queue in self._queues.values():
            queue.pop(address, None)
        line = self._lines.get(address)
        if line is None or self._ending or slot_of(address) in self._leaving:
            return
        if line.more and not line.waiting:
            self._hungry[address] = None
            self._wake.set()
        if not line.waiting:
            return
        target = self._targets[address.kind](address)
        if target is None or not target.active:
            self._refuse(address, line)
            return
        if target.throttling:
            self._done += line.superseded()
        now = time.monotonic()
        trusted = line.failures == 0 and line.width > 1
        while self._free[trusted] > 0:
            rows = line.take(now, target)
            if not rows:
                break
            self._free[trusted] -= 1
            task = asyncio.create_task(self._deliver(address, line, target, rows, trusted=trusted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            if line.due(target) is not None:
                self._queues[trusted][address] = None
            return
        if (due := line.due(target)) is not None and due > now:
            self._alarm(address, due)

    def _refuse(self, address: Address, line: Line) -> None:
        """Drop what is owed to a subscription that is gone or at rest, as soon as that is certain."""
        if line.waiting[-1].at < clock.now() - SETTLED:
            self._done += line.empty()
            if line.more:
                self._unwanted.add(address)
                line.more = False
            self._wake.set()
        else:
            self._alarm(address, time.monotonic() + LOOK)

    async def _deliver(
        self, address: Address, line: Line, target: Target, rows: tuple[Row, ...], *, trusted: bool
    ) -> None:
        began = clock.now()
        try:
            attempt = await self._send(target, message(rows, target))
        except Exception as error:
            log.exception("a notification to %s could not be made", address.subscription)
            attempt = Attempt(ok=False, reason=f"it could not be made: {type(error).__name__}", refused=True)
        self._free[trusted] += 1
        tally = self._tallies.setdefault(address, Tally())
        tally.sent += 1
        tally.ok = attempt.ok
        tally.last_notification = began
        if attempt.ok:
            tally.last_success = began
            line.went_well(rows)
            self._done += rows
        else:
            tally.failed += 1
            tally.last_failure = began
            given_up = line.failed(rows, time.monotonic(), target, random.random(), refused=attempt.refused)  # noqa: S311 - spreads load
            self._dead += [(row, line.failures, attempt.reason) for row in given_up]
            self._give_up_old(line, attempt.reason)
        tally.failures = line.failures
        self._advance(address)
        queue = self._queues[trusted]
        while queue and self._free[trusted] > 0:
            self._advance(next(iter(queue)))
        self._wake.set()

    def _give_up_old(self, line: Line, reason: str) -> None:
        """Bury what has waited too long."""
        limit = clock.now() - OLDEST
        while line.waiting and line.waiting[0].at < limit:
            row = line.waiting.popleft()
            self._dead.append((row, line.failures, reason))


async def undelivered(pool: Pool) -> int:
    """How many notifications are owed."""
    async with transaction(pool) as conn:
        return await store.length(conn)
