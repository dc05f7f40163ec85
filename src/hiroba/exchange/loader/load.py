"""The load itself: files in their order, rows into entities, entities into the exchange, everything into the report."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from hiroba.base.clock import JAPAN
from hiroba.base.console import Bar
from hiroba.base.errors import Stop
from hiroba.exchange.loader.client import Client
from hiroba.exchange.loader.findings import Refusal, sentence
from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.passage import Job, Passage
from hiroba.exchange.loader.readers import NoData, Table, open_table
from hiroba.exchange.loader.recognise import missing, recognise
from hiroba.exchange.loader.report import FileReport, Report
from hiroba.exchange.loader.snapshots import Presence, moment_of


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

    def _look_at(self, path: Path) -> Job | None:
        """Decide about a file by its columns, without reading on."""
        try:
            table = open_table(path)
            try:
                mapping = self._mapping_for(path, table)
                return Job(path, mapping, moment_of(mapping, path, table) if mapping.snapshots else None)
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

    async def _load(self, job: Job, newest: dt.datetime | None) -> None:
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
            self._bar.advance(job.path.stat().st_size >> 10)
            return
        try:
            table = open_table(job.path)
            try:
                await Passage(self._client, self._bar, job, report=report, table=table, presence=presence).load()
            finally:
                table.close()
        except Refusal as refusal:
            report.status, report.reason = "unreadable", refusal.sentence

    async def _presence_of(self, mapping: Mapping) -> Presence:
        if mapping.name not in self._presence:
            self._presence[mapping.name] = await Presence.held(self._client, mapping)
        return self._presence[mapping.name]
