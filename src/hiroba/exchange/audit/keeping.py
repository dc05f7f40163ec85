"""All of the log that runs in one server: its own connections, the writing, the sequencer, the asking of witnesses."""

from pathlib import Path

from hiroba.base import db
from hiroba.base.db import Pool
from hiroba.base.egress import Egress
from hiroba.exchange.audit.keys import Keys, keys
from hiroba.exchange.audit.log import LANES, Log
from hiroba.exchange.audit.sequencer import Sequencer
from hiroba.exchange.audit.witness.asking import Asking

CONNECTIONS = LANES + 3
"""For the log alone: its lanes, the sequencer, witnesses. Who waits for the log may hold every connection of another pool."""


class Keeping:
    """The log of a server, from start to stop."""

    def __init__(self, pool: Pool, egress: Egress, own: Keys | None) -> None:
        self.pool = pool
        self.keys = own
        self.asking = Asking(pool, egress)
        self.sequencer = Sequencer(pool, own.log, self.asking.tell) if own is not None else None
        self.log = Log(pool, self.sequencer.tell if self.sequencer is not None else lambda: None)

    async def start(self) -> None:
        """Begin to give positions; writing needs no beginning."""
        self.asking.start()
        if self.sequencer is not None:
            self.sequencer.start()

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        await self.log.stop()
        if self.sequencer is not None:
            await self.sequencer.stop()
        await self.asking.stop()
        await self.pool.close()


async def keeping(database_url: str, egress: Egress, key_file: Path, address: str) -> Keeping:
    """The log on this database, signed with the keys in the file; `address` is how the house is reached."""
    pool = await db.connect(database_url, size=CONNECTIONS, name="hiroba log")
    async with pool.acquire() as conn:
        return Keeping(pool, egress, await keys(conn, key_file, address))
