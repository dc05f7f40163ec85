"""The one that gives leaves their positions, grows the tree and signs it: a round each second, sooner where something is new.

Every server has one; an advisory lock lets one of them work at a time. A round is one transaction that reads all it needs,
so nothing is lost with the process that did it. A position is given once, in the order of commits, without a gap.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from hiroba.base import clock
from hiroba.base.db import AWAY, Connection, Pool, transaction
from hiroba.exchange.audit import store
from hiroba.exchange.audit.notes import Checkpoint, Signer
from hiroba.exchange.audit.store import Stored
from hiroba.exchange.audit.tree import tiles
from hiroba.exchange.audit.tree.hashing import fold, nodes

log = logging.getLogger("hiroba.log")
PAUSE: Final = 0.5
"""Seconds from the beginning of a round to the next one, however much is waiting."""
LOOK: Final = 0.5
"""Seconds behind that after which it looks by itself: what other processes wrote is in a signed tree a second later."""
MOST: Final = 20_000
"""Leaves of one round."""


async def sequence(conn: Connection, key: Signer, most: int = MOST) -> Stored | None:
    """One round in the caller's transaction; the new checkpoint, None where nothing was waiting or another is at it."""
    if not await store.is_sequencer(conn):
        return None
    waiting = await store.waiting(conn, most)
    if not waiting:
        return None
    size = await store.size(conn)
    right = await store.tiles(conn, tiles.edge(size))
    made = tiles.grow(size, right, [leaf for _, leaf in waiting])
    grown = size + len(waiting)
    missing = [tile for node in nodes((0, grown)) if (tile := tiles.tile_of(node)) not in made]
    root = fold((0, grown), partial(tiles.node_in, await store.tiles(conn, missing) | made))
    head = Checkpoint(key.verifier.name, grown, root)
    stored = Stored(grown, root, f"{head.body}\n{key.sign(head.body)}", clock.now())
    await store.place(conn, [entry for entry, _ in waiting], size)
    await store.put_tiles(conn, made)
    await store.put_checkpoint(conn, stored)
    return stored


class Sequencer:
    """Rounds of one process, until stopped."""

    def __init__(self, pool: Pool, key: Signer, after: Callable[[Stored], Awaitable[None]] | None = None) -> None:
        self._pool = pool
        self._key = key
        self._after = after
        """Called with each new checkpoint."""
        self._new = asyncio.Event()
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is waiting is taken by whoever starts next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def tell(self) -> None:
        """Something new is in the log."""
        self._new.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._new.clear()
            try:
                while await self._round() >= MOST:
                    pass
            except AWAY as error:
                log.warning("the log is not signed at this moment: %s", error)
            await asyncio.sleep(max(0.0, began + PAUSE - loop.time()))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._new.wait(), LOOK)

    async def _round(self) -> int:
        """One round; how many leaves it took."""
        async with transaction(self._pool) as conn:
            stored = await sequence(conn, self._key)
        if stored is None:
            return 0
        before, self._size = self._size, stored.size
        if self._after is not None:
            await self._after(stored)
        return stored.size - before
