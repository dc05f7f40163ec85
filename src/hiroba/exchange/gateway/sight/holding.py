"""A transaction that holds permits while an answer is on its way, and lets go of them in time whatever the receiver does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from hiroba.base.db import AWAY, Connection, Pool, transaction

LONGEST: Final = 2.0
"""Seconds a withdrawal waits at most for an answer that is being sent: who reads slowly must not keep a consent alive."""


class Hold(msgspec.Struct, frozen=True):
    """What is held."""

    conn: Connection
    """Of the transaction; not to be used any more once it is being sent."""
    sends: Callable[[], None]
    """To be called when the sending begins: from then on the time counts."""


@asynccontextmanager
async def holding(pool: Pool) -> AsyncIterator[Hold]:
    """A transaction until the block ends, or its time is over: what was begun to be sent by then was sent before."""
    sending, let_go = asyncio.Event(), asyncio.Event()
    begun: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        try:
            async with transaction(pool) as conn:
                begun.set_result(conn)
                await sending.wait()
                with suppress(TimeoutError):
                    await asyncio.wait_for(let_go.wait(), LONGEST)
        except Exception as error:
            if begun.done():
                raise
            begun.set_exception(error)

    holder = asyncio.create_task(hold())
    try:
        yield Hold(await asyncio.shield(begun), sending.set)
    finally:
        sending.set()
        let_go.set()
        with suppress(*AWAY):
            await holder
