"""Nonces of DPoP (RFC 9449 §8): a value of the house's own, so that no proof can be made ahead of its time.

A nonce is the moment it was made and a MAC over it: every worker knows its own again without a table.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from hiroba.base import clock

LIFE: Final = 300.0
"""Seconds a nonce may be used."""
MARGIN: Final = 5.0
"""Seconds by which clocks of several machines may differ."""


def make(secret: str) -> str:
    """A nonce of this moment."""
    moment = struct.pack(">d", clock.now().timestamp())
    return urlsafe_b64encode(moment + _mac(secret, moment)).decode()


def is_fresh(secret: str, nonce: object) -> bool:
    """Whether this is a nonce of ours, made a short while ago."""
    if not isinstance(nonce, str) or len(nonce) != 32 or not nonce.isascii():  # noqa: PLR2004 - 24 bytes in base64
        return False
    try:
        raw = urlsafe_b64decode(nonce)
    except ValueError:
        return False
    moment, mac = raw[:8], raw[8:]
    if not hmac.compare_digest(mac, _mac(secret, moment)):
        return False
    age: float = clock.now().timestamp() - struct.unpack(">d", moment)[0]
    return -MARGIN <= age <= LIFE


def _mac(secret: str, moment: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"dpop nonce" + moment, "sha256")[:16]
