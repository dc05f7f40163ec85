"""The command line: `hiroba up | serve | migrate | load | sign-in | test | …`; one module per command, read when it is called."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from hiroba import __version__
from hiroba.base.console import complain
from hiroba.base.errors import Stop

COMMANDS = {
    "up": "start everything on this machine: database, exchange, door",
    "serve": "run a server worker alone (`up` starts one; more machines may)",
    "work": "run what services do by the clock (`up` starts one; more machines may)",
    "migrate": "bring the database's tables up to date",
    "load": "bring files of a municipality into the exchange",
    "dead-letters": "list notifications that could not be delivered, send them again or throw them away",
    "export": "write the past of the exchange's entities to Parquet files",
    "sign-in": "print a one-time link that signs an operator or an officer in",
    "bench": "measure create, patch, get and query against the database's own floor",
    "test": "run the tests",
}


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status. Whatever a person can mend is one line, never a traceback."""
    parser = argparse.ArgumentParser(prog="hiroba", description="Hiroba, the public square: an open city OS.")
    parser.add_argument("--version", action="version", version=f"hiroba {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_ in COMMANDS.items():
        commands.add_parser(name, help=help_, add_help=False)
    if not arguments or arguments[0] in {"help", "-h", "--help"}:
        parser.print_help()
        return 0
    command, _ = parser.parse_known_args(arguments[:1])
    module = import_module(f"hiroba.cli.{command.command.replace('-', '_')}")
    execute: Callable[[list[str]], int] = module.execute
    try:
        return execute(list(arguments[1:]))
    except Stop as stop:
        complain(str(stop))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
