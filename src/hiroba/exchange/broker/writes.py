"""Writes: many requests to a transaction, each with its own answer.

Requests that arrive together join one transaction of a few statements (an `unnest` each) and are acknowledged together
after its commit. Each edit runs on the entity as the edits before it left it, so order per entity is kept, and one bad
document never fails its neighbours. Listeners write what follows from a change (history, the notifications owed) in the same
transaction.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

import asyncpg

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.errors import Problem, Unavailable
from hiroba.exchange.broker import store
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.events import Event, Listener, Then
from hiroba.exchange.broker.expiry import unexpired
from hiroba.exchange.broker.model import Entity, Key

MOST: Final = 1_000
"""Edits that share a transaction: a batch of as many is one in each lane."""
LANES: Final = 2
"""Transactions under way at once; an entity always takes the same lane."""
ROUNDS: Final = 5
"""Times an insert is tried again when another process made the entity in between."""

Write = tuple[Key, Edit]
Outcome = Change | Problem
Answers = asyncio.Future[Sequence[Outcome | Exception]]
Group = tuple[Sequence[Write], Answers]
"""Writes of one request and where their outcomes go."""


async def apply(
    conn: Connection, writes: Sequence[Write], listeners: Sequence[Listener] = ()
) -> tuple[list[Outcome], list[Then]]:
    """Run edits in the caller's transaction: the outcome of each, in order, and what is to be called after the commit.

    Problems are outcomes, nothing is half-written.
    """
    outcomes: list[Outcome | None] = [None] * len(writes)
    events: list[Event] = []
    pending = list(range(len(writes)))
    for _ in range(ROUNDS):
        pending = await _round(conn, writes, pending, outcomes, events)
        if not pending:
            break
    for number in pending:
        outcomes[number] = Unavailable("The entity is being made elsewhere at this moment. Try again.")
    following = [await listener(conn, events) for listener in listeners] if events else []
    return [outcome for outcome in outcomes if outcome is not None], [then for then in following if then is not None]


async def _round(
    conn: Connection,
    writes: Sequence[Write],
    pending: list[int],
    outcomes: list[Outcome | None],
    events: list[Event],
) -> list[int]:
    """Run the pending edits once; what must run again because its entity appeared meanwhile."""
    keys = sorted({writes[number][0] for number in pending})
    before = await store.lock(conn, keys)
    now = clock.now()
    current: dict[Key, Entity | None] = {}
    happened: list[Event] = []
    for key in keys:
        entity = before.get(key)
        current[key] = left = unexpired(entity, now) if entity is not None else None
        if left is not entity:
            happened.append(Event(key=key, before=entity, after=left, at=now, expired=True))
    for number in pending:
        key, edit = writes[number]
        try:
            change = edit(key, current[key], now)
        except Problem as problem:
            outcomes[number] = problem
            continue
        outcomes[number] = change
        if change.after is not current[key]:
            happened.append(Event(key=key, before=current[key], after=change.after, at=now))
        current[key] = change.after
    fresh = [entity for key, entity in current.items() if entity is not None and key not in before]
    lost: set[Key] = set()
    if fresh:
        lost = {entity.key for entity in fresh} - await store.insert(conn, fresh)
    there = ((before[key], entity) for key, entity in current.items() if entity is not None and key in before)
    await store.update(conn, [(old, entity) for old, entity in there if entity is not old])
    gone = [key for key, entity in current.items() if entity is None and key in before]
    if gone:
        await store.delete(conn, gone)
    events += [event for event in happened if event.key not in lost]
    return [number for number in pending if writes[number][0] in lost]


class Lane:
    """One worker that takes what has come together and writes it in one transaction."""

    def __init__(self, pool: Pool, listeners: Sequence[Listener]) -> None:
        self._pool = pool
        self._listeners = listeners
        self._waiting: deque[Group] = deque()
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take writes."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        await asyncio.gather(*(future for _, future in self._waiting), return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def add(self, writes: Sequence[Write]) -> Answers:
        """Queue writes, MOST of them at most, which share a transaction; the future has their outcomes after the commit."""
        future: Answers = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, future))
        self._something.set()
        return future

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            taken = self._taken()
            if not self._waiting:
                self._something.clear()
            outcomes = iter(await self._write([write for writes, _ in taken for write in writes]))
            for writes, future in taken:
                answers = list(islice(outcomes, len(writes)))
                if not future.cancelled():
                    future.set_result(answers)

    def _taken(self) -> list[Group]:
        """What has come together, as much of it as may share a transaction."""
        taken = [self._waiting.popleft()]
        many = len(taken[0][0])
        while self._waiting and (many := many + len(self._waiting[0][0])) <= MOST:
            taken.append(self._waiting.popleft())
        return taken

    async def _write(self, writes: Sequence[Write]) -> Sequence[Outcome | Exception]:
        """Write all in one transaction; where the database refuses one of them, each half by itself, down to the one."""
        try:
            async with transaction(self._pool) as conn:
                outcomes, following = await apply(conn, writes, self._listeners)
            for then in following:
                then()
            return outcomes  # noqa: TRY300 - what follows a commit belongs to it
        except Problem as problem:
            return [problem] * len(writes)
        except asyncpg.PostgresError as error:
            if len(writes) == 1:
                return [BadRequestData(f"The database cannot hold this document: {error}.")]
            half = len(writes) // 2
            return [*await self._write(writes[:half]), *await self._write(writes[half:])]
        except Exception as error:  # noqa: BLE001 - whatever happens, every request gets its answer and the lane goes on
            return [error] * len(writes)


class Writer:
    """The lanes of one process."""

    def __init__(self, pool: Pool, listeners: Sequence[Listener] = ()) -> None:
        self._lanes = [Lane(pool, listeners) for _ in range(LANES)]

    def start(self) -> None:
        """Begin to take writes."""
        for lane in self._lanes:
            lane.start()

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes))

    async def write(self, key: Key, edit: Edit) -> Change:
        """Run one edit, joined with whatever else arrives; back after the commit, or with this edit's problem."""
        (outcome,) = await self._lanes[hash(key) % LANES].add([(key, edit)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def write_all(self, writes: Sequence[Write]) -> list[Outcome]:
        """Run edits of one request; the outcome of each, in order."""
        places: list[list[int]] = [[] for _ in self._lanes]
        for place, (key, _) in enumerate(writes):
            places[hash(key) % LANES].append(place)
        parts = [
            (lane, mine[start : start + MOST])
            for lane, mine in zip(self._lanes, places, strict=True)
            for start in range(0, len(mine), MOST)
        ]
        answers = await asyncio.gather(*(lane.add([writes[place] for place in part]) for lane, part in parts))
        found: dict[int, Outcome] = {}
        for (_, part), outcomes in zip(parts, answers, strict=True):
            for place, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, Problem):
                    raise outcome
                found[place] = outcome
        return [found[place] for place in range(len(writes))]
