"""What is known of a person already: what a recipient may read of it, and whether somebody would have to be asked twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson

from hiroba.base.db import Connection


class Permitted(msgspec.Struct, frozen=True):
    """An entity's permitted attributes, by IRI, people in them named as the recipient knows them, with their grant."""

    source: str
    type: str
    doc: dict[str, Any]
    modified: datetime
    grant_id: str
    grant_version: int


async def permitted(
    conn: Connection, recipient: str, purpose: str, people: Sequence[tuple[str, str]], at: datetime
) -> list[Permitted]:
    """What a recipient may read at a moment, for a purpose, of a person known as each (tenant, subject); the newest first."""
    rows = await conn.fetch("""
        select s.id as source, p.type, e.modified, p.grant_id, p.grant_version,
               case when e.mentions is null then shown.doc
                    else gateway.reworded(shown.doc, e.mentions, e.tenant, gateway.sector_of(p.recipient)) end as doc
          from unnest($3::text[], $4::text[]) as whose (tenant, subject)
          join gateway.permit p on (p.tenant, p.subject) = (whose.tenant, whose.subject)
                               and p.recipient = $1 and p.purpose = $2 and p.valid_from <= $5 and p.valid_until > $5
          join gateway.source s on s.tenant = p.tenant
          join broker.entity e on e.tenant = p.tenant and e.subject = p.subject and e.types @> array[p.type]
                              and (e.expires is null or e.expires > $5)
         cross join lateral (select coalesce(jsonb_object_agg(name, e.doc -> name), '{}') as doc
                               from unnest(p.attrs) name where e.doc ? name) shown
         order by e.modified desc, e.id
           for share of p
    """, recipient, purpose, [tenant for tenant, _ in people], [subject for _, subject in people], at)  # fmt: skip
    return [
        Permitted(
            row["source"], row["type"], orjson.loads(row["doc"]), row["modified"], row["grant_id"], row["grant_version"],
        )
        for row in rows
    ]  # fmt: skip


async def is_known(conn: Connection, people: Sequence[tuple[str, str]], type_: str, attr: str) -> bool:
    """Whether any source holds this attribute of the person, whoever may read it."""
    return bool(await conn.fetchval("""
        select exists (select from unnest($1::text[], $2::text[]) as whose (tenant, subject)
                         join broker.entity e on e.tenant = whose.tenant and e.subject = whose.subject
                        where e.types @> array[$3::text] and e.doc ? $4)
    """, [tenant for tenant, _ in people], [subject for _, subject in people], type_, attr))  # fmt: skip
