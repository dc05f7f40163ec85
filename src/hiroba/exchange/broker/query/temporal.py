"""The temporal query language: `timerel=between&timeAt=…&endTimeAt=…` (CIM 009 §4.11)."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, cast

import msgspec

from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import instants
from hiroba.exchange.broker.query.tree import Instant

Relation = Literal["before", "after", "between"]
TimeProperty = Literal["observedAt", "createdAt", "modifiedAt", "deletedAt"]
_PROPERTIES = ("observedAt", "createdAt", "modifiedAt", "deletedAt")


class Temporal(msgspec.Struct, frozen=True):
    """When the time of an attribute instance must lie: `start` is inclusive, `end` exclusive, None is open."""

    start: datetime | None
    end: datetime | None
    timeproperty: TimeProperty = "observedAt"

    def matches(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)

    def sql(self, column: str, bind: Callable[[datetime, str], str]) -> str:
        """The condition on a timestamptz column; `bind` is that of a Compiler."""
        conditions = [f"{column} >= {bind(self.start, 'timestamptz')}"] if self.start is not None else []
        conditions += [f"{column} < {bind(self.end, 'timestamptz')}"] if self.end is not None else []
        return f"({' and '.join(conditions)})"


def parse(timerel: str, time_at: str, end_time_at: str = "", timeproperty: str = "observedAt") -> Temporal:
    """The question of the parameters timerel, timeAt, endTimeAt and timeproperty; an empty text is an absent one."""
    if timeproperty not in _PROPERTIES:
        raise BadRequestData(f"timeproperty: one of {', '.join(_PROPERTIES)} was expected, not {timeproperty!r}.")
    named = cast("TimeProperty", timeproperty)
    if timerel not in {"before", "after", "between"}:
        raise BadRequestData(f"timerel: before, after or between was expected, not {timerel!r}.")
    at = _moment("timeAt", time_at)
    if timerel != "between":
        if end_time_at:
            raise BadRequestData("endTimeAt: it is used with timerel=between only.")
        return Temporal(None, at, named) if timerel == "before" else Temporal(at, None, named)
    return Temporal(at, _moment("endTimeAt", end_time_at), named)


def _moment(name: str, text: str) -> datetime:
    found = instants.moment(Instant(text)) if instants.key(Instant, text) else None
    if found is None:
        raise BadRequestData(f"{name}: a time such as 2026-01-01T00:00:00Z was expected, not {text!r}.")
    return found
