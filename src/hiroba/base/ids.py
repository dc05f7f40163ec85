"""Names for things: ULIDs, 26 characters that sort by the time they were made (github.com/ulid/spec)."""

import os
from collections.abc import Iterator
from datetime import datetime

from hiroba.base import clock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHANCE = 80
"""Bits of chance behind the milliseconds."""


def ulid() -> str:
    """A new ULID: 48 bits of milliseconds, 80 bits of chance, in Crockford's base 32."""
    return next(ulids(clock.now()))


def ulids(moment: datetime) -> Iterator[str]:
    """ULIDs of one moment, each greater than the one before."""
    value = (int(moment.timestamp() * 1000) << _CHANCE) | int.from_bytes(os.urandom(_CHANCE // 8)) >> 1
    while True:
        yield "".join([ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)])
        value += 1


def moment_of(text: str) -> float | None:
    """The seconds since 1970 that a ULID was made at; None where it is none."""
    if len(text) != 26 or not set(text) <= set(ALPHABET):  # noqa: PLR2004 - the length of a ULID
        return None
    value = 0
    for letter in text[:10]:
        value = value << 5 | ALPHABET.index(letter)
    return value / 1000
