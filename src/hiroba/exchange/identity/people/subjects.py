"""Pairwise subjects: each sector knows a person under a name of its own, and only this room can join two of them.

A subject is HMAC-SHA256(key of the epoch, sector and person, each with its length before it) as base64url without padding:
43 characters that fit into a URN. It is computed at first use and stored, so a new epoch changes no name that is in use.
Sectors: `tenant:{tenant}` a personal tenant, `app:{application}` a recipient, `door` a resident's session, `log` the log.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection

from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.exchange.identity.people.store import pairs

DOOR = "door"
"""The sector of a resident's own session."""
LOG = "log"
"""The sector of the audit log."""


class PersonUnknown(NotFound):
    """There is no such person."""


def pseudonym(secret: bytes, sector: str, person: str) -> str:
    """The subject of a person in a sector under one epoch's key (32 bytes)."""
    message = b"".join(len(part).to_bytes(4) + part for part in (sector.encode(), person.encode()))
    return urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=").decode()


async def subject_of(conn: Connection, person: str, sector: str) -> str:
    """The subject of one person in a sector, made where there is none yet."""
    found = await subjects_of(conn, (person,), sector)
    if person not in found:
        raise PersonUnknown
    return found[person]


async def subjects_of(conn: Connection, persons: Collection[str], sector: str) -> dict[str, str]:
    """The subject of each person in a sector, made where there is none yet; nobody unknown is in the answer."""
    found = await pairs.subjects(conn, sector, persons)
    if missing := [person for person in persons if person not in found]:
        found |= await _made(conn, missing, sector)
    return found


async def translate(conn: Connection, subjects: Collection[str], from_sector: str, to_sector: str) -> dict[str, str]:
    """The names under which another sector knows these subjects: the one function that joins two sectors.

    A subject that `from_sector` does not know is left out. One statement where all pairs exist.
    """
    known = await pairs.joined(conn, subjects, from_sector, to_sector)
    missing = [one.person for one in known if one.other is None]
    made = await _made(conn, missing, to_sector) if missing else {}
    return {one.subject: one.other or made[one.person] for one in known if one.other or one.person in made}


async def person_of(conn: Connection, subject: str, sector: str) -> str | None:
    """Whose subject this is; the answer stays in this room."""
    return await pairs.person(conn, sector, subject)


async def begin_epoch(conn: Connection) -> int:
    """A new key for pairs made from now on; the number of its epoch."""
    return await pairs.add_key(conn)


async def _made(conn: Connection, persons: Collection[str], sector: str) -> dict[str, str]:
    """New pairs. Where another process makes the same pair at once, the first one stays and both give it."""
    key = await pairs.newest_key(conn)
    new = {person: pseudonym(key.secret, sector, person) for person in persons}
    await pairs.add(conn, sector, key.epoch, new)
    return await pairs.subjects(conn, sector, persons)
