"""Writing the log: `append_in` within a transaction of the caller's, `Log.append` joined with what others write at that moment.

Who is about to release personal data appends first and releases when that has come back: what is released is on disk
in the log by then. Where the log cannot be written, nothing is released (`LogUnavailable`, 503).
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
import msgspec

from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Problem, Unavailable
from hiroba.exchange.audit import store
from hiroba.exchange.audit.events import SALT, Data, Disclosure, Event, canonical, check, leaf
from hiroba.exchange.audit.store import Chain, Written

__all__ = ["Data", "Disclosure", "Event", "Line", "Log", "LogUnavailable", "append_in"]
MOST: Final = 2000
"""Events that share a transaction, unless one call brings more."""
LANES: Final = 2
"""Transactions under way at once: while one waits for the disk, the next is made."""
TRIES: Final = 3
"""Times a transaction is tried that others, who hold chains in another order, have thrown out."""


class LogUnavailable(Unavailable):
    """The log cannot be written, so nothing is released."""


class Line(msgspec.Struct, frozen=True):
    """An event that is in the log."""

    id: int
    """Of its entry; its position in the tree is given within a second."""
    subject: str
    number: int
    """In its chain, from 1 without a gap; 0 where it is about nobody."""
    leaf: bytes
    """SHA-256(salt ‖ event)."""


async def append_in(conn: Connection, events: Sequence[Event]) -> list[Line]:
    """Write events in the caller's transaction: they are in the log if it commits. A line for each, in order.

    The chains of the people concerned are held until the commit. A transaction calls this once, with all its events,
    as the last thing it does: called twice it could wait for another that waits for it.
    """
    for event in events:
        check(event)
    return await _append(conn, events)


async def _append(conn: Connection, events: Sequence[Event]) -> list[Line]:
    """Write events that were checked."""
    if not events:
        return []
    salts = os.urandom(SALT * len(events))
    counts = Counter(event.chain for event in events if event.subject)
    stands = await store.advance(conn, counts) if counts else {}
    numbers = {chain: stand.number - counts[chain] for chain, stand in stands.items()}
    heads = {chain: stand.leaf for chain, stand in stands.items()}
    entries = []
    for place, event in enumerate(events):
        entries.append(entry := _entry(event, salts[SALT * place : SALT * (place + 1)], numbers, heads))
        if event.subject:
            numbers[event.chain], heads[event.chain] = entry.number, entry.leaf
    ids = await store.write(conn, entries, heads)
    return [Line(ids[entry.leaf], entry.chain[0], entry.number, entry.leaf) for entry in entries]


def _entry(event: Event, salt: bytes, numbers: dict[Chain, int], heads: dict[Chain, bytes]) -> Written:
    """The next entry of an event's chain."""
    number = numbers[event.chain] + 1 if event.subject else 0
    text = canonical(event, number, heads[event.chain] if event.subject else b"")
    return Written(event.chain, number, event.at, event.kind, text, salt, leaf(salt, text))


class _Call(msgspec.Struct, frozen=True):
    """What one caller brings, and the promise of its lines."""

    events: Sequence[Event]
    lines: asyncio.Future[list[Line]]


class Log:
    """The log of one process: what is appended at the same moment is written in one transaction."""

    def __init__(self, pool: Pool, after: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._after = after
        """Called when something new is in the log."""
        self._waiting: list[_Call] = []
        self._free = LANES
        self._tasks: set[asyncio.Task[None]] = set()

    async def append(self, events: Sequence[Event]) -> list[Line]:
        """Write events; back after the commit with a line for each, in order. `LogUnavailable` where that cannot be done."""
        for event in events:
            check(event)
        if not events:
            return []
        call = _Call(events, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._begin()
        return await call.lines

    async def stop(self) -> None:
        """Write what is waiting."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _begin(self) -> None:
        """Let a free lane take what is waiting."""
        if self._free and self._waiting:
            self._free -= 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            while calls := self._take():
                await self._write(calls)
        finally:
            self._free += 1

    def _take(self) -> list[_Call]:
        """The calls that share the next transaction."""
        events = count = 0
        while count < len(self._waiting) and (not count or events + len(self._waiting[count].events) <= MOST):
            events += len(self._waiting[count].events)
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _write(self, calls: Sequence[_Call]) -> None:
        """Write the calls in one transaction and keep each one's promise, or break it with what went wrong."""
        try:
            lines = await self._commit([event for call in calls for event in call.events])
        except (Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            problem = LogUnavailable("The log cannot be written at this moment, so nothing is released. Try again.")
            problem.__cause__ = error
            _break(calls, problem)
        except BaseException as error:
            _break(calls, error)
            raise
        else:
            place = 0
            for call in calls:
                if not call.lines.done():
                    call.lines.set_result(lines[place : place + len(call.events)])
                place += len(call.events)
            self._after()

    async def _commit(self, events: Sequence[Event]) -> list[Line]:
        for attempt in range(1, TRIES + 1):
            try:
                async with transaction(self._pool) as conn:
                    return await _append(conn, events)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if attempt == TRIES:
                    raise
        raise AssertionError


def _break(calls: Sequence[_Call], error: BaseException) -> None:
    for call in calls:
        if not call.lines.done():
            call.lines.set_exception(error)
