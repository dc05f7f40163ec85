"""Names for things: ULIDs, 26 characters that sort by the time they were made (github.com/ulid/spec)."""

import os

from hiroba.base import clock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid() -> str:
    """A new ULID: 48 bits of milliseconds, 80 bits of chance, in Crockford's base 32."""
    value = (int(clock.now().timestamp() * 1000) << 80) | int.from_bytes(os.urandom(10))
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
