"""What happens without anybody asking."""

from hiroba.base.db import Connection
from hiroba.services.reports import store


async def forget(conn: Connection) -> None:
    """Drop the contacts of reports closed long ago, and drafts nobody finished."""
    await store.forget_contacts(conn)
    await store.forget_drafts(conn)
