"""A file as a table: its columns, then its rows one after the other, never the whole file at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hiroba.exchange.loader.findings import Refusal


class Row(msgspec.Struct, frozen=True):
    """One row: its number as a spreadsheet counts (GeoJSON: the feature's number from 1), its cells, its geometry."""

    number: int
    cells: dict[str, Any]
    geometry: dict[str, Any] | None = None


class Table(msgspec.Struct, frozen=True):
    """A file opened for reading."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    position: Callable[[], int]
    """How many bytes of the file are read so far, for the progress bar."""
    close: Callable[[], None]
    """Let the file go; calling it again does no harm."""
    form: str = ""
    """How the file is written: `CSV, cp932`."""


class NoData(Refusal):
    """A file that is not there to be loaded: a note, a licence, a list of codes."""


MARKS = ("#property", "№")
"""What the first cell of a header row says in files that put other rows before it."""
NOTES = ("#", "←")
"""How cells begin that are notes to the people who fill in the file."""


def headers(cells: list[Any]) -> tuple[str, ...]:
    """The columns of a header row: one line each; notes and empty ones have no name, repeats get a number."""
    names: list[str] = []
    for cell in cells:
        name = " ".join(str(cell).split()) if cell is not None else ""
        name = "" if name.startswith("←") else name
        again = sum(1 for known in names if known == name or known.startswith(f"{name} ("))
        names.append(f"{name} ({again + 1})" if name and again else name)
    return tuple(names)


def tabular(lines: Iterator[tuple[int, list[Any]]], path: Path) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The header and the rows of a sheet: rows of notes before and after the header are passed over, empty ones too."""
    columns: tuple[str, ...] = ()
    for _, cells in lines:
        first = str(cells[0]).strip() if cells and cells[0] is not None else ""
        if first in MARKS or (any(_filled(cell) for cell in cells) and not first.startswith(NOTES)):
            columns = headers(cells)
            break
    if sum(1 for name in columns if name) < 2:  # noqa: PLR2004 - one column is a list of lines, not a table
        raise NoData("{file} holds no table: no row names at least two columns.", file=path.name)
    return columns, _rows(columns, lines)


def _rows(columns: tuple[str, ...], lines: Iterator[tuple[int, list[Any]]]) -> Iterator[Row]:
    for number, cells in lines:
        if cells and isinstance(cells[0], str) and cells[0].strip().startswith(NOTES):
            continue
        found = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
        if any(_filled(cell) for cell in found.values()):
            yield Row(number, found)


def _filled(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def open_table(path: Path) -> Table:
    """The table in a file, or NoData where it is none of ours, or Refusal where it is one and cannot be read."""
    from hiroba.exchange.loader.readers import geojson, separated, workbook  # noqa: PLC0415 - they need what stands above

    by_suffix = {
        ".csv": separated.read,
        ".tsv": separated.read,
        ".xlsx": workbook.read,
        ".json": geojson.read,
        ".geojson": geojson.read,
    }
    read = by_suffix.get(path.suffix.lower())
    if path.suffix.lower() in {".xls", ".xlsm", ".xlsb", ".ods"}:
        raise NoData("{file} is a workbook in another form. Save it as .xlsx or .csv and load that.", file=path.name)
    if read is None:
        raise NoData("{file} is no GeoJSON, CSV or XLSX.", file=path.name)
    try:
        if path.stat().st_size == 0:
            raise NoData("{file} is empty.", file=path.name)
        return read(path)
    except OSError as error:
        raise Refusal("{file} cannot be opened ({why}).", file=path.name, why=error.strerror or "unknown") from None
