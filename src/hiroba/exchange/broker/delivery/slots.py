"""Slots: subscriptions are dealt into a fixed number of them, and processes share the slots."""

from functools import lru_cache
from typing import Final
from zlib import crc32

from hiroba.exchange.broker.delivery.model import Address

SLOTS: Final = 64


@lru_cache(maxsize=1 << 17)
def slot_of(address: Address) -> int:
    """The slot of a subscription: the same in every process and for ever, for rows carry it."""
    return crc32(f"{address.kind}\n{address.tenant}\n{address.subscription}".encode()) % SLOTS
