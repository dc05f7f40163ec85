"""The broker's tables, one function per question. Entities travel as rows of `unnest`, many to a statement."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.expiry import lapses, unexpired
from hiroba.exchange.broker.facts import facts
from hiroba.exchange.broker.geometry import extent
from hiroba.exchange.broker.model import Doc, Entity, Key

COLUMNS = "e.tenant, e.path, e.id, e.types, e.scopes, e.owner, e.doc, e.created, e.modified, e.expires, e.lapses"
_KEYS = "unnest($1::text[], $2::text[], $3::text[]) as k (tenant, path, id)"
_VALUES = """
    unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::box[],
           $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[])
        as v (tenant, path, id, types, scopes, owner, doc, facts, words, geo, created, modified, expires, lapses)
"""


def entity_of(row: asyncpg.Record) -> Entity:
    """The entity that a row of COLUMNS holds; to take them by name would take half as long again."""
    tenant, path, id_, types, scopes, owner, doc, created, modified, expires, lapses = row
    return Entity(
        key=Key(tenant, path, id_),
        types=tuple(types),
        doc=orjson.loads(doc),
        scopes=tuple(scopes),
        owner=owner,
        created=created,
        modified=modified,
        expires=expires,
        lapses=lapses,
    )


def shown(rows: Iterable[asyncpg.Record]) -> Iterator[Entity]:
    """The entities of rows as they may be shown: nothing of them is over (§4.22)."""
    for row in rows:
        entity = entity_of(row)
        left = entity if entity.lapses is None else unexpired(entity, clock.now())
        if left is not None:
            yield left


def _columns(keys: Iterable[Key]) -> tuple[list[str], list[str], list[str]]:
    chosen = list(keys)
    return [key.tenant for key in chosen], [key.path for key in chosen], [key.id for key in chosen]


async def entities(conn: Connection, keys: Iterable[Key]) -> dict[Key, Entity]:
    """The entities of these keys that are there and have not expired."""
    rows = await conn.fetch(f"""
        select {COLUMNS} from {_KEYS} join broker.entity e using (tenant, path, id) where e.expires is null or e.expires > now()
    """, *_columns(keys))  # noqa: S608 - constants  # fmt: skip
    return {entity.key: entity for entity in shown(rows)}


async def entities_of(conn: Connection, tenant: str, ids: Iterable[str]) -> dict[str, Entity]:
    """The entities of these ids on any path, '' before all others."""
    rows = await conn.fetch(f"""
        select {COLUMNS} from broker.entity e
         where e.tenant = $1 and e.id = any($2::text[]) and (e.expires is null or e.expires > now()) order by e.path desc
    """, tenant, list(ids))  # noqa: S608 - constants  # fmt: skip
    return {entity.key.id: entity for entity in shown(rows)}


async def lock(conn: Connection, keys: Sequence[Key]) -> dict[Key, Entity]:
    """The same, held for writing until the transaction ends; in key order, so that two writers cannot wait for each other."""
    rows = await conn.fetch(f"""
        select {COLUMNS} from {_KEYS} join broker.entity e using (tenant, path, id)
         order by e.tenant, e.path, e.id for update of e
    """, *_columns(keys))  # noqa: S608 - constants  # fmt: skip
    found = map(entity_of, rows)
    return {entity.key: entity for entity in found}


def _rows(written: Sequence[Entity]) -> list[list[Any]]:
    tenants, paths, ids = _columns(entity.key for entity in written)
    docs = [orjson.dumps(entity.doc).decode() for entity in written]
    return [
        tenants, paths, ids,
        [array(entity.types) for entity in written],
        [array(entity.scopes) for entity in written],
        [entity.owner for entity in written],
        docs,
        [orjson.dumps(facts(entity.doc)).decode() for entity in written],
        [words(entity.doc) for entity in written],
        [extent(entity.doc) for entity in written],
        [entity.created for entity in written],
        [entity.modified for entity in written],
        [entity.expires for entity in written],
        [lapses(entity.doc) if '"expiresAt"' in doc else None for entity, doc in zip(written, docs, strict=True)],
    ]  # fmt: skip


def array(texts: Iterable[str]) -> str:
    """A PostgreSQL array literal: arrays of arrays cannot travel through unnest, texts can."""
    return "{" + ",".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts) + "}"


async def insert(conn: Connection, written: Sequence[Entity]) -> set[Key]:
    """Add entities; the keys that were free. Somebody else's row of the same key is waited for and left alone."""
    rows = await conn.fetch(f"""
        insert into broker.entity (tenant, path, id, types, scopes, owner, doc, facts, words, geo, created, modified, expires,
                                   lapses)
        select tenant, path, id, types::text[], scopes::text[], owner, doc::jsonb, facts::jsonb, words, geo,
               created, modified, expires, lapses
          from {_VALUES}
         order by tenant, path, id
        on conflict do nothing returning tenant, path, id
    """, *_rows(written))  # noqa: S608 - constants  # fmt: skip
    return {Key(*row) for row in rows}


async def update(conn: Connection, written: Sequence[Entity]) -> None:
    """Write entities over the rows that `lock` holds."""
    await conn.execute(f"""
        update broker.entity e
           set types = v.types::text[], scopes = v.scopes::text[], owner = v.owner, doc = v.doc::jsonb,
               facts = v.facts::jsonb, words = v.words, geo = v.geo,
               created = v.created, modified = v.modified, expires = v.expires, lapses = v.lapses
          from {_VALUES}
         where e.tenant = v.tenant and e.path = v.path and e.id = v.id
    """, *_rows(written))  # noqa: S608 - constants  # fmt: skip


async def delete(conn: Connection, keys: Iterable[Key]) -> None:
    """Remove the rows that `lock` holds."""
    await conn.execute(f"""
        delete from broker.entity e using {_KEYS} where e.tenant = k.tenant and e.path = k.path and e.id = k.id
    """, *_columns(keys))  # noqa: S608 - constants  # fmt: skip


_NAMED = ("/name", "/alternateName", "/address", "/officialName", "#name")


def words(doc: Doc) -> str | None:
    """The words people would search an entity by: every text in its names and address, in all languages."""
    found: list[str] = []
    for name, instances in doc.items():
        if name.endswith(_NAMED) or name.endswith((":name", ":address", ":alternateName")):
            for instance in instances:
                _texts(instance.get("value", instance.get("languageMap")), found)
    return " ".join(dict.fromkeys(found)) or None


def _texts(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for part in value.values():
            _texts(part, found)
    elif isinstance(value, list):
        for part in value:
            _texts(part, found)


async def select(
    conn: Connection,
    where: str,
    values: Sequence[Any],
    *,
    joins: str = "",
    order: str = "e.id, e.path",
    limit: int | None = None,
    offset: int = 0,
) -> list[Entity]:
    """The entities for which the compiled condition holds."""
    end = len(values)
    limits = "" if limit is None else f" limit ${end + 1} offset ${end + 2}"
    rows = await conn.fetch(
        f"select {COLUMNS} from broker.entity e {joins} where {where} order by {order}{limits}",  # noqa: S608 - the compiler binds every value
        *values,
        *(() if limit is None else (limit, offset)),
    )
    return list(shown(rows))


async def keys(
    conn: Connection, where: str, values: Sequence[Any], *, joins: str = "", order: str, limit: int
) -> list[Key]:
    """The keys of the entities for which the compiled condition holds."""
    rows = await conn.fetch(
        f"select e.tenant, e.path, e.id from broker.entity e {joins} where {where} order by {order} limit ${len(values) + 1}",  # noqa: S608 - as above
        *values,
        limit,
    )
    return [Key(*row) for row in rows]


async def places(
    conn: Connection, where: str, values: Sequence[Any], geoproperty: str, *, limit: int
) -> list[tuple[Key, list[Any]]]:
    """Keys and GeoJSON of a GeoProperty's instances, by id, of the entities for which the compiled condition holds."""
    end = len(values)
    rows = await conn.fetch(
        f"""
        select e.tenant, e.path, e.id, jsonb_path_query_array(e.doc -> ${end + 1}, '$[*].value') as places
          from broker.entity e where {where} order by e.id, e.path limit ${end + 2}
    """,  # noqa: S608 - as above
        *values,
        geoproperty,
        limit,
    )
    return [(Key(row["tenant"], row["path"], row["id"]), orjson.loads(row["places"])) for row in rows]


async def unranked(
    conn: Connection, table: str, where: str, values: Sequence[Any], *, limit: int
) -> list[tuple[str, bool]]:
    """The different texts and geometries that a compiled table `u` gives of the rows for which the condition holds."""
    rows = await conn.fetch(
        f"select distinct u.s, u.is_place from broker.entity e, {table} where {where} limit ${len(values) + 1}",  # noqa: S608 - as above
        *values,
        limit,
    )
    return [(row["s"], row["is_place"]) for row in rows]


async def has_unicode_collation(conn: Connection) -> bool:
    """Whether the database itself orders texts as ICU's root does."""
    found: bool = await conn.fetchval("select exists (select from pg_collation where collname = 'und-x-icu')")
    return found


async def count(conn: Connection, where: str, values: Sequence[Any]) -> int:
    """For how many entities the compiled condition holds."""
    found: int = await conn.fetchval(f"select count(*) from broker.entity e where {where}", *values)  # noqa: S608 - as above
    return found


async def types(conn: Connection, tenant: str) -> dict[str, int]:
    """Every entity type and how many entities have it."""
    rows = await conn.fetch("""
        select type, count(*) from broker.entity, unnest(types) as type
         where tenant = $1 and (expires is null or expires > now()) group by type order by type
    """, tenant)  # fmt: skip
    return {row["type"]: row["count"] for row in rows}


async def attributes(
    conn: Connection, tenant: str, type_: str | None = None, attribute: str | None = None
) -> list[asyncpg.Record]:
    """Per attribute (IRI): `count` of entities that have it, its `kinds` (Property, …) and the entity `types` it occurs in."""
    return await conn.fetch("""
        select a.key as name, count(distinct e.id) as count,
               array_agg(distinct i ->> 'type') as kinds, array_agg(distinct t) as types
          from broker.entity e, jsonb_each(e.doc) as a, jsonb_array_elements(a.value) as i, unnest(e.types) as t
         where e.tenant = $1 and ($2::text is null or e.types @> array[$2]) and ($3::text is null or a.key = $3)
           and (e.expires is null or e.expires > now())
         group by a.key order by a.key
    """, tenant, type_, attribute)  # fmt: skip


async def tenants(conn: Connection) -> set[str]:
    """The tenants besides the region's own."""
    return {row["name"] for row in await conn.fetch("select name from broker.tenant")}


async def add_tenant(conn: Connection, name: str) -> None:
    """Make a tenant; one that is there stays."""
    await conn.execute("insert into broker.tenant (name) values ($1) on conflict do nothing", name)


async def next_over(conn: Connection) -> datetime | None:
    """When the next entity or attribute of any tenant expires (§4.22)."""
    found: datetime | None = await conn.fetchval(
        "select least((select min(expires) from broker.entity), (select min(lapses) from broker.entity))"
    )
    return found


async def over(conn: Connection, limit: int) -> list[Key]:
    """Entities that are over, or of which an attribute is."""
    rows = await conn.fetch("""
        (select tenant, path, id from broker.entity where expires <= now() limit $1)
        union (select tenant, path, id from broker.entity where lapses <= now() limit $1) limit $1
    """, limit)  # fmt: skip
    return [Key(*row) for row in rows]
