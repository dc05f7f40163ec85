"""CSV, row by row: UTF-8 with or without BOM, UTF-16 with one, or Shift_JIS as Windows writes it (cp932)."""

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.readers import Table, tabular

CHUNK = 1 << 20
LONGEST_CELL = 1 << 20
LINE_BREAKS_KEPT = ""


def encoding_of(stream: BinaryIO) -> str:
    """The encoding the whole file can be read in, found without holding it in memory; the stream is at its start."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for name in ("utf-8-sig", "cp932"):
        if _decodes(stream, name):
            return name
    raise Refusal("The file is neither UTF-8 nor Shift_JIS. Save it as “CSV UTF-8” and load it again.")


def _decodes(stream: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        while chunk := stream.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def read(path: Path) -> Table:
    """Open a CSV file; the file closes with its last row."""
    stream = path.open("rb")
    try:
        encoding = encoding_of(stream)
        lines = _lines(stream, encoding, "\t" if path.suffix.lower() == ".tsv" else ",")
        columns, rows = tabular(lines, path)
    except BaseException:
        stream.close()
        raise
    return Table(
        columns,
        rows,
        lambda: 0 if stream.closed else stream.tell(),
        stream.close,
        f"CSV, {encoding.removesuffix('-sig')}",
    )


def _lines(stream: BinaryIO, encoding: str, delimiter: str) -> Iterator[tuple[int, list[Any]]]:
    csv.field_size_limit(LONGEST_CELL)
    with TextIOWrapper(stream, encoding=encoding, newline=LINE_BREAKS_KEPT) as text:
        number = 0
        try:
            for number, cells in enumerate(csv.reader(text, delimiter=delimiter), start=1):
                yield number, list(cells)
        except (csv.Error, UnicodeError) as error:
            raise Refusal("The file cannot be read after row {row}: {why}.", row=number, why=error) from None
