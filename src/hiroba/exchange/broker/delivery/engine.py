"""The engine: takes what is owed out of the table and has it delivered, each subscription's in order, none held up by another.

One task speaks with the database over one connection, and each of its rounds is a statement or two however much there is to
do: write down what was delivered, look at what is new, fetch what did not fit into memory. The table alone says what is owed;
memory holds its beginning only. Processes share the slots of subscriptions by locks that end with the connection: what a
process that dies has not finished, the others take up within seconds.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from hiroba.base import clock
from hiroba.base.db import AWAY, Connection, Pool
from hiroba.exchange.broker.delivery import store
from hiroba.exchange.broker.delivery.dispatch import FETCHED, Dispatch, Send, Targets, Unseal
from hiroba.exchange.broker.delivery.horizon import Horizon
from hiroba.exchange.broker.delivery.leases import Leases
from hiroba.exchange.broker.delivery.line import Line
from hiroba.exchange.broker.delivery.metrics import OWED
from hiroba.exchange.broker.delivery.model import Address
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.delivery.slots import slot_of
from hiroba.exchange.broker.delivery.store import locks, queue

log = logging.getLogger("hiroba.delivery")
LOOK: Final = 1.0
"""Seconds after which the table is looked at without a hint, and slots are shared anew."""
PACE: Final = 0.004
"""Seconds between two rounds: what comes together in them shares the statements."""
LAST: Final = 5.0
"""Seconds the database has for a round, and deliveries under way when the process is told to stop."""
SOON: Final = 0.2
"""Seconds that who asks how deliveries went waits for the last ones to be written."""
COUNTED: Final = 15.0
"""Seconds between two counts of what is owed."""
CHANNEL: Final = "hiroba_owed"

Tick = Callable[[Callable[[Address], bool]], Awaitable[None]]
"""Called each second, to owe what is due by the clock to those subscriptions for which it is told True."""


class Engine:
    """The delivery of this process."""

    def __init__(
        self,
        pool: Pool,
        outbox: Outbox,
        targets: Targets,
        send: Send,
        ticks: Sequence[Tick] = (),
        *,
        unseal: Unseal | None = None,
    ) -> None:
        self._pool, self._outbox, self._targets, self._send, self._ticks = pool, outbox, targets, send, ticks
        self._unseal = unseal
        self._wake = asyncio.Event()
        self._written = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._ending = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._horizon, self.leases = Horizon(), Leases()
        self.dispatch = Dispatch(self._targets, self._send, self.leases.mine, self._wake.set, self._unseal)
        self._elsewhere: set[int] = set()
        self._new = True

    async def start(self) -> None:
        """Begin to deliver."""
        self._outbox.hurry, self._outbox.wait = self.hurry, self.settled
        self._running = [asyncio.create_task(self._run()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """Begin no delivery, wait a little for those under way and write down how they went; what is cut off stays owed."""
        self._outbox.hurry = self._outbox.wait = None
        self.dispatch.closed = True
        if self.dispatch.tasks:
            await asyncio.wait(self.dispatch.tasks, timeout=LAST)
        self._ending = True
        self._wake.set()
        if self._running:
            await asyncio.wait(self._running[:1], timeout=LAST)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def hurry(self, slots: Iterable[int]) -> None:
        """Look at once: something new is owed in these slots."""
        self._elsewhere.update(slot for slot in slots if slot not in self.leases.held)
        self._new = True
        self._wake.set()

    async def settled(self) -> None:
        """Wait until what has ended by now is written down: for the round under way, and the next."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON):
                for _ in range(2):
                    if not self.dispatch.ledger.settled:
                        self._wake.set()
                        self._written.clear()
                        await self._written.wait()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for tick in self._ticks:
                try:
                    await tick(self.leases.mine)
                except AWAY as error:
                    log.warning("what is due by the clock cannot be sent at this moment: %s", error)

    async def _run(self) -> None:
        while not self._ending:
            try:
                await self._on_one_connection()
            except AWAY as error:
                log.warning("notifications wait for the database: %s", error)
            except Exception:
                log.exception("delivery begins anew")
            finally:
                under_way = list(self.dispatch.tasks)
                for task in under_way:
                    task.cancel()  # others may hold our slots by now
                await asyncio.gather(*under_way, return_exceptions=True)
            if not self._ending:
                self._begin_anew()
                await asyncio.sleep(LOOK)

    async def _on_one_connection(self) -> None:
        conn = await self._pool.acquire()
        try:
            await locks.arrive(conn)
            await conn.add_listener(CHANNEL, self._hear)
            self._horizon.begin(await self._begin_at(conn))
            shared = counted = float("-inf")
            while not self._ending:
                now = time.monotonic()
                async with asyncio.timeout(LAST):  # others may believe that we are gone
                    if now >= shared + LOOK:
                        await self._share(conn)
                        self._new, shared = True, now
                    if now >= counted + COUNTED:
                        OWED.set(await queue.length(conn))
                        counted = now
                    await self._round(conn)
                await self._rest(shared + LOOK)
            await self.dispatch.ledger.settle(conn)
        finally:
            conn.terminate()
            with suppress(*AWAY):
                await self._pool.release(conn)

    async def _begin_at(self, conn: Connection) -> int:
        """A number below which no row can appear any more: all transactions that may have given one have ended."""
        top, next_ = await queue.highest(conn)
        for _ in range(20):
            if (await queue.look(conn, top, (), ())).oldest >= next_:
                return top
            await asyncio.sleep(0.05)
        return 0

    def _hear(self, _conn: Any, _pid: int, _channel: str, payload: object) -> None:
        if not self.leases.held.isdisjoint(map(int, str(payload).split(","))):
            self._new = True
            self._wake.set()

    async def _rest(self, until: float) -> None:
        """Wait for something to do."""
        await asyncio.sleep(PACE)
        until = min(until, self.dispatch.ring())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, until - time.monotonic()))
        self._wake.clear()
        self.dispatch.ring()

    async def _share(self, conn: Connection) -> None:
        gained = await self.leases.share(conn)
        if gained:
            owed = await queue.owed_to(conn, gained)
            await self._meet(conn, owed)
            for address in owed:
                self.dispatch.lines[address].more = True
                self.dispatch.hungry[address] = None
        self.dispatch.evict()

    async def _round(self, conn: Connection) -> None:
        await self.dispatch.ledger.settle(conn)
        self._written.set()
        if self.leases.leaving:
            await self._leave(conn)
        if self._elsewhere:
            slots, self._elsewhere = self._elsewhere, set()
            await queue.call(conn, CHANNEL, ",".join(map(str, slots)))
        if self._new:
            self._new = False
            await self._look(conn)
        if self.dispatch.hungry and not self.dispatch.ledger.full:
            await self._feed(conn)

    async def _leave(self, conn: Connection) -> None:
        """Let go of slots in which nothing is under way any more."""
        lines = self.dispatch.lines
        gone = self.leases.leaving - {slot_of(address) for address, line in lines.items() if line.flying}
        if gone:
            self.dispatch.discard(address for address in lines if slot_of(address) in gone)
            await self.leases.leave(conn, gone)

    async def _look(self, conn: Connection) -> None:
        """Take in what is new."""
        seen = await queue.look(conn, self._horizon.low, self.leases.held, self._horizon.recent)
        if unknown := {row.address for row in seen.rows} - self.dispatch.lines.keys():
            await self._meet(conn, unknown)
        for row in seen.rows:
            self.dispatch.take_in(row)
        self._horizon.saw((row.number for row in seen.rows), seen.oldest, seen.next)
        for address in {row.address: None for row in seen.rows}:
            self.dispatch.advance(address)

    async def _meet(self, conn: Connection, addresses: Iterable[Address]) -> None:
        """Make lines for subscriptions that have none, as they were left."""
        addresses = [address for address in addresses if address not in self.dispatch.lines]
        known = await store.states(conn, addresses)
        now, wall = time.monotonic(), clock.now()
        for address in addresses:
            line = self.dispatch.lines[address] = Line()
            if (state := known.get(address)) is not None:
                line.failures = state.failures
                line.width = 2 if state.ok else 1
                if state.last_notification is not None:
                    line.last = now - (wall - state.last_notification).total_seconds()

    async def _feed(self, conn: Connection) -> None:
        """Fetch the next rows of lines that have room for them."""
        hungry = [address for address in self.dispatch.hungry if address in self.dispatch.lines]
        self.dispatch.hungry.clear()
        reached = [(address, self.dispatch.lines[address].reached) for address in hungry]
        self.dispatch.feed(hungry, await queue.following(conn, reached, FETCHED))
