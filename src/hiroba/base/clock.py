"""The one place that says "now". Time is UTC outside and Asia/Tokyo where a date is a legal one."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date as an office in Japan would write it."""
    return now().astimezone(JAPAN).date()


def iso(moment: datetime) -> str:
    """`2026-11-20T07:32:56.123456Z`: ISO 8601 in UTC, as CIM 009 §4.6.3 asks; whole seconds carry no fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
