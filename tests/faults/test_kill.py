"""`kill -9` of everything in the middle of a load: nothing acknowledged is lost, and the load can be run again."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.conftest import Running, up

BATCH = 50


def batch(number: int) -> list[dict]:
    return [{"id": f"urn:ngsi-ld:Kept:{number}-{i}", "type": "Kept", "number": number} for i in range(BATCH)]


def write_until_it_dies(house: Running, acknowledged: list[int]) -> None:
    with httpx.Client(headers={"Authorization": f"Bearer {house.key}"}) as client:
        for number in range(100_000):
            try:
                answer = client.post(f"{house.url}/ngsi-ld/v1/entityOperations/upsert", json=batch(number))
            except httpx.TransportError:
                return
            if answer.status_code != 201:
                return
            acknowledged.append(number)


def processes_of(house: Running) -> list[int]:
    """The supervisor, the server, its worker and PostgreSQL: whatever names this data directory or descends from who does."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(folder.name))
    waiting, found = [house.process.pid], []
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def count(house: Running) -> int:
    answer = httpx.get(f"{house.url}/ngsi-ld/v1/entities", params={"type": "Kept", "count": "true", "limit": "0"})
    return int(answer.headers["ngsild-results-count"])


@pytest.mark.xdist_group("kill")
def test_what_was_acknowledged_is_there_after_everything_was_killed(tmp_path, free_port) -> None:
    acknowledged: list[int] = []
    with up(tmp_path, free_port(), "--sample", "none") as house:
        writers = [threading.Thread(target=write_until_it_dies, args=(house, acknowledged))]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 20:
            pass
        for pid in processes_of(house):
            with suppress(ProcessLookupError):  # a child may have followed its parent already
                os.kill(pid, signal.SIGKILL)
        for writer in writers:
            writer.join()
    with up(tmp_path, free_port(), "--sample", "none") as again:
        kept = count(again)
        assert kept >= len(acknowledged) * BATCH
        headers = {"Authorization": f"Bearer {again.key}"}
        url = f"{again.url}/ngsi-ld/v1/entityOperations/upsert"
        for number in acknowledged:
            assert httpx.post(url, json=batch(number), headers=headers).status_code == 204, "all of it was there"
        assert count(again) == kept
