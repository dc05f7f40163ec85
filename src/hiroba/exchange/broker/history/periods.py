"""The periods of an aggregation: ISO 8601 durations, laid one after the other over a span of time (CIM 009 §4.5.19.1)."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from hiroba.exchange.broker.errors import BadRequestData, TooManyResults

MOST: Final = 100_000
"""Periods of one answer for one attribute."""
_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d{1,6})W|(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:[.,]\d{1,6})?)S)?)?)",
    re.ASCII,
)


END: Final = datetime.max.replace(tzinfo=UTC)
"""The end of time: what lies beyond ends there."""


class Duration(msgspec.Struct, frozen=True):
    """So many months of the calendar and so much time; nothing of both is the whole span."""

    months: int = 0
    rest: timedelta = timedelta(0)

    @property
    def whole(self) -> bool:
        """Whether it means one period for all."""
        return not self.months and not self.rest

    def after(self, start: datetime, times: int) -> datetime:
        """The end of the period after `times` of them: months are counted from the start, so that a 31st comes back."""
        try:
            month = start.year * 12 + start.month - 1 + self.months * times
            year, month = divmod(month, 12)
            day = min(start.day, calendar.monthrange(year, month + 1)[1])
            return start.replace(year=year, month=month + 1, day=day) + self.rest * times
        except (OverflowError, ValueError, calendar.IllegalMonthError):
            return END


def duration(text: str) -> Duration:
    """The duration a text such as PT1H, P1D, P1M or P2W names."""
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise BadRequestData(f"aggrPeriodDuration is an ISO 8601 duration such as PT1H or P1D, not {text[:60]!r}.")
    part = {name: value or "0" for name, value in found.groupdict().items()}
    return Duration(
        months=int(part["years"]) * 12 + int(part["months"]),
        rest=timedelta(
            weeks=int(part["weeks"]),
            days=int(part["days"]),
            hours=int(part["hours"]),
            minutes=int(part["minutes"]),
            seconds=float(part["seconds"].replace(",", ".")),
        ),
    )


class Periods(msgspec.Struct, frozen=True):
    """Periods of one length from `start` on, up to the one that `last` lies in; `end` closes the one period of a whole span."""

    length: Duration
    start: datetime
    end: datetime
    last: datetime

    def bounds(self) -> list[datetime]:
        """The start of every period; for lengths that the calendar makes uneven."""
        found = [self.start]
        while (following := self.length.after(self.start, len(found))) <= self.last and following < END:
            if len(found) == MOST:
                raise TooManyResults(f"That would be more than {MOST} periods; ask for longer ones or a shorter time.")
            found.append(following)
        return found

    def end_of(self, start: datetime, number: int) -> datetime:
        """Where the period ends that starts there and has that number."""
        if self.length.whole:
            return self.end
        return self.length.after(self.start, number + 1) if self.length.months else self.length.after(start, 1)
