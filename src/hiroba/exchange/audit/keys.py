"""The keys of the log: in a file beside the data, because who may change the tables must not be able to sign what he made.

`DATA/log.key` holds two lines, the log's own key and that of the witness this house is for others; mode 0600, made at the
first start and never again: a database that knows its log asks for the file it was made with.
"""

import os
from contextlib import suppress
from logging import getLogger
from pathlib import Path

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.exchange.audit import store
from hiroba.exchange.audit.notes import LOG, WITNESS, Signer, signer

log = getLogger("hiroba.log")


class Keys(msgspec.Struct, frozen=True):
    """Who signs here."""

    log: Signer
    witness: Signer


async def keys(conn: Connection, file: Path, address: str) -> Keys | None:
    """The keys of this database's log, made where it has none yet; None, and a line that says why, where they are not ours.

    `address` is how the house is reached; without its scheme it is the name under which it signs.
    """
    try:
        found = _read(file, address if await store.identity(conn) is None else "")
    except (OSError, ValueError, Problem) as error:
        log.warning("the log is not signed here: %s cannot be read (%s)", file, error)
        return None
    own = (found.log.verifier.line, found.witness.verifier.line)
    if await store.be(conn, *own) != own:
        log.warning("the log is not signed here: %s belongs to another database", file)
        return None
    return found


def _read(file: Path, address: str) -> Keys:
    """The keys in the file; with an address it is made where there is none."""
    if address and not file.exists():
        _make(file, address.partition("://")[2] or address)
    first, second = file.read_text().splitlines()
    return Keys(signer(first), signer(second))


def _make(file: Path, name: str) -> None:
    made = (Signer(f"{name}/log", LOG, os.urandom(32)), Signer(f"{name}/witness", WITNESS, os.urandom(32)))
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.writelines(f"{one.line}\n" for one in made)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # another process of this house was first
        file.hardlink_to(part)
    part.unlink()
