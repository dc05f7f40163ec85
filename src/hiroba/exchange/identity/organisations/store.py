"""The tables of organisations and applications, one function per question."""

import hashlib
import secrets
from typing import Any

import msgspec
import orjson

from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, NotFound
from hiroba.exchange.identity.organisations.model import Application, Organisation

_JSON = ("title", "jwks")
_COLUMNS = ", ".join(Application.__struct_fields__)


class UnknownOrganisation(NotFound):
    """There is no such organisation."""


class SectorFixed(Conflict):
    """The sector of an application is fixed: people are known to it by it."""


def _struct(kind: type[Any], row: Any) -> Any:
    found = {name: orjson.loads(value) if name in _JSON and value else value for name, value in dict(row).items()}
    return msgspec.convert(found, kind)


async def organisations(conn: Connection) -> list[Organisation]:
    """All of them, by id."""
    rows = await conn.fetch("select id, title, owns, url, contact from identity.organisation order by id")
    return [_struct(Organisation, row) for row in rows]


async def organisation(conn: Connection, id_: str) -> Organisation | None:
    """The organisation of this id."""
    row = await conn.fetchrow("select id, title, owns, url, contact from identity.organisation where id = $1", id_)
    return None if row is None else _struct(Organisation, row)


async def put_organisation(conn: Connection, organisation: Organisation) -> None:
    """Add or replace one."""
    await conn.execute("""
        insert into identity.organisation (id, title, owns, url, contact) values ($1, $2, $3, $4, $5)
        on conflict (id) do update
                set title = excluded.title, owns = excluded.owns, url = excluded.url, contact = excluded.contact
    """, organisation.id, orjson.dumps(organisation.title).decode(), organisation.owns, organisation.url,
        organisation.contact)  # fmt: skip


async def applications(conn: Connection, organisation: str | None = None) -> list[Application]:
    """Every application, or those of one organisation, by id."""
    rows = await conn.fetch(f"""
        select {_COLUMNS} from identity.application where $1::text is null or organisation = $1 order by id
    """, organisation)  # noqa: S608 - the columns are a constant  # fmt: skip
    return [_struct(Application, row) for row in rows]


async def application(conn: Connection, id_: str) -> Application | None:
    """The application of this client_id."""
    row = await conn.fetchrow(f"select {_COLUMNS} from identity.application where id = $1", id_)  # noqa: S608 - as above
    return None if row is None else _struct(Application, row)


async def put_application(conn: Connection, application: Application) -> None:
    """Add or replace one, checked before; its sector stays what it was, and another one is a conflict."""
    stated = application.with_sector()
    if await conn.fetchval("select true from identity.organisation where id = $1", stated.organisation) is None:
        raise UnknownOrganisation(f"There is no {stated.organisation}. Register it first.")
    values = [
        orjson.dumps(value).decode() if name in _JSON and value is not None else value
        for name in Application.__struct_fields__
        for value in (getattr(stated, name),)
    ]
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    changed = ", ".join(f"{name} = excluded.{name}" for name in Application.__struct_fields__ if name != "id")
    done = await conn.execute(f"""
        insert into identity.application ({_COLUMNS}) values ({places})
            on conflict (id) do update set {changed} where application.sector = excluded.sector
    """, *values)  # noqa: S608 - names of our own struct  # fmt: skip
    if done.endswith(" 0"):
        raise SectorFixed


async def has_secret(conn: Connection, id_: str) -> bool:
    """Whether an application has been given a secret."""
    return bool(await conn.fetchval("select secret_sha256 is not null from identity.application where id = $1", id_))


async def renew_secret(conn: Connection, id_: str) -> str:
    """A new secret of an application, which is not kept; the one before is over."""
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).digest()
    await conn.execute("update identity.application set secret_sha256 = $2 where id = $1", id_, digest)
    return secret


async def is_secret_of(conn: Connection, id_: str, secret: str) -> bool:
    """Whether this is the application's secret."""
    kept: bytes | None = await conn.fetchval("select secret_sha256 from identity.application where id = $1", id_)
    return kept is not None and secrets.compare_digest(kept, hashlib.sha256(secret.encode()).digest())
