"""What went in and what did not, file by file: a table for the terminal, a JSON document for programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import orjson
from rich.table import Table

from hiroba.exchange.loader.findings import Finding, Sentence

KEPT_FINDINGS = 10_000
"""So many findings of one file are written down; the rest is counted."""
SHOWN_FINDINGS = 20


class FileReport(msgspec.Struct, kw_only=True):
    """One file."""

    path: Path
    status: Literal["loaded", "skipped", "unreadable"] = "loaded"
    reason: Sentence | None = None
    mapping: str = ""
    form: str = ""
    rows: int = 0
    created: int = 0
    updated: int = 0
    refused: int = 0
    cells: int = 0
    """Cells that were left out of rows that went in."""
    unused: list[str] = []
    """Columns of the file that its mapping does not know."""
    findings: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Note a refused row, or a cell that was left out."""
        if finding.kept:
            self.cells += 1
        else:
            self.refused += 1
        if len(self.findings) < KEPT_FINDINGS:
            self.findings.append(finding)

    def document(self) -> dict[str, Any]:
        """This file in the JSON report."""
        return {
            "file": str(self.path), "status": self.status, "reason": self.reason.document() if self.reason else None,
            "mapping": self.mapping, "form": self.form, "rows": self.rows,
            "created": self.created, "updated": self.updated,
            "refusedRows": self.refused, "leftOutCells": self.cells, "unusedColumns": self.unused,
            "findings": [
                {"row": found.row, "column": found.column, "kept": found.kept, "mend": found.sentence.document()}
                for found in self.findings
            ],
        }  # fmt: skip


class Report:
    """All files of one load."""

    def __init__(self) -> None:
        self.files: list[FileReport] = []

    @property
    def went_in(self) -> int:
        """Entities that were created or updated."""
        return sum(file.created + file.updated for file in self.files)

    @property
    def refused(self) -> int:
        """Rows that did not go in."""
        return sum(file.refused for file in self.files)

    def exit_status(self, *, strict: bool) -> int:
        """1 when a file could not be read or nothing went in, or, strictly, at any refusal; else 0."""
        unreadable = any(file.status == "unreadable" for file in self.files)
        picky = strict and (self.refused or any(file.cells for file in self.files))
        return int(unreadable or not self.went_in or bool(picky))

    def write(self, path: Path) -> None:
        """The JSON document, whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(orjson.dumps(self.document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        part.rename(path)

    def document(self) -> dict[str, Any]:
        """The report as JSON knows it."""
        totals = {
            "files": len(self.files), "rows": sum(file.rows for file in self.files),
            "created": sum(file.created for file in self.files), "updated": sum(file.updated for file in self.files),
            "refusedRows": self.refused, "leftOutCells": sum(file.cells for file in self.files),
        }  # fmt: skip
        return {"totals": totals, "files": [file.document() for file in self.files]}

    def _unused(self) -> dict[str, list[str]]:
        """Columns no mapping asked for, by kind of file."""
        found: dict[str, dict[str, None]] = {}
        for file in self.files:
            if file.unused:
                found.setdefault(file.mapping, {}).update(dict.fromkeys(file.unused))
        return {kind: list(names) for kind, names in found.items()}

    def table(self) -> Table:
        """One line per kind of file that was loaded."""
        table = Table(
            "mapping", "files", "rows", "new", "updated", "refused", "cells left out", box=None, pad_edge=False
        )
        table.columns[0].overflow = "fold"
        for column in table.columns[1:]:
            column.justify = "right"
        kinds: dict[str, list[FileReport]] = {}
        for file in self.files:
            if file.status == "loaded":
                kinds.setdefault(file.mapping, []).append(file)
        for kind, files in kinds.items():
            names = ("rows", "created", "updated", "refused", "cells")
            figures = (len(files), *(sum(getattr(file, name) for file in files) for name in names))
            table.add_row(kind, *(f"{figure:,}" for figure in figures))
        return table

    def lines(self, language: str) -> Iterator[str]:
        """What needs a person's eye: files left out, columns nobody asked for, rows and cells with their mend."""
        for file in self.files:
            if file.reason is not None:
                yield _line(
                    "{status}: {file}: {reason}",
                    language,
                    status=_say(file.status, language),
                    file=file.path,
                    reason=file.reason.in_language(language),
                )
        for kind, names in self._unused().items():
            yield _line("not used by {mapping}: {columns}", language, mapping=kind, columns=", ".join(names))
        found = [(file.path.name, finding) for file in self.files for finding in file.findings]
        for name, finding in found[:SHOWN_FINDINGS]:
            what = _say("cell left out" if finding.kept else "row refused", language)
            reason = finding.sentence.in_language(language)
            yield _line(
                "{what}: {file}, row {row}, {column}: {reason}", language,
                what=what, file=name, row=finding.row, column=finding.column, reason=reason,
            )  # fmt: skip
        if len(found) > SHOWN_FINDINGS:
            yield _line(
                "… and {count} more; --report FILE writes them all down.", language, count=len(found) - SHOWN_FINDINGS
            )
        went_in, refused = f"{self.went_in:,}", f"{self.refused:,}"
        yield _line(
            "Entities that went in: {entities}. Rows refused: {rows}.", language, entities=went_in, rows=refused
        )


def _line(english: str, language: str, **fields: object) -> str:
    return Sentence(english, {name: str(value) for name, value in fields.items()}).in_language(language)


def _say(english: str, language: str) -> str:
    return Sentence(english).in_language(language)
