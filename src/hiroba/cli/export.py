"""`hiroba export`: write the past of the exchange's entities to Parquet files, one per day of recording."""

import argparse
import asyncio
from datetime import date
from pathlib import Path

from hiroba.base.console import bar, say
from hiroba.base.db import single
from hiroba.base.db.cluster import Cluster
from hiroba.base.errors import Stop
from hiroba.cli.options import parser, settings
from hiroba.cli.running import running
from hiroba.exchange.broker import store
from hiroba.exchange.broker.history import parquet
from hiroba.exchange.broker.history.store import exporting


def execute(arguments: list[str]) -> int:
    """Export what was recorded, all of it or some days, some types."""
    options = parser("export", __doc__ or "")
    options.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go; made if it is missing")
    options.add_argument(
        "--since", type=_day, metavar="DAY", help="the first day of recording, such as 2026-11-01 (UTC)"
    )
    options.add_argument("--until", type=_day, metavar="DAY", help="the last day of recording")
    options.add_argument(
        "--type", action="append", default=[], metavar="IRI", help="only entities of this type; may be repeated"
    )
    options.add_argument("--tenant", default="", help="the tenant; left out: the region's own")
    given = options.parse_args(arguments)
    parquet.must_be_there()
    chosen = settings(given)
    if not chosen.database_url:
        running(chosen.data)
    url = chosen.database_url or Cluster(chosen.data / "postgres").url()
    files, instances = asyncio.run(export(given, url))
    say(f"{instances:,} instances in {files} files in {given.folder}")
    return 0


async def export(given: argparse.Namespace, url: str) -> tuple[int, int]:
    """Write the files; how many, and of how many instances."""
    try:
        given.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(f"{given.folder} cannot be made ({error.strerror}). Name another folder.") from None
    files = instances = 0
    async with single(url) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        tenants = await store.tenants(conn)
        if given.tenant and given.tenant not in tenants:
            raise Stop(f"there is no tenant {given.tenant}.")
        if tenants.get(given.tenant):
            raise Stop(
                f"{given.tenant} holds personal data, which are not written to files: what leaves the database must be "
                "under each person's own key, so that it can be erased. Services read it through grants."
            )
        days = [day for day in await exporting.days(conn, given.tenant) if _within(day, given.since, given.until)]
        with bar("Exporting", len(days)) as progress:
            for day in days:
                progress.step(str(day))
                count = await parquet.export_day(conn, given.tenant, day, given.type, given.folder)
                files, instances = files + bool(count), instances + count
                progress.advance()
    return files, instances


def _within(day: date, since: date | None, until: date | None) -> bool:
    return (since is None or day >= since) and (until is None or day <= until)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-01") from None
