"""One subscription's queue as a pure machine: what may be sent next, and what follows from how it went.

Order is kept per entity. Different entities are sent at the same time, the more the better it goes (`width`); after a
failure one attempt at a time finds out whether the receiver is back. With throttling only the newest state of each entity is
kept, and what has gathered is sent in one notification when the period is over.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from hiroba.exchange.broker.delivery.model import Row, Target

WIDEST: Final = 8
"""Notifications of one subscription that are under way at the same time."""
SHORTEST, LONGEST = 1.0, 60.0
"""Seconds of rest after the first failure, doubled with each further one, and the most."""
JOINED: Final = 1000
"""Entities of one notification where several are joined."""
TRIES: Final = 10
"""Times a receiver may refuse the same notification before it is given up."""


Trust = Literal["good", "new", "failing"]
"""What is known of a receiver: it took the last notification, it was never tried, it did not take the last one."""


class Line:
    """What is owed to one subscription, as far as it is in memory; times are seconds on a clock that never goes back."""

    def __init__(
        self, *, failures: int = 0, rest: float = 0.0, last: float = float("-inf"), more: bool = False
    ) -> None:
        self.waiting: deque[Row] = deque()
        self.flying: dict[str, Row] = {}
        self.tries: dict[int, int] = {}
        self._sent: set[int] = set()
        """Notifications, by their newest row, that were sent and did not arrive: sent again they are the same."""
        self.width = 1
        self.failures = failures
        self.rest = rest
        """When it may be tried again."""
        self.last = last
        """When the last notification was sent."""
        self.more = more
        """Whether the table may hold rows behind the ones that are here."""
        self.reached = 0
        """The highest number that has come here."""

    @property
    def trust(self) -> Trust:
        """What is known of the receiver."""
        return "failing" if self.failures else "good" if self.width > 1 else "new"

    @property
    def idle(self) -> bool:
        """Whether nothing is owed here."""
        return not (self.waiting or self.flying or self.more)

    def was_sent(self, rows: tuple[Row, ...]) -> bool:
        """Whether this very notification was sent before."""
        return rows[-1].number in self._sent

    def add(self, row: Row) -> None:
        """One more row; of one entity they come in order."""
        self.waiting.append(row)
        self.reached = max(self.reached, row.number)

    def superseded(self) -> list[Row]:
        """Rows whose entity has a newer one waiting, taken out: what throttling does not send."""
        newest = {(row.entity, row.trigger): row.number for row in self.waiting}
        old = [row for row in self.waiting if newest[row.entity, row.trigger] != row.number]
        if old:
            self.waiting = deque(row for row in self.waiting if newest[row.entity, row.trigger] == row.number)
        return old

    def take(self, now: float, target: Target) -> tuple[Row, ...]:
        """The rows of the next notification, under way from now; empty where none may be sent yet."""
        if not self.waiting or now < self.rest or len(self.flying) >= self.width:
            return ()
        if target.throttling:
            if self.flying or now < self.last + target.throttling:
                return ()
            rows = self._gathered()
        else:
            rows = self._next()
        for row in rows:
            self.flying[row.entity] = row
        if rows:
            self.last = now
        return rows

    def _gathered(self) -> tuple[Row, ...]:
        trigger = self.waiting[0].trigger
        alone = not self.waiting[0].entity
        rows: dict[str, Row] = {}
        kept: deque[Row] = deque()
        for row in self.waiting:
            if (
                row.trigger == trigger
                and row.entity not in rows
                and len(rows) < (1 if alone else JOINED)
                and (row.entity or alone)
            ):
                rows[row.entity] = row
            else:
                kept.append(row)
        self.waiting = kept
        return tuple(rows.values())

    def _next(self) -> tuple[Row, ...]:
        if "" in self.flying:
            return ()
        passed: set[str] = set()
        for place, row in enumerate(self.waiting):
            if not row.entity and (place or self.flying):
                return ()  # a notification about many is overtaken by none and overtakes none
            if row.entity not in self.flying and row.entity not in passed:
                del self.waiting[place]
                return (row,)
            passed.add(row.entity)
        return ()

    def due(self, target: Target) -> float | None:
        """When something may be sent next; None where nothing waits, or where what is under way must end first."""
        if not self.waiting or len(self.flying) >= self.width or (target.throttling and self.flying):
            return None
        return max(self.rest, self.last + target.throttling if target.throttling else self.rest)

    def went_well(self, rows: Sequence[Row]) -> None:
        """These have arrived. A rest that others have begun meanwhile is kept: cooldown is from the failure on (§5.2.15)."""
        self._landed(rows)
        self._sent.discard(rows[-1].number)
        self.failures = 0
        self.width = min(WIDEST, self.width * 2)

    def failed(
        self, rows: tuple[Row, ...], now: float, target: Target, chance: float, *, refused: bool
    ) -> tuple[Row, ...]:
        """These have not; what is to be given up. `chance` between 0 and 1 keeps many from trying again at the same moment.

        A refusal is an answer, and counts against the notification; silence counts against the receiver alone.
        """
        self._landed(rows)
        self.failures += 1
        self.width = 1
        self.rest = now + max(pause(self.failures, chance), target.cooldown or 0.0)
        if refused:
            tries = 1 + max(self.tries.get(row.number, 0) for row in rows)
            if tries >= TRIES:
                for row in rows:
                    self.tries.pop(row.number, None)
                return rows
            self.tries.update(dict.fromkeys((row.number for row in rows), tries))
        self.waiting = deque(sorted((*rows, *self.waiting), key=_number))
        self._sent.add(rows[-1].number)
        self._sent &= {row.number for row in (*self.waiting, *self.flying.values())}
        return ()

    def _landed(self, rows: Iterable[Row]) -> None:
        for row in rows:
            del self.flying[row.entity]

    def older(self, limit: datetime) -> list[Row]:
        """What waits since before then, taken out."""
        rows = [row for row in self.waiting if row.at < limit]
        self.waiting = deque(row for row in self.waiting if row.at >= limit)
        return rows

    def empty(self) -> list[Row]:
        """All that waits, taken out."""
        rows, self.waiting = list(self.waiting), deque()
        return rows


def pause(failures: int, chance: float) -> float:
    """Seconds of rest after so many failures one after the other."""
    return float(min(LONGEST, SHORTEST * 2 ** min(failures - 1, 16)) * (0.5 + chance))


def _number(row: Row) -> int:
    return row.number


class Attempt(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    ok: bool
    reason: str = ""
    refused: bool = False
    """The receiver answered, and did not take it."""
