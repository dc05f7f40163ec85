"""What processes say on standard error: a line with moment (UTC), level and room; nothing sent to us begins one.

`refused` is the line of a call that was not let in: which operation, who, and why, without what was sent.
"""

import logging
import re
from datetime import UTC, datetime
from typing import Final

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MARGIN: Final = "\n    | "
"""Stands before each further line of an entry, such as those of a traceback."""

REFUSALS: Final = frozenset({401, 403, 410})
"""Statuses of a call that was not let in; 410 is a link that is over."""

_refusals = logging.getLogger("hiroba.refused")
_entries = logging.getLogger("hiroba.entered")


class Line(logging.Formatter):
    """`2026-11-21T07:00:00.000Z ERROR hiroba.web unforeseen`, control characters written out."""

    def format(self, record: logging.LogRecord) -> str:
        """The entry."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = [f"{at} {record.levelname} {record.name} {_plain(record.getMessage())}"]
        if record.exc_info:
            said += [_plain(line) for line in self.formatException(record.exc_info).split("\n")]
        return MARGIN.join(said)


def to_standard_error() -> None:
    """Let this process say what goes wrong, and whom it refused."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for about_access in (_refusals, _entries):
        about_access.setLevel(logging.INFO)


def entered(who: str, by: str) -> None:
    """Note a sign-in: what kind of caller, by which way; which resident stands in the resident's own log alone."""
    _entries.info("%s by %s", who, by)


def refused(operation: str, status: int, who: str, why: str) -> None:
    """Note a call that was not let in, and a wrong code."""
    _refusals.info("%s %s %s %s", status, operation, who or "anyone", why)


def _plain(text: str) -> str:
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
