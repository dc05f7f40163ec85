"""The outbox: what is owed is written in the transaction of the change it tells of, so neither is without the other."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address, Notice
from hiroba.exchange.broker.delivery.slots import slot_of
from hiroba.exchange.broker.delivery.store import queue
from hiroba.exchange.broker.events import Then


class Outbox:
    """Where notices are put; the engine of this process, where there is one, says how to hurry it and how to wait for it."""

    def __init__(self) -> None:
        self.hurry: Callable[[Iterable[int]], None] | None = None
        self.wait: Callable[[], Awaitable[None]] | None = None

    async def settled(self) -> None:
        """Wait until it is written how deliveries went that have ended here: who is told of them, is told of the last one too."""
        if self.wait is not None:
            await self.wait()

    async def owe(self, conn: Connection, notices: Sequence[Notice]) -> Then | None:
        """Write what is owed, by one statement; to be called after the commit, what comes back hurries it."""
        if not notices:
            return None
        await queue.add(conn, joined(notices))
        if self.hurry is None:
            return None
        return partial(self.hurry, {slot_of(notice.address) for notice in notices})


def joined(notices: Sequence[Notice]) -> list[Notice]:
    """The notifications to be sent, in order: notices that belong together are one, the others one each."""
    rows: list[Notice] = []
    groups: dict[tuple[Address, str], list[bytes]] = {}
    for notice in notices:
        if not notice.together:
            rows.append(notice)
            continue
        group = groups.get((notice.address, notice.trigger))
        if group is None:
            groups[notice.address, notice.trigger] = [notice.data]
            rows.append(notice)
        else:
            group.append(notice.data)
    return [
        msgspec.structs.replace(row, entity="", data=b",".join(groups[row.address, row.trigger]))
        if row.together
        else row
        for row in rows
    ]
