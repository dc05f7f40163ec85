"""The past as Parquet files, one per day of recording, for programs that put much of it together at once."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from hiroba.base.db import Connection
from hiroba.base.errors import Stop
from hiroba.exchange.broker.history.store import exporting

if TYPE_CHECKING:
    import pyarrow as pa


def schema() -> "pa.Schema":
    """The columns: texts, moments in UTC, the entity's types, the value as a number where it is one and always as JSON."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and an extra

    moment = pa.timestamp("us", tz="UTC")
    return pa.schema([
        ("id", pa.string()), ("types", pa.list_(pa.string())), ("name", pa.string()), ("dataset", pa.string()),
        ("instance", pa.string()), ("recorded", moment), ("observed", moment), ("created", moment), ("modified", moment),
        ("deleted", moment), ("kind", pa.string()), ("number", pa.float64()), ("value", pa.string()),
    ])  # fmt: skip


async def export_day(conn: Connection, tenant: str, day: date, types: Sequence[str], folder: Path) -> int:
    """Write what was recorded on a day to `YYYY-MM-DD.parquet`, in bounded memory; how many instances."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and an extra
    from pyarrow import parquet  # noqa: PLC0415

    columns, count = schema(), 0
    part = folder / f"{day}.parquet.part"
    with parquet.ParquetWriter(part, columns, compression="zstd") as writer:
        async for rows in exporting.recorded(conn, tenant, day, list(types) or None):
            writer.write_table(pa.table([_column(rows, name) for name in columns.names], schema=columns))
            count += len(rows)
    if count:
        part.rename(folder / f"{day}.parquet")
    else:
        part.unlink()
    return count


def _column(rows: Sequence[asyncpg.Record], name: str) -> list[Any]:
    return [row[name] for row in rows]


def must_be_there() -> None:
    """Nothing, or how to add what is missing."""
    try:
        import pyarrow as pa  # noqa: F401, PLC0415 - only whether it can be
    except ImportError:
        raise Stop("export needs pyarrow, which is an extra. Add it with: pip install 'hiroba[parquet]'") from None
