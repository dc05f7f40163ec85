"""The table of kept @contexts, one function per question."""

from collections.abc import Sequence
from datetime import datetime

from hiroba.base.db import Connection, fetch, fetch_one
from hiroba.exchange.broker.contexts.model import Fetched, Kind, Stored

COLUMNS = "tenant, id, kind, url, owner, body, created, expires, etag, changed, used, hits, version"


async def add(conn: Connection, stored: Stored, digest: str = "") -> Stored:
    """Keep a Hosted or ImplicitlyCreated one; of the latter, the same content is kept once."""
    row = await fetch_one(conn, Stored, f"""
        insert into broker.context (tenant, id, kind, owner, body, created, version, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (tenant, digest) where kind = 'ImplicitlyCreated' do update
           set id = case when broker.context.gone is null then broker.context.id else excluded.id end,
               body = excluded.body, version = excluded.version, gone = null,
               created = case when broker.context.gone is null then broker.context.created else excluded.created end,
               hits = case when broker.context.gone is null then broker.context.hits else 0 end
        returning {COLUMNS}
    """, stored.tenant, stored.id, stored.kind, stored.owner, stored.body, stored.created, stored.version, digest)  # noqa: S608 - constants  # fmt: skip
    assert row is not None  # noqa: S101 - an insert with `do update` gives a row
    return row


async def keep(conn: Connection, stored: Stored, most: int) -> Stored:
    """Keep a download over the one of the same address; past `most` of a tenant the least used go."""
    row = await fetch_one(conn, Stored, f"""
        insert into broker.context (tenant, id, kind, url, body, created, expires, etag, changed, version)
        values ($1, $2, 'Cached', $3, $4, $5, $6, $7, $8, $9)
        on conflict (tenant, url) where kind = 'Cached' do update
           set id = case when broker.context.gone is null then broker.context.id else excluded.id end,
               body = excluded.body, created = excluded.created, expires = excluded.expires, etag = excluded.etag,
               changed = excluded.changed, version = excluded.version, gone = null,
               hits = case when broker.context.gone is null then broker.context.hits else 0 end
        returning {COLUMNS}
    """, stored.tenant, stored.id, stored.url, stored.body, stored.created, stored.expires, stored.etag, stored.changed, stored.version)  # noqa: S608, E501 - constants; one line, for its exemption  # fmt: skip
    await conn.execute("""
        update broker.context set gone = $3, body = '', version = $4
         where (tenant, id) in (
            select tenant, id from broker.context where tenant = $1 and kind = 'Cached' and gone is null
             order by coalesce(used, created) desc, id offset $2)
    """, stored.tenant, most, stored.created, stored.version)  # fmt: skip
    assert row is not None  # noqa: S101 - as above
    return row


async def believe(conn: Connection, tenant: str, id_: str, fetched: Fetched) -> None:
    """Note that a download is still what its address gives, and until when."""
    await conn.execute(
        "update broker.context set expires = $3, etag = $4, changed = $5 where tenant = $1 and id = $2",
        tenant, id_, fetched.expires, fetched.etag, fetched.changed,
    )  # fmt: skip


async def find(conn: Connection, tenant: str, name: str) -> Stored | None:
    """The one of this local id or, where it is a copy, of this address."""
    return await fetch_one(conn, Stored, f"""
        select {COLUMNS} from broker.context
         where tenant = $1 and (id = $2 or (kind = 'Cached' and url = $2)) and gone is null
    """, tenant, name)  # noqa: S608 - constants  # fmt: skip


async def listing(conn: Connection, tenant: str, kind: Kind | None) -> list[Stored]:
    """All of a tenant, or those of a kind, oldest first; without their content."""
    columns = COLUMNS.replace("body", "'' as body")
    return await fetch(conn, Stored, f"""
        select {columns} from broker.context
         where tenant = $1 and ($2::text is null or kind = $2) and gone is null order by created, id
    """, tenant, kind)  # noqa: S608 - constants  # fmt: skip


async def count(conn: Connection, tenant: str, kind: Kind) -> int:
    """How many of a kind a tenant has."""
    found: int = await conn.fetchval(
        "select count(*) from broker.context where tenant = $1 and kind = $2 and gone is null", tenant, kind
    )
    return found


async def remove(conn: Connection, tenant: str, id_: str, at: datetime, version: int) -> None:
    """Delete one; what remembers it elsewhere hears of it by the number."""
    await conn.execute(
        "update broker.context set gone = $3, body = '', version = $4 where tenant = $1 and id = $2",
        tenant, id_, at, version,
    )  # fmt: skip


async def changed_since(conn: Connection, version: int) -> dict[tuple[str, str], int]:
    """What was kept, replaced or deleted after a number: tenant and local id, with its own number."""
    rows = await conn.fetch("select tenant, id, version from broker.context where version > $1", version)
    return {(row["tenant"], row["id"]): row["version"] for row in rows}


async def use(conn: Connection, uses: Sequence[tuple[str, str, int, datetime]]) -> None:
    """Add up what was used: tenant, local id, how often, when last."""
    await conn.execute("""
        update broker.context c set hits = c.hits + u.hits, used = greatest(c.used, u.used)
          from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[]) as u (tenant, id, hits, used)
         where c.tenant = u.tenant and c.id = u.id
    """, *map(list, zip(*uses, strict=True)))  # fmt: skip


async def forget_gone_contexts(conn: Connection) -> None:
    """Remove what was deleted a day ago: every process has heard of it by then."""
    await conn.execute("delete from broker.context where gone < now() - interval '1 day'")
