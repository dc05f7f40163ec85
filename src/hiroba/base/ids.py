"""Names for things: ULIDs, 26 characters that sort by the time they were made (github.com/ulid/spec)."""

import os
from collections.abc import Iterator
from datetime import datetime

from hiroba.base import clock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [one + two for one in ALPHABET for two in ALPHABET]
_CHANCE = 80
"""Bits of chance behind the milliseconds."""


def ulid() -> str:
    """A new ULID: 48 bits of milliseconds, 80 bits of chance, in Crockford's base 32."""
    return next(ulids(clock.now()))


def ulids(moment: datetime) -> Iterator[str]:
    """ULIDs of one moment, each greater than the one before: 40 bits of chance are counted up from the lower half on."""
    value = (int(moment.timestamp() * 1000) << _CHANCE) | int.from_bytes(os.urandom(_CHANCE // 8))
    start = "".join(ALPHABET[(value >> shift) & 31] for shift in range(125, 35, -5))
    for count in range((value & (1 << 40) - 1) >> 1, 1 << 40):
        yield f"{start}{_PAIRS[count >> 30]}{_PAIRS[count >> 20 & 1023]}{_PAIRS[count >> 10 & 1023]}{_PAIRS[count & 1023]}"


def moment_of(text: str) -> float | None:
    """The seconds since 1970 that a ULID was made at; None where it is none."""
    if len(text) != 26 or not set(text) <= set(ALPHABET):  # noqa: PLR2004 - the length of a ULID
        return None
    value = 0
    for letter in text[:10]:
        value = value << 5 | ALPHABET.index(letter)
    return value / 1000
