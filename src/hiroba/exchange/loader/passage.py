"""One file on its way into the exchange: rows become entities, batches leave while reading goes on, refusals are noted."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hiroba.base.console import Bar
from hiroba.base.errors import Stop
from hiroba.exchange.loader import jurisdictions
from hiroba.exchange.loader.client import BATCH, IN_FLIGHT, Client, Outcome
from hiroba.exchange.loader.entity import Builder, ColumnRefused, Entity
from hiroba.exchange.loader.findings import Finding, Refusal
from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.readers import Row, Table
from hiroba.exchange.loader.recognise import headings, moment_in
from hiroba.exchange.loader.report import FileReport
from hiroba.exchange.loader.snapshots import Presence

WHOLE_FILE = 0
"""The row number of a finding that is about the file."""


class Job(msgspec.Struct, frozen=True):
    """A file that will be loaded."""

    path: Path
    mapping: Mapping
    moment: dt.datetime | None = None


class Passage:
    """One file: its rows to entities, its entities to the exchange, what is wrong to the report."""

    def __init__(
        self, client: Client, progress: Bar, job: Job, *, report: FileReport, table: Table, presence: Presence | None
    ) -> None:
        self._presence = presence
        self._client, self._bar, self._job, self._report, self._table = client, progress, job, report, table
        self._headings = headings(job.mapping, table.columns)
        self._builder = Builder(job.mapping, self._headings, moment=job.moment)
        self._rows_of: dict[str, int] = {}
        """The row of every entity so far: what comes twice is refused, what the exchange refuses is found again."""
        self._told = 0
        self._broken: Refusal | None = None
        report.form = table.form
        report.unused = self._unused()

    async def load(self) -> None:
        """All rows, then what follows from the file being at its end."""
        if self._job.mapping.jurisdictions:
            await self._areas()
        else:
            await self._rows()
        if self._presence is not None:
            gone = self._presence.after(self._job.mapping, self._rows_of, self._job.moment)
            for start in range(0, len(gone), BATCH):
                self._count(await self._client.upsert(gone[start : start + BATCH], update=True))
        self._tell()

    async def _rows(self) -> None:
        """Send batches while the file is read on, no faster than the exchange takes them."""
        try:
            async with asyncio.TaskGroup() as group:
                under_way: set[asyncio.Task[None]] = set()
                for batch in self._batches():
                    if len(under_way) == IN_FLIGHT:
                        _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    under_way.add(group.create_task(self._send(batch)))
                    self._tell()
        except BaseExceptionGroup as failures:  # not except*, which in early 3.11 wraps anew what is raised in it
            stops, others = failures.split(Stop)
            if others is not None or stops is None:
                raise
            raise stops.exceptions[0] from None
        if self._broken:
            raise self._broken

    def _batches(self) -> Iterator[list[Entity]]:
        """The file's entities, so many at a time; where the file breaks off, what came before goes in."""
        batch: list[Entity] = []
        try:
            for row in self._table.rows:
                if (entity := self._entity(row)) is not None:
                    batch.append(entity)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
        except Refusal as refusal:
            self._broken = refusal
        if batch:
            yield batch

    def _entity(self, row: Row) -> Entity | None:
        if self._builder.is_unused(row):
            return None
        self._report.rows += 1
        if self._job.mapping.file_name:
            name = self._job.mapping.file_name
            row.cells[name[name.find("{") + 1 : name.find("}")]] = moment_in(name, self._job.path.stem)
        findings: list[Finding] = []
        try:
            entity = self._builder.entity(row, findings)
            self._once(entity["id"])
        except ColumnRefused as refused:
            self._refuse(row.number, refused.column, refused.refusal)
            if self._job.mapping.snapshots:
                self._rows_of.setdefault(self._builder.id_of(row), row.number)  # it stands in the snapshot all the same
            return None
        for finding in findings:
            self._report.add(finding)
        self._rows_of[entity["id"]] = row.number
        if self._presence and self._job.mapping.snapshots and entity["id"] in self._presence.known:
            for name in self._job.mapping.snapshots.settled:
                entity.pop(name, None)
        return entity

    def _once(self, id_: str) -> None:
        first = self._rows_of.get(id_)
        if first is not None:
            refusal = Refusal("Row {first} has the same key already. Give every row a key of its own.", first=first)
            raise ColumnRefused(self._job.mapping.key[-1], refusal)

    async def _send(self, batch: list[Entity]) -> None:
        self._count(
            await self._client.upsert(batch, update=self._job.mapping.update or self._job.mapping.snapshots is not None)
        )

    def _count(self, outcome: Outcome) -> None:
        self._report.created += outcome.created
        self._report.updated += outcome.updated
        for id_, why in outcome.refused.items():
            self._refuse(
                self._rows_of.get(id_, WHOLE_FILE), "", Refusal("The exchange refuses {id}: {why}", id=id_, why=why)
            )

    def _refuse(self, row: int, column: str, refusal: Refusal) -> None:
        self._report.add(Finding(row=row, column=column, sentence=refusal.sentence))

    async def _areas(self) -> None:
        """Parts of municipalities: they are read whole, joined, and become entities and the house's municipalities."""
        parts = jurisdictions.Parts(self._job.mapping)
        for row in self._table.rows:
            self._report.rows += 1
            try:
                parts.add(row)
            except ColumnRefused as refused:
                self._refuse(row.number, refused.column, refused.refusal)
        areas = parts.joined()
        for start in range(0, len(areas), BATCH):
            self._count(
                await self._client.upsert([area.entity(self._job.mapping) for area in areas[start : start + BATCH]])
            )
        if not self._client.tenant:
            for area in areas:
                if area.municipality:
                    await self._client.put_municipality(area.code, area.document())

    def _unused(self) -> list[str]:
        mapping, used = self._job.mapping, set(self._headings.values())
        known = {*used, *mapping.ignore, *mapping.key, "№"}
        known |= {f"{name}{position}" for name, of in mapping.repeated.items() for position in range(1, of.last + 1)}
        known |= set(mapping.jurisdictions.columns()) if mapping.jurisdictions else set()
        return [name for name in self._table.columns if name and name not in known]

    def _tell(self) -> None:
        """Move the bar to where the file is read, or to its end."""
        size = self._job.path.stat().st_size
        position = min(self._table.position() or size, size) >> 10
        self._bar.advance(max(0, position - self._told))
        self._told = max(position, self._told)
