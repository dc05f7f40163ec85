"""What runs beside the suite: scratch exchanges, each with a data directory and a port of its own, and a server of contexts."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from hiroba.base.egress import port_is_free
from tests.conformance.suite import HOUSE


@contextmanager
def served(folder: Path, port: int) -> Iterator[None]:
    """A folder served by HTTP."""
    with _running([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(port)]):
        yield


@contextmanager
def exchanges(ports: Iterable[int]) -> Iterator[None]:
    """Fresh houses without access control, ready."""
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(_exchange(port))
        yield


@contextmanager
def _exchange(port: int) -> Iterator[None]:
    if not port_is_free("127.0.0.1", port):
        raise SystemExit(f"port {port} is taken; --port says another")
    with tempfile.TemporaryDirectory() as data:
        command = ["-m", "hiroba", "up", "--open", "--sample", "none", "--port", str(port), "--data", data]
        with _running([sys.executable, *command]) as process:
            with httpx.Client(transport=httpx.HTTPTransport(retries=60)) as client:
                while not client.get(f"http://127.0.0.1:{port}/health/ready").is_success:
                    if process.poll() is not None:
                        raise SystemExit(f"the exchange on port {port} does not start")
            yield


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
