"""`kill -9` of everything while thousands of notifications are owed: none is lost, once the receiver is there again."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from tests.conftest import Running, up
from tests.faults.test_kill import batch, processes_of

BATCHES = 60


class Receiver(ThreadingHTTPServer):
    """It takes notifications, or is busy."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.busy, self.lock = True, threading.Lock()
        self.got: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.server.busy:
            with self.server.lock:
                self.server.got |= {entity["id"] for entity in body["data"]}
        self.send_response(503 if self.server.busy else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def write(house: Running, receiver: Receiver) -> set[str]:
    """A subscription, and what it must be told of."""
    acknowledged: set[str] = set()
    with httpx.Client(base_url=f"{house.url}/ngsi-ld/v1") as client:
        subscription = {
            "type": "Subscription",
            "entities": [{"type": "Kept"}],
            "notification": {"endpoint": {"uri": f"http://127.0.0.1:{receiver.server_port}/"}},
        }
        assert client.post("/subscriptions", json=subscription).status_code == 201
        for number in range(BATCHES):
            assert client.post("/entityOperations/upsert", json=batch(number)).status_code == 201
            acknowledged |= {entity["id"] for entity in batch(number)}
    return acknowledged


@pytest.mark.xdist_group("kill")
def test_what_is_owed_when_everything_is_killed_arrives_after_the_next_start(tmp_path, free_port) -> None:
    with receiver() as there:
        with up(tmp_path, free_port(), "--open", "--sample", "none") as house:
            acknowledged = write(house, there)
            for pid in processes_of(house):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert not there.got
        there.busy = False
        with up(tmp_path, free_port(), "--open", "--sample", "none"):
            deadline = threading.Event()
            for _ in range(400):
                if there.got >= acknowledged:
                    break
                deadline.wait(0.1)
        assert acknowledged - there.got == set()
        assert len(acknowledged) == BATCHES * 50
