"""The tables of purposes, one function per question."""

from collections.abc import Collection
from typing import Any, Final, Literal

import msgspec
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, NotFound
from hiroba.exchange.gateway.purposes.model import Definition, Outcome, Paper, Purpose, State

_PURPOSE: Final = """
    select p.name, p.version, p.organisation, p.state, p.definition, p.outcome,
           coalesce((select jsonb_agg(jsonb_build_object('kind', f.kind, 'sha256', f.sha256, 'dated', f.dated, 'title', f.title,
                                      'address', f.address, 'filed_by', f.filed_by, 'filed', f.filed) order by f.filed)
                       from gateway.paper f where (f.purpose, f.version) = (p.name, p.version)), '[]') as papers
      from gateway.purpose p
"""


def _purpose(row: Any) -> Purpose:
    return Purpose(
        name=row["name"],
        version=row["version"],
        organisation=row["organisation"],
        state=row["state"],
        definition=msgspec.json.decode(row["definition"], type=Definition),
        outcome=msgspec.json.decode(row["outcome"], type=Outcome) if row["outcome"] else None,
        papers=msgspec.json.decode(row["papers"], type=tuple[Paper, ...]),
    )


async def add(conn: Connection, name: str, organisation: str, definition: Definition) -> Purpose:
    """A new version of a purpose, a draft: the first where there is none; only its own organisation adds to it."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('purpose ' || $1, 0))", name)
    last = await conn.fetchrow(
        "select version, organisation from gateway.purpose where name = $1 order by version desc limit 1", name
    )
    if last is not None and last["organisation"] != organisation:
        raise Conflict("Another organisation declares a purpose of this name.")
    version = last["version"] + 1 if last else 1
    await conn.execute("""
        insert into gateway.purpose (name, version, organisation, state, definition, made, changed)
             values ($1, $2, $3, 'draft', $4, $5, $5)
    """, name, version, organisation, msgspec.json.encode(definition).decode(), clock.now())  # fmt: skip
    return Purpose(name=name, version=version, organisation=organisation, state="draft", definition=definition)


async def purpose_of(
    conn: Connection, name: str, version: int, *, lock: Literal["", "share", "update"] = ""
) -> Purpose:
    """One version of a purpose; held where it must not change meanwhile, or is about to. NotFound where there is none."""
    question = f"{_PURPOSE} where p.name = $1 and p.version = $2"
    row = await conn.fetchrow(f"{question} for {lock} of p" if lock else question, name, version)
    if row is None:
        raise NotFound(f"There is no purpose {name}@{version}.")
    return _purpose(row)


async def purposes(conn: Connection, organisation: str | None = None) -> list[Purpose]:
    """Every version of every purpose, of one organisation or of all, by name."""
    rows = await conn.fetch(
        f"{_PURPOSE} where $1::text is null or p.organisation = $1 order by p.name, p.version", organisation
    )
    return [_purpose(row) for row in rows]


async def of(conn: Connection, ids: Collection[str]) -> list[Purpose]:
    """The purposes of these ids (`name@version`)."""
    rows = await conn.fetch(f"{_PURPOSE} where p.name || '@' || p.version = any($1::text[])", list(ids))
    return [_purpose(row) for row in rows]


async def stand(conn: Connection, purpose: Purpose, state: State) -> Purpose:
    """Put a purpose into another state."""
    await conn.execute(
        "update gateway.purpose set state = $3, changed = $4 where name = $1 and version = $2",
        purpose.name, purpose.version, state, clock.now(),
    )  # fmt: skip
    return msgspec.structs.replace(purpose, state=state)


async def file(conn: Connection, purpose: Purpose, paper: Paper) -> Purpose:
    """Put a document on file; one that is filed stays, for what was decided rests on it."""
    done = await conn.execute("""
        insert into gateway.paper (purpose, version, kind, sha256, dated, title, address, filed_by, filed)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
    """, purpose.name, purpose.version, paper.kind, paper.sha256, paper.dated, paper.title, paper.address,
        paper.filed_by, paper.filed)  # fmt: skip
    if done.endswith(" 0"):
        raise Conflict("This paper is on file already. A change of the purpose is a new version, with its own papers.")
    return msgspec.structs.replace(purpose, papers=(*purpose.papers, paper))


async def put_outcome(conn: Connection, purpose: Purpose, outcome: Outcome) -> Purpose:
    """Say what the data did."""
    await conn.execute(
        "update gateway.purpose set outcome = $3, changed = $4 where name = $1 and version = $2",
        purpose.name, purpose.version, orjson.dumps(msgspec.to_builtins(outcome)).decode(), clock.now(),
    )  # fmt: skip
    return msgspec.structs.replace(purpose, outcome=outcome)
