"""The load itself: files in their order, rows into entities, entities into the exchange, everything into the report."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hiroba.base.clock import JAPAN
from hiroba.base.console import Bar
from hiroba.base.errors import Stop
from hiroba.exchange.loader import jurisdictions
from hiroba.exchange.loader.client import BATCH, Client, Outcome
from hiroba.exchange.loader.entity import Builder, ColumnRefused, Entity
from hiroba.exchange.loader.findings import Finding, Refusal, sentence
from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.readers import NoData, Row, Table, open_table
from hiroba.exchange.loader.recognise import headings, missing, moment_in, recognise
from hiroba.exchange.loader.report import FileReport, Report
from hiroba.exchange.loader.snapshots import Presence, moment_of

WHOLE_FILE = 0
"""The row number of a finding that is about the file."""


def files_below(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and those in the folders that are named, hidden ones left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (file for file in sorted(path.rglob("*")) if file.is_file())
            found += (file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts))
        elif path.is_file():
            found.append(path)
        else:
            raise Stop(f"there is no file or folder {path}.")
    if not found:
        raise Stop("the folders that were named hold no files.")
    return list(dict.fromkeys(found))


class _Job(msgspec.Struct, frozen=True):
    """A file that will be loaded."""

    path: Path
    mapping: Mapping
    moment: dt.datetime | None = None


class Load:
    """One run: the exchange it fills, the mappings it knows, the report it makes."""

    def __init__(self, client: Client, mappings: Sequence[Mapping], *, named: bool, progress: Bar) -> None:
        self._client = client
        self._mappings = mappings
        self._named = named
        self._bar = progress
        self._presence: dict[str, Presence] = {}
        self._report = Report()

    async def run(self, files: Sequence[Path]) -> Report:
        """Load the files: tables first, then snapshots in the order of their moments."""
        jobs = [job for path in files if (job := self._look_at(path))]
        newest: dict[str, dt.datetime] = {}
        for job in jobs:
            if job.moment:
                newest[job.mapping.name] = max(job.moment, newest.get(job.mapping.name, job.moment))
        for job in sorted(
            jobs, key=lambda job: (job.moment is not None, job.moment.timestamp() if job.moment else 0.0)
        ):
            await self._load(job, newest.get(job.mapping.name))
        return self._report

    def _look_at(self, path: Path) -> _Job | None:
        """Decide about a file by its columns, without reading on."""
        try:
            table = open_table(path)
            try:
                mapping = self._mapping_for(path, table)
                return _Job(path, mapping, moment_of(mapping, path, table) if mapping.snapshots else None)
            finally:
                table.close()
        except NoData as none:
            self._pass_over(FileReport(path=path, status="skipped", reason=none.sentence))
        except Refusal as refusal:
            self._pass_over(FileReport(path=path, status="unreadable", reason=refusal.sentence))
        return None

    def _mapping_for(self, path: Path, table: Table) -> Mapping:
        if not self._named:
            return recognise(path, table.columns, self._mappings)
        for mapping in self._mappings:
            lacking = missing(mapping, table.columns)
            if not lacking:
                return mapping
        raise NoData(
            "{file} has no column “{column}”, which the mapping {mapping} needs.",
            file=path.name,
            column=lacking[0],
            mapping=mapping.name,
        )

    def _pass_over(self, report: FileReport) -> None:
        self._report.files.append(report)
        self._bar.advance(report.path.stat().st_size >> 10)

    async def _load(self, job: _Job, newest: dt.datetime | None) -> None:
        report = FileReport(path=job.path, mapping=job.mapping.name)
        self._report.files.append(report)
        self._bar.step(job.path.name)
        presence = await self._presence_of(job.mapping) if job.mapping.snapshots else None
        if presence and presence.latest and newest and newest < presence.latest:
            report.status = "skipped"
            report.reason = sentence(
                "The exchange holds figures of {latest} already; {file} is older. "
                "Load it together with the newer files.",
                latest=f"{presence.latest.astimezone(JAPAN):%Y-%m-%d %H:%M}", file=job.path.name,
            )  # fmt: skip
            return
        try:
            table = open_table(job.path)
            try:
                await _File(self._client, self._bar, job, report=report, table=table, presence=presence).load()
            finally:
                table.close()
        except Refusal as refusal:
            report.status, report.reason = "unreadable", refusal.sentence

    async def _presence_of(self, mapping: Mapping) -> Presence:
        if mapping.name not in self._presence:
            self._presence[mapping.name] = await Presence.held(self._client, mapping)
        return self._presence[mapping.name]


class _File:
    """One file on its way in."""

    def __init__(
        self, client: Client, progress: Bar, job: _Job, *, report: FileReport, table: Table, presence: Presence | None
    ) -> None:
        self._presence = presence
        self._client, self._bar, self._job, self._report, self._table = client, progress, job, report, table
        self._headings = headings(job.mapping, table.columns)
        self._builder = Builder(job.mapping, self._headings, moment=job.moment)
        self._rows_of: dict[str, int] = {}
        """The row of every entity so far: what comes twice is refused, what the exchange refuses is found again."""
        self._told = 0
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
        """Send batches while the file is read on; where the file breaks off, what came before goes in."""
        broken: Refusal | None = None
        batch: list[Entity] = []
        rows = iter(self._table.rows)
        try:
            async with asyncio.TaskGroup() as group:
                while broken is None:
                    try:
                        row = next(rows, None)
                    except Refusal as refusal:
                        row, broken = None, refusal
                    if row is not None and (entity := self._entity(row)) is not None:
                        batch.append(entity)
                    if len(batch) == BATCH or (row is None and batch):
                        await self._client.room()
                        group.create_task(self._send(batch))
                        batch = []
                        self._tell()
                    if row is None:
                        break
        except* Stop as stops:
            raise stops.exceptions[0] from None
        if broken:
            raise broken

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
