"""What is done with a grant, told to the log in the same transaction."""

from collections.abc import Sequence

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.log import Data, Event, append_in
from hiroba.exchange.gateway.grants.model import Kept
from hiroba.exchange.identity.people.subjects import LOG, translate


async def tell(
    conn: Connection, done: Sequence[tuple[str, Kept]], *, by: str = "", note: str = "", also: Sequence[Event] = ()
) -> None:
    """Log what was done (a kind, and the grant after it) as the last thing of the transaction; `also` is told with it.

    What the person may not see yet stands in the chain of its ground.
    """
    names: dict[tuple[str, str], str] = {}
    for tenant in sorted({kept.tenant for _, kept in done}):
        subjects = {kept.grant.subject for _, kept in done if kept.tenant == tenant}
        known = await translate(conn, subjects, f"tenant:{tenant}", LOG)
        names |= {(tenant, subject): name for subject, name in known.items()}
    now = clock.now()
    await append_in(conn, [*also, *(
        Event(
            at=now, kind=kind, subject=names.get((kept.tenant, kept.grant.subject), ""), recipient=kept.grant.recipient,
            purpose=kept.grant.purpose, ground=kept.grant.ground,
            data=[Data(part.type, part.attrs) for part in kept.grant.data], by=by, note=note,
            until=clock.iso(kept.grant.until), disclosure=kept.grant.disclosure.mode,
            review_on=kept.grant.disclosure.review_on,
        )
        for kind, kept in done
    )])  # fmt: skip
