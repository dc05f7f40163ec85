"""The ways a person signs in: passkeys, accounts at an upstream provider, mail addresses."""

from datetime import datetime

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch, fetch_one


class Passkey(msgspec.Struct, frozen=True):
    """A passkey of a person or of an officer's account."""

    id: bytes
    person: str | None
    officer: str | None
    public_key: bytes
    sign_count: int
    label: str
    made: datetime
    used: datetime | None


class Account(msgspec.Struct, frozen=True):
    """A person's account at an upstream provider."""

    issuer: str
    subject: str
    made: datetime


class Address(msgspec.Struct, frozen=True):
    """A mail address: its keyed digest, and the part of it that is shown."""

    digest: bytes
    shown: str
    made: datetime


_PASSKEY = "id, person, officer, public_key, sign_count, label, made, used"


async def passkey(conn: Connection, credential: bytes) -> Passkey | None:
    """The passkey an authenticator names."""
    return await fetch_one(
        conn, Passkey, f"select {_PASSKEY} from identity.passkey where id = $1 for update", credential  # noqa: S608 - a constant
    )  # fmt: skip


async def passkeys_of(conn: Connection, person: str | None, officer: str | None = None) -> list[Passkey]:
    """The passkeys of a person, or of an officer's account, oldest first."""
    return await fetch(
        conn, Passkey, f"select {_PASSKEY} from identity.passkey where person = $1 or officer = $2 order by made, id",  # noqa: S608
        person, officer,
    )  # fmt: skip


async def add_passkey(conn: Connection, new: Passkey) -> bool:
    """Keep a new passkey; False where that credential is known already."""
    done: str = await conn.execute("""
        insert into identity.passkey (id, person, officer, public_key, sign_count, label, made)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
    """, new.id, new.person, new.officer, new.public_key, new.sign_count, new.label, new.made)  # fmt: skip
    return done == "INSERT 0 1"


async def note_use(conn: Connection, credential: bytes, sign_count: int) -> None:
    """A passkey was used."""
    await conn.execute(
        "update identity.passkey set sign_count = $2, used = $3 where id = $1", credential, sign_count, clock.now()
    )


async def remove_passkey(conn: Connection, person: str, credential: bytes) -> bool:
    """Forget a passkey of a person; whether there was one."""
    done: str = await conn.execute("delete from identity.passkey where id = $1 and person = $2", credential, person)
    return done == "DELETE 1"


async def person_upstream(conn: Connection, issuer: str, subject: str) -> str | None:
    """Whose account at a provider this is."""
    found: str | None = await conn.fetchval(
        "select person from identity.upstream_account where issuer = $1 and subject = $2", issuer, subject
    )
    return found


async def add_upstream(conn: Connection, issuer: str, subject: str, person: str) -> bool:
    """Join a provider's account to a person; False where it is somebody's already."""
    done: str = await conn.execute(
        "insert into identity.upstream_account (issuer, subject, person) values ($1, $2, $3) on conflict do nothing",
        issuer, subject, person,
    )  # fmt: skip
    return done == "INSERT 0 1"


async def upstream_of(conn: Connection, person: str) -> list[Account]:
    """A person's accounts at providers."""
    return await fetch(conn, Account, """
        select issuer, subject, made from identity.upstream_account where person = $1 order by made, issuer, subject
    """, person)  # fmt: skip


async def remove_upstream(conn: Connection, person: str, issuer: str) -> bool:
    """Leave a provider; whether there was an account."""
    done: str = await conn.execute(
        "delete from identity.upstream_account where person = $1 and issuer = $2", person, issuer
    )
    return done != "DELETE 0"


async def person_mail(conn: Connection, address: bytes) -> str | None:
    """Whose mail address this is, by its digest."""
    found: str | None = await conn.fetchval("select person from identity.mail_address where digest = $1", address)
    return found


async def add_mail(conn: Connection, address: bytes, shown: str, person: str) -> bool:
    """Join a mail address to a person; False where it is somebody's already."""
    done: str = await conn.execute(
        "insert into identity.mail_address (digest, shown, person) values ($1, $2, $3) on conflict do nothing",
        address, shown, person,
    )  # fmt: skip
    return done == "INSERT 0 1"


async def mails_of(conn: Connection, person: str) -> list[Address]:
    """A person's mail addresses."""
    return await fetch(conn, Address, """
        select digest, shown, made from identity.mail_address where person = $1 order by made, digest
    """, person)  # fmt: skip


async def remove_mail(conn: Connection, person: str, address: bytes) -> bool:
    """Forget a mail address; whether there was one."""
    done: str = await conn.execute(
        "delete from identity.mail_address where person = $1 and digest = $2", person, address
    )
    return done == "DELETE 1"
