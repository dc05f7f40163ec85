"""Officers' accounts in their organisations."""

from collections.abc import Iterable

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.base.ids import ulid


class Officer(msgspec.Struct, frozen=True):
    """An officer's account: what their sessions may do is read from it."""

    id: str
    organisation: str
    name: str
    roles: list[str]
    passkeys: int


_QUESTION = """
    select id, organisation, name, roles,
           (select count(*) from identity.passkey where passkey.officer = officer.id) as passkeys
      from identity.officer where ended is null
"""


async def put(conn: Connection, organisation: str, name: str, roles: Iterable[str]) -> str:
    """The account of that name, with these roles from now on; made, or opened again, where there is none."""
    account: str = await conn.fetchval("""
        insert into identity.officer (id, organisation, name, roles) values ($1, $2, $3, $4)
            on conflict (organisation, name) do update set roles = excluded.roles, ended = null
        returning id
    """, ulid(), organisation, name, sorted(set(roles)))  # fmt: skip
    return account


async def get(conn: Connection, officer: str) -> Officer | None:
    """An account that has not ended."""
    return await fetch_one(conn, Officer, f"{_QUESTION} and id = $1", officer)


async def all_of(conn: Connection) -> list[Officer]:
    """Every account that has not ended, by organisation and name."""
    return await fetch(conn, Officer, f"{_QUESTION} order by organisation, name")


async def end(conn: Connection, officer: str) -> None:
    """End an account: its sessions and passkeys go with it."""
    await conn.execute("update identity.officer set ended = $2 where id = $1", officer, clock.now())
    await conn.execute("delete from identity.session where officer = $1", officer)
    await conn.execute("delete from identity.passkey where officer = $1", officer)
    await conn.execute("delete from identity.sign_in_link where officer = $1", officer)


async def of_session(conn: Connection, session: str) -> Officer | None:
    """The account behind an officer's session, by the session's id; None where it began with the operator's link alone."""
    account: str | None = await conn.fetchval("select officer from identity.session where id = $1", session)
    return await get(conn, account) if account else None
