"""What has happened to entities, and who is told of it inside the transaction that writes it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker.model import Entity, Key


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One edit of one entity: as it was, None where it was not there, and as it is, None where it is gone."""

    key: Key
    before: Entity | None
    after: Entity | None
    at: datetime
    expired: bool = False
    """Whether this is no edit, but the time of the entity, or of an attribute, that was over (§4.22)."""


Then = Callable[[], None]
"""A hint that may be called once the transaction is committed: it only hurries what is owed, which the database knows."""
Listener = Callable[[Connection, Sequence[Event]], Awaitable[Then | None]]
"""Writes what follows from events, in their transaction and in their order, a few statements for all of them."""
