"""XLSX: the first sheet of a workbook, row by row, values as Excel last computed them."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.readers import Table, tabular

BROKEN = (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, SyntaxError, EOFError)
"""What openpyxl raises at files that only look like workbooks; SyntaxError is XML's ParseError."""


def read(path: Path) -> Table:
    """Open a workbook; it closes with its last row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl names styles it does not know; we read values alone
        try:
            book = load_workbook(path, read_only=True, data_only=True)
        except BROKEN as error:
            raise Refusal(
                "The file is no workbook that can be read ({why}). Save it again as .xlsx.", why=type(error).__name__
            ) from None
    if not book.worksheets:
        book.close()
        raise Refusal("The workbook has no sheet with cells. Put the table on its first sheet.")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # files tell them wrong

    def lines() -> Iterator[tuple[int, list[Any]]]:
        number = 0
        try:
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield number, list(cells)
        except BROKEN as error:
            raise Refusal("The file cannot be read after row {row}: {why}.", row=number, why=error) from None
        finally:
            book.close()

    columns, rows = tabular(lines(), path)
    return Table(columns, rows, lambda: 0, book.close, "XLSX")
