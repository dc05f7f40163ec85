"""Files that are each the whole picture at one moment: what the last one listed and the next one does not is gone.

A shelter that a later list leaves out is closed. Nobody says so in the data, so the loader does: at the moment of that
later list its head-count is 0 and it is not open. What was open before the first file of a run, the exchange knows.
"""

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any

from hiroba.base.clock import JAPAN, iso
from hiroba.exchange.loader.client import Client
from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.readers import Table
from hiroba.exchange.loader.recognise import headings, moment_in
from hiroba.exchange.loader.values import moment


def moment_of(mapping: Mapping, path: Path, table: Table) -> dt.datetime:
    """The moment a file shows: from a header, from its first row, or from its name."""
    how = mapping.snapshots
    assert how is not None  # noqa: S101 - asked only of mappings with snapshots
    if how.header:
        for header in table.columns:
            if said := moment_in(how.header, header):
                return moment(said)
    if how.column:
        header = headings(mapping, table.columns).get(how.column, how.column)
        for row in table.rows:
            if row.cells.get(header):
                return moment(row.cells[header])
    if how.file:
        try:
            return dt.datetime.strptime(path.stem.rpartition("_")[2], how.file).replace(tzinfo=JAPAN)
        except ValueError:
            pass
    raise Refusal("{file} does not say of which moment it is: neither in a column nor in its name.", file=path.name)


class Presence:
    """What is there now, by id, and since when that is known."""

    def __init__(
        self, there: Collection[str] = (), known: Collection[str] = (), latest: dt.datetime | None = None
    ) -> None:
        self.there = set(there)
        self.known = set(known)
        """What the exchange has heard of, there or not."""
        self.latest = latest

    @classmethod
    async def held(cls, client: Client, mapping: Mapping) -> "Presence":
        """As the exchange holds it from earlier loads."""
        how = mapping.snapshots
        assert how is not None  # noqa: S101 - asked only of mappings with snapshots
        prefix = f"urn:ngsi-ld:{mapping.type}:{mapping.source}:"
        entities = await client.entities(mapping.type, prefix, sorted({*how.present, *how.gone, *how.settled}))
        there = [
            entity["id"]
            for entity in entities
            if all(_value(entity, name) == value for name, value in how.present.items())
        ]
        seen = [
            entity[name]["observedAt"]
            for entity in entities
            for name in how.present
            if "observedAt" in entity.get(name, {})
        ]
        known = [entity["id"] for entity in entities if all(name in entity for name in how.settled)]
        return cls(there, known, dt.datetime.fromisoformat(max(seen)) if seen else None)

    def after(self, mapping: Mapping, listed: Collection[str], at: dt.datetime | None) -> list[dict[str, Any]]:
        """Entities for what this snapshot no longer lists; from now on, what it lists is there."""
        how = mapping.snapshots
        assert how is not None and at is not None  # noqa: S101, PT018 - asked only of files with a moment
        gone = sorted(self.there - set(listed))
        self.there = set(listed) - {""}
        self.known |= self.there
        self.latest = max(at, self.latest or at)
        state = {name: {"type": "Property", "value": value, "observedAt": iso(at)} for name, value in how.gone.items()}
        return [{"id": id_, "type": mapping.type, **state} for id_ in gone]


def _value(entity: dict[str, Any], name: str) -> Any:
    attribute = entity.get(name)
    return attribute.get("value") if isinstance(attribute, dict) else None
