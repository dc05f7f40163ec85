"""`hiroba load`: bring files of a municipality into the exchange of a running house."""

import argparse
import asyncio
import os
from pathlib import Path

from hiroba.base.console import bar, console, say
from hiroba.cli.options import parser, settings
from hiroba.cli.running import operator_key, running
from hiroba.exchange.loader.client import Client
from hiroba.exchange.loader.findings import sentence
from hiroba.exchange.loader.load import Load, files_below
from hiroba.exchange.loader.mapping import built_in, chosen
from hiroba.exchange.loader.report import Report


def execute(arguments: list[str]) -> int:
    """Load files and folders; the exit status says whether all that could be read went in."""
    options = parser("load", __doc__ or "")
    options.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE|FOLDER", help="GeoJSON, CSV or XLSX, or folders of them"
    )
    options.add_argument("--mapping", help="a mapping by name or a .toml file; left out: recognised by the columns")
    options.add_argument(
        "--tenant", default="", help="the tenant to load into, made if it is missing; left out: the region's own"
    )
    options.add_argument("--url", help="the house to load into; left out: the one running on --data")
    options.add_argument("--strict", action="store_true", help="exit with 1 if anything at all was refused")
    options.add_argument("--report", type=Path, metavar="FILE", help="write the whole report there, as JSON")
    given = options.parse_args(arguments)
    data = settings(given).data
    url = given.url or running(data).url
    ours = (
        not given.url or given.data is not None
    )  # the key of this machine's house goes to no other, unless one says so
    key = os.environ.get("HIROBA_TOKEN", "") or (operator_key(data) if ours else "")
    report = asyncio.run(load(given, url, key))
    console.print(report.table())
    language = "ja" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("ja") else "en"
    for line in report.lines(language):
        say(line)
    if given.report:
        report.write(given.report)
        say(sentence("The whole report is in {file}", file=given.report).in_language(language))
    return report.exit_status(strict=given.strict)


async def load(given: argparse.Namespace, url: str, key: str) -> Report:
    """Load everything that was named."""
    known = built_in()
    mappings = chosen(given.mapping, known) if given.mapping else list(known.values())
    files = files_below(given.paths)
    async with Client(url, key=key, tenant=given.tenant) as client:
        await client.make_tenant()
        with bar("Loading", sum(file.stat().st_size for file in files) >> 10) as progress:
            return await Load(client, mappings, named=bool(given.mapping), progress=progress).run(files)
