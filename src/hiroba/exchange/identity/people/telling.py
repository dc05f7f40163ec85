"""What happens to an account is a line in the log, which the person can read: sign-ins, ways to sign in, recovery, mandates.

The log is written in the transaction of what happened, once and last (`append_in` holds the chains until the commit).
"""

from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.log import Event, append_in
from hiroba.exchange.identity.people.subjects import LOG, subjects_of

SIGNED_IN: Final = "signed-in"
WAY_ADDED: Final = "sign-in-added"
WAY_REMOVED: Final = "sign-in-removed"
RECOVERY_GIVEN: Final = "recovery-given"
RECOVERED: Final = "recovered"
MANDATE_ACCEPTED: Final = "mandate-accepted"
MANDATE_ENDED: Final = "mandate-ended"


class Told(msgspec.Struct, frozen=True):
    """What happened to whose account, by whom where it was not the person, and a note."""

    person: str
    kind: str
    by: str = ""
    note: str = ""


async def tell(conn: Connection, *told: Told) -> None:
    """Write it down, as the last thing of a transaction."""
    subjects = await subjects_of(conn, {one.person for one in told}, LOG)
    now = clock.now()
    await append_in(conn, [Event(now, one.kind, subjects[one.person], by=one.by, note=one.note) for one in told])
