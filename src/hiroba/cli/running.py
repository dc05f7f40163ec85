"""Who runs: `DATA/run.json` holds the address and process of a running `up`, `DATA/operator.key` the operator's key."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hiroba.base.errors import Stop


class Run(msgspec.Struct, frozen=True):
    """A running house."""

    url: str
    pid: int


def running(data: Path) -> Run:
    """The house that runs on `data`, or what to do about there being none."""
    try:
        run = msgspec.json.decode((data / "run.json").read_bytes(), type=Run)
        os.kill(run.pid, 0)
    except (OSError, msgspec.DecodeError):
        raise Stop(f"nothing runs on {data}. Start it with `hiroba up --data {data}`, or say --url http://…") from None
    return run


def write(data: Path, run: Run) -> None:
    """Say that we run."""
    part = data / "run.json.part"
    part.write_bytes(msgspec.json.encode(run))
    part.rename(data / "run.json")


def forget(data: Path) -> None:
    """Say that we no longer do."""
    (data / "run.json").unlink(missing_ok=True)


def operator_key(data: Path) -> str:
    """The operator's key, made at the first start, readable by its owner alone."""
    file = data / "operator.key"
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"{secrets.token_urlsafe(32)}\n")
    return file.read_text().strip()


@contextmanager
def sole_user(data: Path) -> Iterator[None]:
    """Hold the data directory while the block runs; a second `up` on it is told who has it."""
    try:
        if not data.is_dir():  # one that is there keeps its mode: it may be anybody's
            data.mkdir(parents=True)
            data.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL's user must pass it
        stream = (data / "lock").open("a+")
    except OSError as error:
        raise Stop(
            f"the data directory {data} cannot be written ({error.strerror}). Choose another with --data."
        ) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise Stop(
                f"{data} is in use by another Hiroba (pid {holder}). Stop that one, or choose another --data."
            ) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
