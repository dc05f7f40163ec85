"""What is in memory, and what became of it since the last round: written down together, by a statement or two."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.metrics import DEAD, DELIVERED, FAILED, SUPERSEDED
from hiroba.exchange.broker.delivery.model import Address, Row, Tally
from hiroba.exchange.broker.delivery.store import letters, queue

MOST_BYTES: Final = 64 << 20
"""Bytes of data in memory; beyond, rows stay in the table."""
OLDEST: Final = timedelta(days=1)
"""What could not be delivered for so long is given up."""


class Ledger:
    """A row is in memory from `keep` until it is written down that it is done."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._bytes = 0
        self._done: list[Row] = []
        self._dead: list[tuple[Row, int, str]] = []
        self._overdue: dict[Address, tuple[int, str]] = {}
        self._unwanted: set[Address] = set()
        self._tallies: dict[Address, Tally] = {}
        self._writing = False

    def __contains__(self, row: Row) -> bool:
        return row.number in self._held

    @property
    def full(self) -> bool:
        """Whether there is no room for further rows."""
        return self._bytes > MOST_BYTES

    def keep(self, row: Row) -> None:
        """A row has come into memory."""
        self._held.add(row.number)
        self._bytes += len(row.data)

    def let_go(self, rows: Iterable[Row]) -> None:
        """Rows have left memory."""
        for row in rows:
            self._held.remove(row.number)
            self._bytes -= len(row.data)

    @property
    def settled(self) -> bool:
        """Whether all is written down."""
        return not (self._writing or self._tallies)

    def is_open(self, address: Address) -> bool:
        """Whether something is still to be written down of this subscription."""
        return address in self._tallies

    def began(self, address: Address, at: datetime, *, again: bool) -> None:
        """A notification is being sent: counted then, whatever becomes of it, and once however often it is tried (§5.8.6)."""
        tally = self._tallies.setdefault(address, Tally())
        tally.sent += not again
        tally.last_notification = at

    def succeeded(self, address: Address, rows: Iterable[Row], at: datetime) -> None:
        """A notification has arrived."""
        self._done += rows
        tally = self._tallies.setdefault(address, Tally())
        tally.ok, tally.failures, tally.reason = True, 0, ""
        tally.last_success = at
        DELIVERED.inc()

    def failed(self, address: Address, at: datetime, failures: int, reason: str) -> None:
        """An attempt has failed."""
        tally = self._tallies.setdefault(address, Tally())
        tally.failed += 1
        tally.ok, tally.failures, tally.reason = False, failures, reason
        tally.last_failure = at
        FAILED.inc()

    def superseded(self, rows: list[Row]) -> None:
        """Newer states of the same entities are sent in place of these."""
        self._done += rows
        SUPERSEDED.inc(len(rows))

    def unwanted(self, address: Address, rows: list[Row], *, more: bool) -> None:
        """The subscription is gone or at rest: nothing is sent of what is owed, with `more` also what only the table holds."""
        self._done += rows
        if more:
            self._unwanted.add(address)

    def bury(self, rows: Iterable[Row], attempt: Attempt, tries: int) -> None:
        """These are given up."""
        self._dead += [(row, tries, attempt.reason) for row in rows]

    def bury_overdue(self, address: Address, attempt: Attempt, tries: int) -> None:
        """Whatever has been owed to a subscription for too long is given up, if only the table holds it."""
        self._overdue[address] = (tries, attempt.reason)

    async def settle(self, conn: Connection) -> None:
        """Write it down."""
        done, self._done = self._done, []
        dead, self._dead = self._dead, []
        overdue, self._overdue = self._overdue, {}
        unwanted, self._unwanted = self._unwanted, set()
        tallies, self._tallies = self._tallies, {}
        self._writing = True
        now = clock.now()
        if dead:
            await letters.bury(conn, dead, now)
            DEAD.inc(len(dead))
        for address, (tries, reason) in overdue.items():
            DEAD.inc(await letters.bury_older(conn, address, limit=now - OLDEST, tries=tries, reason=reason, died=now))
        if unwanted:
            await queue.drop(conn, unwanted)
        if done or tallies:
            await queue.settle(conn, done, tallies)
        self.let_go(done)
        self.let_go(row for row, _, _ in dead)
        self._writing = False
