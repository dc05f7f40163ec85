"""The SQL of consented reads: subqueries in the place of the broker's tables, and the permits that hold a release.

A permit is joined in every statement that reads, so a withdrawal that is committed is seen by the next one; nothing
here is remembered. `{0}` is the tenant, `{1}` the recipient's application, `{2}` the purpose, `{3}` the recipient's sector.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import msgspec

from hiroba.base.db import Connection, fetch
from hiroba.exchange.audit.events import Disclosure
from hiroba.exchange.broker.geometry import LOCATION

_HOLDS: Final = """
    p.recipient = {1} and p.purpose = {2} and p.tenant = {0} and p.valid_from <= now() and p.valid_until > now()
"""
_PEOPLE: Final = """
    gateway.permit p
    join identity.pair inside on inside.sector = 'tenant:' || {0} and inside.subject = p.subject
    join identity.pair outside on outside.sector = {3} and outside.person = inside.person {among}
"""
AMONG: Final = "and outside.subject = any({whose})"


def _first(types: str) -> str:
    """Of several permits that open the same row, the first alone brings it."""
    return f"""
        not exists (select from gateway.permit f
                     where f.recipient = p.recipient and f.purpose = p.purpose and f.tenant = p.tenant
                       and f.subject = p.subject and f.type < p.type and f.type = any({types})
                       and f.valid_from <= now() and f.valid_until > now())
    """


def _allowed(types: str) -> str:
    """What all permits for a row allow together: its types and its attributes."""
    return f"""
        lateral (select array_agg(distinct a.type order by a.type) as types, array_agg(distinct attr) as attrs
                   from gateway.permit a, unnest(a.attrs) attr
                  where a.recipient = p.recipient and a.purpose = p.purpose and a.tenant = p.tenant
                    and a.subject = p.subject and a.type = any({types})
                    and a.valid_from <= now() and a.valid_until > now()) allowed
    """  # noqa: S608 - constants


ENTITIES: Final = f"""(
    select e.tenant, e.path, e.id as inside, gateway.alias(e.id, e.subject, outside.subject) as id, allowed.types,
           '{{{{}}}}'::text[] as scopes, '' as owner, outside.subject as subject, shown.doc, shown.doc as facts,
           null::text as words, case when shown.doc ? '{LOCATION}' then e.geo end as geo,
           coalesce(times.created, p.valid_from) as created, coalesce(times.modified, p.valid_from) as modified,
           null::timestamptz as expires, e.lapses
      from {_PEOPLE}
      join broker.entity e on e.tenant = p.tenant and e.subject = p.subject and e.types @> array[p.type]
                          and (e.expires is null or e.expires > now())
     cross join {_allowed("e.types")}
     cross join lateral (select coalesce(jsonb_object_agg(name, e.doc -> name), '{{{{}}}}') as doc
                           from unnest(allowed.attrs) name where e.doc ? name) reduced
     cross join lateral (select case when e.mentions is null then reduced.doc
                                else gateway.reworded(reduced.doc, e.mentions, e.tenant, {{3}}) end as doc) shown
     cross join lateral (select min((i ->> 'createdAt')::timestamptz) as created,
                                max((i ->> 'modifiedAt')::timestamptz) as modified
                           from jsonb_each(reduced.doc) a, jsonb_array_elements(a.value) i) times
     where {_HOLDS} and {_first("e.types")}
)"""  # noqa: S608 - constants
"""Columns that follow from hidden attributes follow from the shown ones: words, facts, place, times. Scopes are hidden."""

PASTS: Final = f"""(
    select v.tenant, v.path, gateway.alias(v.id, v.subject, outside.subject) as id, v.id as inside,
           allowed.types, array(select name from unnest(v.names) name where name = any(allowed.attrs)) as names,
           '' as owner, p.valid_from as created, v.deleted, null::timestamptz as modified, outside.subject as subject
      from {_PEOPLE}
      join broker.evolution v on v.tenant = p.tenant and v.subject = p.subject and v.types @> array[p.type]
     cross join {_allowed("v.types")}
     where {_HOLDS} and {_first("v.types")}
)"""  # noqa: S608 - constants

VALUE: Final = "gateway.reworded(h.value, null, {0}, {3})"


class Recipient(msgspec.Struct, frozen=True):
    """Who reads what is people's, where, and what for."""

    tenant: str
    application: str
    """Its client id, as grants and the log name it."""
    sector: str
    purpose: str


class Held(msgspec.Struct, frozen=True):
    """A permit that is held for a release, with the grant it is of."""

    subject: str
    """As the recipient's sector knows the person."""
    logged: str | None
    """As the log knows them; None where it does not yet."""
    type: str
    attrs: list[str]
    grant_id: str
    grant_version: int
    valid_until: datetime
    mode: Disclosure | None
    """How the grant is disclosed to the person."""
    review_on: date | None


async def held(conn: Connection, asked: Recipient, subjects: Collection[str]) -> list[Held]:
    """What a recipient may read of these people for a purpose, held: who withdraws it waits for this transaction's end."""
    return await fetch(conn, Held, """
        select outside.subject, logged.subject as logged, p.type, p.attrs, p.grant_id, p.grant_version, p.valid_until,
               g.disclosure ->> 'mode' as mode, (g.disclosure ->> 'reviewOn')::date as review_on
          from identity.pair outside
          join identity.pair inside on inside.sector = 'tenant:' || $1 and inside.person = outside.person
          join gateway.permit p on p.recipient = $2 and p.purpose = $3 and p.tenant = $1 and p.subject = inside.subject
                               and p.valid_from <= now() and p.valid_until > now()
          left join identity.pair logged on logged.sector = 'log' and logged.person = outside.person
          left join gateway.grant_version g on g.id = p.grant_id and g.version = p.grant_version
         where outside.sector = $4 and outside.subject = any($5::text[])
         order by p.ctid  -- as a withdrawal takes them, so that neither waits for the other in a circle
           for share of p
    """, asked.tenant, asked.application, asked.purpose, asked.sector, list(subjects))  # fmt: skip


async def nameless(conn: Connection, sector: str, tenant: str) -> list[str]:
    """People of a tenant whom a sector is to have names for, by the tenant's keys."""
    rows = await conn.fetch("select subject from gateway.nameless where sector = $1 and tenant = $2", sector, tenant)
    return [row["subject"] for row in rows]


async def named(conn: Connection, sector: str, tenant: str, subjects: Collection[str]) -> None:
    """They have them now."""
    await conn.execute(
        "delete from gateway.nameless where sector = $1 and tenant = $2 and subject = any($3::text[])",
        sector, tenant, list(subjects),
    )  # fmt: skip


async def note_nameless(conn: Connection, tenant: str, subjects: Collection[str]) -> None:
    """Documents of these people may name others anew: see to it that everybody who may read them has names for those."""
    await conn.execute("""
        select gateway.note_nameless(reader.tenant, reader.subject, gateway.sector_of(reader.recipient))
          from (select distinct tenant, subject, recipient from gateway.permit
                 where tenant = $1 and subject = any($2::text[])) reader
    """, tenant, list(subjects))  # fmt: skip
