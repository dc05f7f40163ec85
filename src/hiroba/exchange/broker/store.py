"""The broker's tables, one function per question. Entities travel as rows of `unnest`, many to a statement."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker import facts
from hiroba.exchange.broker.expiry import lapses, unexpired
from hiroba.exchange.broker.geometry import LOCATION, extent
from hiroba.exchange.broker.model import Doc, Entity, Key
from hiroba.exchange.broker.people import candidates

COLUMNS = (
    "e.tenant, e.path, e.id, e.types, e.scopes, e.owner, e.subject, e.doc, e.created, e.modified, e.expires, e.lapses"
)
NOBODYS = "e.subject is null"
"""What every read asks for that sees nothing of people: personal data are read through a Sight, or not at all."""
TABLE = "broker.entity"
BY_ID = "e.id, e.path"
"""The order of pages, which the key's index has: where nearly all come into question, the page ends the walk along it."""
BY_ID_SORTED = "e.id || '', e.path"
"""The same order, by no index: where few come into question, to walk along it until they come by would be long."""
_KEYS = "unnest($1::text[], $2::text[], $3::text[]) as k (tenant, path, id)"
_VALUES = """
    unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::box[],
           $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[])
        as v (tenant, path, id, types, scopes, owner, doc, facts, words, geo, created, modified, expires, lapses,
              subject, mentions)
"""


def entity_of(row: asyncpg.Record) -> Entity:
    """The entity that a row of COLUMNS holds; to take them by name would take half as long again."""
    tenant, path, id_, types, scopes, owner, subject, doc, created, modified, expires, lapses = row
    return Entity(
        key=Key(tenant, path, id_),
        types=tuple(types),
        doc=orjson.loads(doc),
        scopes=tuple(scopes),
        owner=owner,
        subject=subject,
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
        select {COLUMNS} from {_KEYS} join broker.entity e using (tenant, path, id)
         where (e.expires is null or e.expires > now()) and {NOBODYS}
    """, *_columns(keys))  # noqa: S608 - constants  # fmt: skip
    return {entity.key: entity for entity in shown(rows)}


async def entities_of(conn: Connection, tenant: str, ids: Iterable[str]) -> dict[str, Entity]:
    """The entities of these ids on any path, '' before all others."""
    rows = await conn.fetch(f"""
        select {COLUMNS} from broker.entity e
         where e.tenant = $1 and e.id = any($2::text[]) and (e.expires is null or e.expires > now()) and {NOBODYS}
         order by e.path desc
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
        [orjson.dumps(facts.facts(entity.doc)).decode() for entity in written],
        [words(entity.doc) for entity in written],
        [extent(entity.doc) for entity in written],
        [entity.created for entity in written],
        [entity.modified for entity in written],
        [entity.expires for entity in written],
        _lapses(written, docs),
        [entity.subject for entity in written],
        [_mentions(doc) if entity.subject else None for entity, doc in zip(written, docs, strict=True)],
    ]  # fmt: skip


def _mentions(doc: str) -> str | None:
    """The people that a personal document may name, as an array literal; None where it names none."""
    found = sorted(set(candidates(doc)))
    return array(found) if found else None


def array(texts: Iterable[str]) -> str:
    """A PostgreSQL array literal: arrays of arrays cannot travel through unnest, texts can."""
    return "{" + ",".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts) + "}"


async def insert(conn: Connection, written: Sequence[Entity]) -> set[Key]:
    """Add entities; the keys that were free. Somebody else's row of the same key is waited for and left alone."""
    rows = await conn.fetch(f"""
        insert into broker.entity (tenant, path, id, types, scopes, owner, doc, facts, words, geo, created, modified, expires,
                                   lapses, subject, mentions)
        select tenant, path, id, types::text[], scopes::text[], owner, doc::jsonb, facts::jsonb, words, geo,
               created, modified, expires, lapses, subject, mentions::text[]
          from {_VALUES}
         order by tenant, path, id
        on conflict do nothing returning tenant, path, id
    """, *_rows(written))  # noqa: S608 - constants  # fmt: skip
    return {Key(*row) for row in rows}


async def update(conn: Connection, written: Iterable[tuple[Entity, Entity]]) -> None:
    """Write entities over the rows that `lock` holds: each as it was, and as it is."""
    measured: list[Entity] = []
    others: list[Entity] = []
    for before, after in written:
        (measured if _is_measurement(before, after) else others).append(after)
    if measured:
        await _update_measured(conn, measured)
    if others:
        await _update(conn, others)


def _is_measurement(before: Entity, after: Entity) -> bool:
    """Whether nothing changed but the numbers of attributes that are measured, which most writes do."""
    return (
        after.subject is None
        and msgspec.structs.replace(before, doc=after.doc, modified=after.modified, lapses=after.lapses) == after
        and before.doc.get(LOCATION) is after.doc.get(LOCATION)
        and facts.are_same(before.doc, after.doc)
    )


async def _update_measured(conn: Connection, written: Sequence[Entity]) -> None:
    """Write documents whose facts are the same, and with them all that is indexed."""
    docs = [orjson.dumps(entity.doc).decode() for entity in written]
    await conn.execute("""
        update broker.entity e
           set doc = v.doc::jsonb, modified = v.modified, lapses = v.lapses
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
               as v (tenant, path, id, doc, modified, lapses)
         where e.tenant = v.tenant and e.path = v.path and e.id = v.id
    """,
        *_columns(entity.key for entity in written),
        docs,
        [entity.modified for entity in written],
        _lapses(written, docs),
    )  # fmt: skip


def _lapses(written: Sequence[Entity], docs: Sequence[str]) -> list[datetime | None]:
    return [lapses(entity.doc) if '"expiresAt"' in doc else None for entity, doc in zip(written, docs, strict=True)]


async def _update(conn: Connection, written: Sequence[Entity]) -> None:
    await conn.execute(f"""
        update broker.entity e
           set types = v.types::text[], scopes = v.scopes::text[], owner = v.owner, doc = v.doc::jsonb,
               facts = v.facts::jsonb, words = v.words, geo = v.geo,
               created = v.created, modified = v.modified, expires = v.expires, lapses = v.lapses, mentions = v.mentions::text[]
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
    table: str = TABLE,
    joins: str = "",
    order: str = BY_ID_SORTED,
    limit: int | None = None,
    offset: int = 0,
) -> list[Entity]:
    """The entities for which the compiled condition holds."""
    end = len(values)
    limits = "" if limit is None else f" limit ${end + 1} offset ${end + 2}"
    rows = await conn.fetch(
        f"select {COLUMNS} from {table} e {joins} where {where} order by {order}{limits}",  # noqa: S608 - the compiler binds every value
        *values,
        *(() if limit is None else (limit, offset)),
    )
    return list(shown(rows))


async def keys(
    conn: Connection,
    where: str,
    values: Sequence[Any],
    *,
    table: str = TABLE,
    joins: str = "",
    order: str,
    limit: int,
) -> list[Key]:
    """The keys of the entities for which the compiled condition holds."""
    rows = await conn.fetch(
        f"select e.tenant, e.path, e.id from {table} e {joins} where {where} order by {order} limit ${len(values) + 1}",  # noqa: S608 - as above
        *values,
        limit,
    )
    return [Key(*row) for row in rows]


async def places(
    conn: Connection, where: str, values: Sequence[Any], geoproperty: str, *, table: str = TABLE, limit: int
) -> list[tuple[Key, list[Any]]]:
    """Keys and GeoJSON of a GeoProperty's instances, by id, of the entities for which the compiled condition holds."""
    end = len(values)
    rows = await conn.fetch(
        f"""
        select e.tenant, e.path, e.id, jsonb_path_query_array(e.doc -> ${end + 1}, '$[*].value') as places
          from {table} e where {where} order by {BY_ID_SORTED} limit ${end + 2}
    """,  # noqa: S608 - as above
        *values,
        geoproperty,
        limit,
    )
    return [(Key(row["tenant"], row["path"], row["id"]), orjson.loads(row["places"])) for row in rows]


async def unranked(
    conn: Connection, ranked: str, where: str, values: Sequence[Any], *, table: str = TABLE, limit: int
) -> list[tuple[str, bool]]:
    """The different texts and geometries that a compiled table `u` gives of the rows for which the condition holds."""
    rows = await conn.fetch(
        f"select distinct u.s, u.is_place from {table} e, {ranked} where {where} limit ${len(values) + 1}",  # noqa: S608 - as above
        *values,
        limit,
    )
    return [(row["s"], row["is_place"]) for row in rows]


async def unicode_collation(conn: Connection, language: str) -> str | None:
    """The name by which the database itself orders texts as ICU does for a language; None where it cannot."""
    found: str | None = await conn.fetchval(
        "select collname from pg_collation where collprovider = 'i' and lower(collname) = $1 || '-x-icu'", language
    )
    return found


async def count(conn: Connection, where: str, values: Sequence[Any], *, table: str = TABLE) -> int:
    """For how many entities the compiled condition holds."""
    found: int = await conn.fetchval(f"select count(*) from {table} e where {where}", *values)  # noqa: S608 - as above
    return found


async def subjects(conn: Connection, where: str, values: Sequence[Any], *, table: str, limit: int) -> list[str]:
    """Whose the entities are for which the compiled condition holds, each once."""
    rows = await conn.fetch(
        f"select distinct e.subject from {table} e where {where} limit ${len(values) + 1}",  # noqa: S608 - as above
        *values,
        limit,
    )
    return [row["subject"] for row in rows]


async def types(conn: Connection, where: str, values: Sequence[Any], *, table: str = TABLE) -> dict[str, int]:
    """Every type of the entities for which the compiled condition holds, and how many have it."""
    rows = await conn.fetch(
        f"select type, count(*) from {table} e, unnest(e.types) as type where {where} group by type order by type",  # noqa: S608 - as above
        *values,
    )
    return {row["type"]: row["count"] for row in rows}


async def attributes(
    conn: Connection, where: str, values: Sequence[Any], *, table: str = TABLE, attribute: str | None = None
) -> list[asyncpg.Record]:
    """Per attribute (IRI): `count` of entities that have it, its `kinds` (Property, …) and the entity `types` it occurs in."""
    return await conn.fetch(
        f"""
        select a.key as name, count(distinct e.id) as count,
               array_agg(distinct i ->> 'type') as kinds, array_agg(distinct t) as types
          from {table} e, jsonb_each(e.doc) as a, jsonb_array_elements(a.value) as i, unnest(e.types) as t
         where {where} and (${len(values) + 1}::text is null or a.key = ${len(values) + 1})
         group by a.key order by a.key
    """,  # noqa: S608 - as above
        *values,
        attribute,
    )


async def tenants(conn: Connection) -> dict[str, bool]:
    """The tenants besides the region's own, and whether each is one of personal data."""
    return {row["name"]: row["personal"] for row in await conn.fetch("select name, personal from broker.tenant")}


async def add_tenant(conn: Connection, name: str, *, personal: bool = False) -> bool:
    """Make a tenant; one that is there stays. Whether there is now such a one: what it is for never changes."""
    await conn.execute(
        "insert into broker.tenant (name, personal) values ($1, $2) on conflict do nothing", name, personal
    )
    found: bool = await conn.fetchval("select personal from broker.tenant where name = $1", name)
    return found == personal


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
