"""Mail links that were sent."""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch_one


class Link(msgspec.Struct, frozen=True):
    """A link: its digest, the address's, what of that is shown, whom it is added to, where it leads, when it was sent."""

    sha256: bytes
    digest: bytes
    shown: str
    person: str | None
    next: str
    sent: datetime


_COLUMNS = "sha256, digest, shown, person, next, sent"


async def wait_for_turn(conn: Connection, digest: bytes) -> None:
    """Until this transaction ends, nobody else counts or sends to this address."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))", digest)


async def count(conn: Connection, since: datetime, digest: bytes | None = None) -> int:
    """How many links went out since then: to one address, or to all."""
    number: int = await conn.fetchval(
        "select count(*) from identity.mail_link where sent > $1 and ($2::bytea is null or digest = $2)", since, digest
    )
    return number


async def add(conn: Connection, link: Link) -> None:
    """Remember a link."""
    await conn.execute(
        "insert into identity.mail_link (sha256, digest, shown, person, next, sent) values ($1, $2, $3, $4, $5, $6)",
        link.sha256, link.digest, link.shown, link.person, link.next, link.sent,
    )  # fmt: skip


async def get(conn: Connection, sha256: bytes, since: datetime) -> Link | None:
    """A link that may still be used."""
    return await fetch_one(
        conn, Link, f"select {_COLUMNS} from identity.mail_link where sha256 = $1 and sent > $2 and not used",  # noqa: S608 - a constant
        sha256, since,
    )  # fmt: skip


async def use(conn: Connection, sha256: bytes, since: datetime) -> Link | None:
    """Use a link up; it stays for the count. None where it was used before or is too old."""
    return await fetch_one(conn, Link, f"""
        update identity.mail_link set used = true where sha256 = $1 and sent > $2 and not used returning {_COLUMNS}
    """, sha256, since)  # noqa: S608 - a constant  # fmt: skip
