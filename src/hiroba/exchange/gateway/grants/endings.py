"""When a purpose is closed, what was granted for it ends with it, in one transaction."""

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.gateway.grants.store import versions
from hiroba.exchange.gateway.grants.telling import tell
from hiroba.exchange.gateway.officers import Acting
from hiroba.exchange.gateway.purposes import acts
from hiroba.exchange.gateway.purposes.model import Purpose


async def retire(conn: Connection, who: Acting, id_: str) -> Purpose:
    """Close a purpose for good, with every grant that rests on it: each person's record says so."""
    purpose = await acts.retire(conn, who, id_)
    ended = await versions.end_of_purpose(conn, purpose.id, clock.now())
    await tell(conn, [("expired", kept) for kept in ended], also=[acts.event(who, purpose, "retired")])
    return purpose
