"""GeoJSON (RFC 7946): the features of a FeatureCollection, one after the other; properties are the columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]  # it ships no types

from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.readers import NoData, Row, Table

BROKEN = (ijson.JSONError, UnicodeDecodeError)
DECLARED_WITHIN = 2000
"""So many events are read to see whether a document is a FeatureCollection."""


def read(path: Path) -> Table:
    """Open a FeatureCollection; the columns are those of its first feature."""
    stream = path.open("rb")
    try:
        rows = _rows(stream) if _is_collection(stream) else None
        first = next(rows, None) if rows else None
    except BaseException:
        stream.close()
        raise
    if rows is None:
        stream.close()
        raise NoData("{file} is JSON but no GeoJSON FeatureCollection.", file=path.name)
    if first is None:
        raise NoData("{file} is a FeatureCollection without features.", file=path.name)
    return Table(
        tuple(first.cells), _with(first, rows), lambda: 0 if stream.closed else stream.tell(), stream.close, "GeoJSON"
    )


def _is_collection(stream: BinaryIO) -> bool:
    kind = ""
    try:
        for count, (prefix, event, value) in enumerate(ijson.parse(stream)):
            if prefix == "type" and event == "string":
                kind = value
            if kind == "FeatureCollection" or (prefix, event) == ("features", "start_array"):
                return kind in {"", "FeatureCollection"}
            if kind or count > DECLARED_WITHIN:
                return False
    except BROKEN as error:
        raise Refusal("The file is no JSON: {why}.", why=error) from None
    finally:
        stream.seek(0)
    return False


def _with(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _rows(stream: BinaryIO) -> Iterator[Row]:
    number = 0
    with stream:
        try:
            for number, feature in enumerate(ijson.items(stream, "features.item", use_float=True), start=1):
                yield _row(number, feature)
        except BROKEN as error:
            raise Refusal("The file cannot be read after row {row}: {why}.", row=number, why=error) from None


def _row(number: int, feature: Any) -> Row:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    cells = properties if isinstance(properties, dict) else {}
    return Row(
        number,
        {" ".join(str(name).split()): cell for name, cell in cells.items()},
        geometry if isinstance(geometry, dict) else None,
    )
