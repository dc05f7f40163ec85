"""What a reader is told of sources that did not answer as they should: NGSILD-Warning (CIM 009 §6.3.17, table 6.3.17-1)."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

HEADER: Final = "ngsild-warning"
STALE: Final = 110
INVALID: Final = 111
UNANSWERED: Final = 199
"""No answer in time, or a loop."""
REFUSED: Final = 299
"""The source answered with an error."""
MOST: Final = 20
"""Warnings of one answer; a source's own are passed on within that."""


class Warned(msgspec.Struct, frozen=True):
    """One warning: its code, the registration it is about, what happened."""

    code: int
    registration: str
    text: str


def headers(alias: str, warnings: Iterable[Warned], passed_on: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """The warnings as headers, this broker named as who warns (RFC 7234 §5.5); then those that sources gave."""
    lines = [f'{one.code} {alias} "{_quoted(f"{one.registration}: {one.text}")}"' for one in warnings]
    for line in [*lines, *map(_plain, passed_on)][:MOST]:
        yield HEADER, line


def _quoted(text: str) -> str:
    """Text as it may stand in a header, whoever wrote it."""
    return _plain(text).replace('"', "?").replace("\\", "?")


def _plain(text: str) -> str:
    """Text as every header can hold it."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:300])
