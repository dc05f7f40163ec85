"""How long the past is kept: partitions are made ahead, and dropped, or emptied of a type, when their time is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Stop
from hiroba.exchange.broker.history.store import keeping

AHEAD: Final = 3
"""Months whose partitions are there before they begin."""


class Retention(msgspec.Struct, frozen=True):
    """Days after which what was recorded is forgotten; 0 keeps it for ever. `types` (IRIs) have their own."""

    days: int = 0
    types: Mapping[str, int] = {}


def retention(words: Sequence[str]) -> Retention:
    """The retention that words such as `365` and `https://…#Device=30` ask for."""
    days, types = 0, {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not number.isascii() or not number.isdigit() or len(number) > 6:  # noqa: PLR2004 - three thousand years
            raise Stop(
                f"HIROBA_HISTORY_DAYS: {word!r} is no number of days. Write 365, or 365,Type=30 for a type of its own."
            )
        if name:
            types[name] = int(number)
        else:
            days = int(number)
    return Retention(days, types)


async def make_partitions(conn: Connection) -> None:
    """Make the partitions of this month and those to come."""
    month = _month(clock.now())
    for _ in range(AHEAD + 1):
        following = _month(month + timedelta(days=32))
        await keeping.make_partition(conn, month, following)
        month = following


async def keep(conn: Connection, kept: Retention) -> None:
    """Make partitions ahead, and forget what is older than it is to be kept."""
    await make_partitions(conn)
    now = clock.now()
    longest = max([kept.days, *kept.types.values()]) if kept.days and all(kept.types.values()) else 0
    if longest:
        await keeping.drop_before(conn, now - timedelta(days=longest))
    for type_, days in kept.types.items():
        if days:
            await keeping.forget_type(conn, type_, now - timedelta(days=days))
    if kept.days and kept.days != longest:
        await keeping.forget_others(conn, list(kept.types), now - timedelta(days=kept.days))


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
