"""What explains a line of the log, one function per question."""

from collections.abc import Collection

import msgspec

from hiroba.base.db import Connection


class Ground(msgspec.Struct, frozen=True):
    """A grant as the ground of what was done: the person's consent, or a law and the office that acted under it."""

    id: str
    kind: str
    law: str = ""
    office: str = ""


async def grounds(conn: Connection, named: Collection[str]) -> dict[str, Ground]:
    """Grants by `id@version`; what is none is left out."""
    chosen = [
        (id_, int(version))
        for id_, at, version in (name.rpartition("@") for name in named)
        if at and _is_number(version)
    ]
    rows = await conn.fetch("""
        select g.id, g.version, g.basis from gateway.grant_version g
          join unnest($1::text[], $2::int[]) as n (id, version) using (id, version)
    """, [id_ for id_, _ in chosen], [version for _, version in chosen])  # fmt: skip
    found = {}
    for row in rows:
        basis = msgspec.json.decode(row["basis"])
        found[f"{row['id']}@{row['version']}"] = Ground(
            row["id"], basis["kind"], basis.get("law", ""), basis.get("office", "")
        )
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004 - an int of PostgreSQL


async def still_waits(conn: Connection, grants: Collection[str]) -> set[str]:
    """Those of these grants (by id) whose newest version still keeps something from the person."""
    rows = await conn.fetch("""
        select distinct on (id) id, disclosure ->> 'mode' as mode, coalesce(disclosure ->> 'reviewOn', '') as review_on
          from gateway.grant_version where id = any($1::text[]) order by id, version desc
    """, list(grants))  # fmt: skip
    return {row["id"] for row in rows if row["mode"] == "withheld"}
