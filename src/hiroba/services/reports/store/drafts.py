"""Reports while they are being written, known by a cookie, gone after a few hours."""

import hashlib
from datetime import timedelta
from typing import Final, cast

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.services.reports.model import Draft

DRAFT_LIFE: Final = timedelta(hours=3)


class Kept(msgspec.Struct, frozen=True):
    """A draft as it was kept: the follow token stands in `sent` once it became a report."""

    draft: Draft
    has_photo: bool
    sent: str


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def draft_of(conn: Connection, cookie: str) -> Kept | None:
    """The draft of this browser, unless there is none or it is too old; nobody else changes it meanwhile."""
    row = await conn.fetchrow("""
        select answers, photo is not null as has_photo, sent from reports.draft
         where sha256 = $1 and expires > $2 for update
    """, _sha256(cookie), clock.now())  # fmt: skip
    return None if row is None else Kept(msgspec.json.decode(row["answers"], type=Draft), row["has_photo"], row["sent"])


async def put_draft(conn: Connection, cookie: str, draft: Draft) -> None:
    """Keep a draft, for some hours more; a photo that is there stays."""
    await conn.execute("""
        insert into reports.draft (sha256, answers, expires) values ($1, $2, $3)
        on conflict (sha256) do update set answers = excluded.answers, expires = excluded.expires, sent = ''
    """, _sha256(cookie), msgspec.json.encode(draft).decode(), clock.now() + DRAFT_LIFE)  # fmt: skip


async def put_draft_photo(conn: Connection, cookie: str, jpeg: bytes | None) -> None:
    """Keep a photo with a draft, or take it out again."""
    await conn.execute("update reports.draft set photo = $2 where sha256 = $1", _sha256(cookie), jpeg)


async def draft_photo(conn: Connection, cookie: str) -> bytes | None:
    """The photo of a draft."""
    return cast("bytes | None", await conn.fetchval(
        "select photo from reports.draft where sha256 = $1 and expires > $2", _sha256(cookie), clock.now()
    ))  # fmt: skip


async def close_draft(conn: Connection, cookie: str, sent: str) -> None:
    """Empty a draft that was sent; only where it went is kept, so that a second tap finds the way."""
    await conn.execute(
        "update reports.draft set answers = '{}', photo = null, sent = $2 where sha256 = $1", _sha256(cookie), sent
    )


async def forget_drafts(conn: Connection) -> None:
    """Drop drafts nobody finished."""
    await conn.execute("delete from reports.draft where expires < $1", clock.now())
