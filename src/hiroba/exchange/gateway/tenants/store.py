"""The tables of what is declared about tenants, one function per question."""

from typing import Annotated

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.exchange.gateway.tenants.rules import CLOSED, Tenant


class UnknownTenant(NotFound):
    """There is no such tenant."""


class Member(msgspec.Struct, frozen=True):
    """An organisation that a tenant is open to."""

    organisation: Annotated[str, msgspec.Meta(description="The code of a municipality, or `org:` and a name.")]
    writes: bool


class Declared(msgspec.Struct, frozen=True):
    """A tenant as the operator sees it."""

    name: str
    personal: bool
    public: bool
    members: list[Member]


async def tenant(conn: Connection, name: str) -> Tenant:
    """What is declared about a tenant besides the region's own; CLOSED where there is none of that name."""
    row = await conn.fetchrow("""
        select t.personal, coalesce(d.public, false) as public,
               array(select organisation from gateway.tenant_member m where m.tenant = t.name and not m.writes) as readers,
               array(select organisation from gateway.tenant_member m where m.tenant = t.name and m.writes
                     union all  -- whose source it is
                     select coalesce(nullif(o.owns, ''), s.organisation) from gateway.source s
                       left join identity.organisation o on o.id = s.organisation where s.tenant = t.name) as writers
          from broker.tenant t left join gateway.tenant d using (name) where t.name = $1
    """, name)  # fmt: skip
    if row is None:
        return CLOSED
    members = dict.fromkeys(row["readers"], False) | dict.fromkeys(row["writers"], True)
    return Tenant(row["personal"], row["public"], members)


async def all_declared(conn: Connection) -> list[Declared]:
    """Every tenant besides the region's own, by name."""
    names = [row["name"] for row in await conn.fetch("select name from broker.tenant order by name")]
    found = [(name, await tenant(conn, name)) for name in names]
    return [
        Declared(name, one.personal, one.public, [Member(org, writes) for org, writes in sorted(one.members.items())])
        for name, one in found
    ]


async def declare(conn: Connection, name: str, *, public: bool) -> None:
    """Say whether anyone may read a tenant."""
    await conn.execute("""
        insert into gateway.tenant (name, public) values ($1, $2) on conflict (name) do update set public = excluded.public
    """, name, public)  # fmt: skip


async def open_to(conn: Connection, name: str, organisation: str, *, writes: bool) -> None:
    """Open a tenant to an organisation."""
    if await conn.fetchval("select true from broker.tenant where name = $1", name) is None:
        raise UnknownTenant(f"There is no tenant {name}. Make it first.")
    await conn.execute("""
        insert into gateway.tenant_member (tenant, organisation, writes) values ($1, $2, $3)
            on conflict (tenant, organisation) do update set writes = excluded.writes
    """, name, organisation, writes)  # fmt: skip


async def close_to(conn: Connection, name: str, organisation: str) -> None:
    """Close a tenant to an organisation; within a second its keys are refused."""
    await conn.execute(
        "delete from gateway.tenant_member where tenant = $1 and organisation = $2", name, organisation
    )  # fmt: skip
