"""All of the log that runs in one server: its own connections, the writing, the sequencer."""

from pathlib import Path

from hiroba.base import db
from hiroba.base.db import Pool
from hiroba.exchange.audit.keys import Keys, keys
from hiroba.exchange.audit.log import LANES, Log
from hiroba.exchange.audit.sequencer import Sequencer

CONNECTIONS = LANES + 2
"""For the log alone: its lanes, the sequencer, one more. Who waits for the log may hold every connection of another pool."""


class Keeping:
    """The log of a server, from start to stop."""

    def __init__(self, pool: Pool, own: Keys | None) -> None:
        self.pool = pool
        self.keys = own
        self.sequencer = Sequencer(pool, own.log) if own is not None else None
        self.log = Log(pool, self.sequencer.tell if self.sequencer is not None else lambda: None)

    async def start(self) -> None:
        """Begin to give positions; writing needs no beginning."""
        if self.sequencer is not None:
            self.sequencer.start()

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        await self.log.stop()
        if self.sequencer is not None:
            await self.sequencer.stop()
        await self.pool.close()


async def keeping(database_url: str, key_file: Path, address: str) -> Keeping:
    """The log on this database, signed with the keys in the file; `address` is how the house is reached."""
    pool = await db.connect(database_url, size=CONNECTIONS, name="hiroba log")
    async with pool.acquire() as conn:
        return Keeping(pool, await keys(conn, key_file, address))
