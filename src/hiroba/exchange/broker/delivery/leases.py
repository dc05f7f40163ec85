"""Which slots are this process's: shared among all that are there, by locks that end with the connection that holds them."""

import random

from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.model import Address
from hiroba.exchange.broker.delivery.slots import SLOTS, slot_of
from hiroba.exchange.broker.delivery.store import locks


class Leases:
    """The slots of this process. What it holds too much it finishes and lets go (`leaving`)."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self.leaving: set[int] = set()

    def mine(self, address: Address) -> bool:
        """Whether it is this process that delivers to a subscription."""
        slot = slot_of(address)
        return slot in self.held and slot not in self.leaving

    async def share(self, conn: Connection) -> list[int]:
        """See to it that all processes hold about the same number of slots; those that are new here."""
        surplus = len(self.held) - -(-SLOTS // max(1, await locks.processes(conn)))
        if surplus > len(self.leaving):
            self.leaving = set(sorted(self.held)[-surplus:])
        elif surplus <= 0:
            self.leaving = set()
        if surplus >= 0:
            return []
        wanted = [slot for slot in range(SLOTS) if slot not in self.held]
        random.shuffle(wanted)
        gained = await locks.hold(conn, wanted, -surplus)
        self.held.update(gained)
        return gained

    async def leave(self, conn: Connection, slots: set[int]) -> None:
        """Let slots go, in which nothing is under way any more."""
        self.held -= slots
        self.leaving -= slots
        await locks.release(conn, slots)
