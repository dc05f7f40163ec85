"""Recovery codes that were given out at counters."""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one


class Code(msgspec.Struct, frozen=True):
    """A code: for whom, given by which officer of which organisation, after which papers, why, and whether it was used."""

    id: str
    person: str
    organisation: str
    officer: str
    papers: str
    reason: str
    made: datetime
    expires: datetime
    used: datetime | None


_COLUMNS = "id, person, organisation, officer, papers, reason, made, expires, used"


async def add(conn: Connection, sha256: bytes, code: Code) -> None:
    """Remember a code, by its digest alone."""
    await conn.execute("""
        insert into identity.recovery_code (sha256, id, person, organisation, officer, papers, reason, made, expires)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """, sha256, code.id, code.person, code.organisation, code.officer, code.papers, code.reason, code.made,
        code.expires)  # fmt: skip


async def end_unused(conn: Connection, person: str) -> None:
    """Forget the codes of a person that nobody used."""
    await conn.execute("delete from identity.recovery_code where person = $1 and used is null", person)


async def get(conn: Connection, sha256: bytes, now: datetime) -> Code | None:
    """A code that may still be used."""
    return await fetch_one(conn, Code, f"""
        select {_COLUMNS} from identity.recovery_code where sha256 = $1 and expires > $2 and used is null
    """, sha256, now)  # noqa: S608 - a constant  # fmt: skip


async def use(conn: Connection, code: str, now: datetime) -> Code | None:
    """Use a code up by its id; None where that was done before or it is too old."""
    return await fetch_one(conn, Code, f"""
        update identity.recovery_code set used = $2 where id = $1 and expires > $2 and used is null returning {_COLUMNS}
    """, code, now)  # noqa: S608 - a constant  # fmt: skip


async def of_person(conn: Connection, person: str) -> list[Code]:
    """The codes of a person that were used or may be, the newest first."""
    return await fetch(
        conn, Code, f"select {_COLUMNS} from identity.recovery_code where person = $1 order by made desc", person  # noqa: S608
    )  # fmt: skip
