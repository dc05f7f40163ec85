"""Records written, corrected and removed; months are partitions of `broker.instance`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson

from hiroba.base.db import Connection
from hiroba.exchange.broker.history.model import Evolution, Record
from hiroba.exchange.broker.model import Instance, Key
from hiroba.exchange.broker.store import array

_KNOWN: Final = """
    insert into broker.evolution as e (tenant, path, id, types, names, owner, created, deleted, subject)
    select tenant, path, id, types::text[], names::text[], owner, created, deleted, subject
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                  $8::timestamptz[], $9::text[])
           as v (tenant, path, id, types, names, owner, created, deleted, subject)
     order by tenant, path, id
    on conflict (tenant, path, id) do update
       set types = array(select distinct one from unnest(e.types || excluded.types) one order by one),
           names = array(select distinct one from unnest(e.names || excluded.names) one order by one),
           owner = excluded.owner, created = least(e.created, excluded.created), deleted = excluded.deleted
"""
_COLUMNS: Final = (
    "tenant", "path", "id", "name", "dataset", "instance", "at", "observed", "created", "deleted", "number", "value",
    "subject",
)  # fmt: skip
_CORRECTED: Final = "observed = $6, modified = $7, deleted = $8, number = $9, value = $10::jsonb, dataset = $11"
_OF_ONE: Final = "tenant = $1 and path = $2 and id = $3"


async def record(conn: Connection, evolutions: Sequence[Evolution], records: Sequence[Record]) -> None:
    """Add records, and what is new about the entities they are of: a statement for each, however many."""
    if evolutions:
        await conn.execute(
            _KNOWN,
            [one.key.tenant for one in evolutions],
            [one.key.path for one in evolutions],
            [one.key.id for one in evolutions],
            [array(one.types) for one in evolutions],
            [array(one.names) for one in evolutions],
            [one.owner for one in evolutions],
            [one.created for one in evolutions],
            [one.deleted for one in evolutions],
            [one.subject for one in evolutions],
        )
    if records:  # by COPY, which costs both sides a third less than arrays
        await conn.copy_records_to_table("instance", schema_name="broker", columns=_COLUMNS, records=map(_row, records))


def _row(one: Record) -> tuple[Any, ...]:
    key = one.key
    return (
        key.tenant, key.path, key.id, one.name, one.dataset, one.instance, one.at, one.observed, one.created, one.deleted,
        one.number, orjson.dumps(one.value).decode(), one.subject,
    )  # fmt: skip


async def lock(conn: Connection, key: Key) -> Evolution | None:
    """What is known of an entity over time, held until the transaction ends."""
    row = await conn.fetchrow(f"""
        select types, names, owner, created, deleted from broker.evolution where {_OF_ONE} for update
    """, key.tenant, key.path, key.id)  # noqa: S608 - a constant  # fmt: skip
    if row is None:
        return None
    return Evolution(
        key=key,
        types=tuple(row["types"]),
        names=tuple(row["names"]),
        owner=row["owner"],
        created=row["created"],
        deleted=row["deleted"],
    )


async def has_instances(conn: Connection, key: Key, name: str | None = None) -> bool:
    """Whether anything is recorded of an entity, or of one attribute of it."""
    # the order tells the planner to look into the index, not to walk the table until something comes by
    found = await conn.fetchval(f"""
        select true from broker.instance where {_OF_ONE} and ($4::text is null or name = $4) order by name, observed, at limit 1
    """, key.tenant, key.path, key.id, name)  # noqa: S608 - a constant  # fmt: skip
    return found is True


async def last_of(conn: Connection, key: Key, name: str) -> dict[str, Instance]:
    """The latest instance of an attribute by dataset, without those that are deleted."""
    rows = await conn.fetch(f"""
        select distinct on (dataset) dataset, value, deleted from broker.instance
         where {_OF_ONE} and name = $4 order by dataset, coalesce(observed, at) desc, instance desc
    """, key.tenant, key.path, key.id, name)  # noqa: S608 - a constant  # fmt: skip
    return {row["dataset"]: orjson.loads(row["value"]) for row in rows if row["deleted"] is None}


async def find(conn: Connection, key: Key, name: str, instance: str, at: datetime) -> asyncpg.Record | None:
    """One record by its instance, which was recorded within the millisecond `at`."""
    return await conn.fetchrow(f"""
        select at, created, value from broker.instance
         where {_OF_ONE} and name = $4 and instance = $5 and at >= $6 and at < $7 for update
    """, key.tenant, key.path, key.id, name, instance, at, at + timedelta(milliseconds=1))  # noqa: S608 - a constant  # fmt: skip


async def correct(conn: Connection, changed: Record) -> None:
    """Write a record over the one of its instance and moment."""
    await conn.execute(
        f"update broker.instance set {_CORRECTED} where {_OF_ONE} and instance = $4 and at = $5",  # noqa: S608 - constants
        changed.key.tenant, changed.key.path, changed.key.id, changed.instance, changed.at, changed.observed,
        changed.modified, changed.deleted, changed.number, orjson.dumps(changed.value).decode(), changed.dataset,
    )  # fmt: skip


async def take_replaced(
    conn: Connection, records: Sequence[Record]
) -> dict[tuple[str, str, datetime | None], datetime]:
    """Remove what these records stand for anew: the same attribute, dataset and observedAt; when it was created, by these."""
    timed = [one for one in records if one.observed is not None]
    rows = await conn.fetch("""
        with gone as (
            delete from broker.instance h
             using unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
                   as v (tenant, path, id, name, dataset, observed)
             where h.tenant = v.tenant and h.path = v.path and h.id = v.id and h.name = v.name and h.observed = v.observed
               and h.dataset = v.dataset
            returning h.name, h.dataset, h.observed, h.created
        ) select name, dataset, observed, min(created) as created from gone group by name, dataset, observed
    """, [one.key.tenant for one in timed], [one.key.path for one in timed], [one.key.id for one in timed],
        [one.name for one in timed], [one.dataset for one in timed], [one.observed for one in timed],
    )  # fmt: skip
    return {(row["name"], row["dataset"], row["observed"]): row["created"] for row in rows}


async def forget(
    conn: Connection, key: Key, name: str | None = None, dataset: str | None = None, instance: str | None = None
) -> int:
    """Remove what is recorded of an entity, narrowed to an attribute, a dataset or an instance; how many records went."""
    answer = await conn.execute(f"""
        delete from broker.instance where {_OF_ONE}
           and ($4::text is null or name = $4) and ($5::text is null or dataset = $5) and ($6::text is null or instance = $6)
    """, key.tenant, key.path, key.id, name, dataset, instance)  # noqa: S608 - a constant  # fmt: skip
    return int(answer.split()[-1])


async def forget_evolution(conn: Connection, key: Key) -> None:
    """Remove what is known of an entity over time, unless it is still there and will be written again."""
    await conn.execute(f"""
        delete from broker.evolution where {_OF_ONE} and not exists (select from broker.entity where {_OF_ONE})
    """, key.tenant, key.path, key.id)  # noqa: S608 - a constant  # fmt: skip
