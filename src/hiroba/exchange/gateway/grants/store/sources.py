"""Where personal data are: the personal tenants, by the names that grants know them by."""

import msgspec
import orjson

from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, NotFound


class Source(msgspec.Struct, frozen=True):
    """A personal tenant: `org:mutsu`, or `org:mutsu/health` where an organisation keeps several."""

    id: str
    tenant: str
    organisation: str
    title: dict[str, str]

    @property
    def sector(self) -> str:
        """The sector under which people are known in it."""
        return f"tenant:{self.tenant}"


async def put(conn: Connection, source: Source) -> None:
    """Name the personal tenant of an organisation; its title may change, its tenant stays."""
    done = await conn.execute("""
        insert into gateway.source (id, tenant, organisation, title) values ($1, $2, $3, $4)
        on conflict (id) do update set title = excluded.title
              where (source.tenant, source.organisation) = (excluded.tenant, excluded.organisation)
    """, source.id, source.tenant, source.organisation, orjson.dumps(source.title).decode())  # fmt: skip
    if done.endswith(" 0"):
        raise Conflict("This source names another tenant already; grants over it rest on that.")


async def every(conn: Connection) -> dict[str, Source]:
    """All of them, by id."""
    rows = await conn.fetch("select id, tenant, organisation, title from gateway.source order by id")
    return {
        row["id"]: Source(row["id"], row["tenant"], row["organisation"], orjson.loads(row["title"])) for row in rows
    }


async def one(conn: Connection, id_: str) -> Source:
    """The source of this id; NotFound where there is none."""
    found = (await every(conn)).get(id_)
    if found is None:
        raise NotFound(f"There is no source {id_}.")
    return found
