"""Notifications a second, end to end: writes that each match several subscriptions, receivers that note how long each took.

Starts a scratch house and the receivers (granian, raw ASGI), makes subscriptions of which each write matches five, and has wrk
change entities at a steady rate. Delay is from the moment wrk sends a change to the moment a receiver has its notification.
Generator, receivers and house share the machine; their processor time is printed apart.

    hiroba bench notifications [--rate 1000] [--seconds 10] [--silent 1000] [--kills 20] [--json FILE]

--silent measures how much subscriptions to receivers that never answer cost the writers; --kills how many notifications are
lost when everything is killed that often.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from exchange import HERE, cpu, family, house, wrk

TYPES, EACH, MATCHES = 10, 100, 5
CONTEXT = "https://uri.etsi.org/ngsi-ld/default-context/"


@contextmanager
def receiver(port: int) -> Iterator[int]:
    """The receivers, as one server: its process."""
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--port", str(port),
        "--log-level", "error", "--backlog", "4096", "--backpressure", "4096", "receiver:app",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=HERE, start_new_session=True)  # noqa: S603 - ours
    try:
        while True:
            with suppress(OSError):
                figures(port)
                break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def figures(port: int) -> dict[str, Any]:
    """What the receivers have got since they were asked last."""
    found: dict[str, Any] = json.loads(urlopen(f"http://127.0.0.1:{port}/figures").read())
    return found


def post(url: str, body: Any) -> None:
    """One call that must succeed."""
    urlopen(Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})).read()  # noqa: S310 - loopback


def fill(url: str) -> None:
    """The entities that will be changed."""
    for number in range(1, TYPES + 1):
        entities = [
            {
                "id": f"urn:ngsi-ld:Noticed{number}:{one}",
                "type": f"Noticed{number}",
                "sent": {"type": "Property", "value": 0},
                "name": {"type": "Property", "value": f"Thing {one}"},
            }
            for one in range(1, EACH + 1)
        ]
        post(f"{url}/ngsi-ld/v1/entityOperations/upsert", entities)


def subscribe(url: str, endpoint: str, chosen: dict[str, Any]) -> None:
    """One subscription."""
    subscription = {
        "type": "Subscription",
        "entities": [chosen],
        "watchedAttributes": ["sent"],
        "notification": {"endpoint": {"uri": endpoint}},
    }
    post(f"{url}/ngsi-ld/v1/subscriptions", subscription)


def speed(given: argparse.Namespace) -> dict[str, Any]:
    """The run: so many writes a second, five notifications each."""
    with house(given.port) as (url, _, pid), receiver(given.port + 1) as receivers:
        fill(url)
        for number in range(TYPES * MATCHES):
            subscribe(url, f"http://127.0.0.1:{given.port + 1}/s/{number}", {"type": f"Noticed{number % TYPES + 1}"})
        wrk(url, "notify", 32, 2, str(TYPES), str(EACH), str(given.rate))
        settled(given.port + 1)
        before, theirs, began = cpu(pid), cpu(receivers), time.perf_counter()
        generator = os.times()
        writes = wrk(url, "notify", given.clients, given.seconds, str(TYPES), str(EACH), str(given.rate))
        used, took = os.times(), time.perf_counter() - began
        got = settled(given.port + 1)
        ours, late = cpu(pid) - before, time.perf_counter() - began - took
        return {
            "writes": writes["rate"], "write_p99": writes["p99"], "failed": writes["failed"], "sent": writes["count"] * MATCHES,
            "got": got["count"], "rate": got["count"] / took, "p50": got["p50"], "p99": got["p99"],
            "again": got["again"], "late": late, "cpu": ours / took,
            "receivers_cpu": (cpu(receivers) - theirs) / took,
            "generator_cpu": (children(used) - children(generator)) / took,
        }  # fmt: skip


def children(times: os.times_result) -> float:
    """Seconds of processor that ended children have used."""
    return times.children_user + times.children_system


def settled(port: int) -> dict[str, Any]:
    """What has come once nothing more comes."""
    total: dict[str, Any] = {"count": 0, "again": 0, "p50": 0.0, "p99": 0.0}
    while True:
        time.sleep(0.5)
        got = figures(port)
        if not got["count"]:
            return total
        if got["count"] > total["count"]:
            total["p50"], total["p99"] = got["p50"], got["p99"]
        for name in ("count", "again"):
            total[name] += got[name]


def silence(given: argparse.Namespace) -> dict[str, Any]:
    """Writes a second with subscriptions whose receivers never answer, beside ones whose receivers do, and none."""
    rates = {}
    for path in ("", "s/0", "never"):
        with house(given.port) as (url, _, _), receiver(given.port + 1):
            fill(url)
            for number in range(given.silent if path else 0):
                id_ = f"urn:ngsi-ld:Noticed{number % TYPES + 1}:{number // TYPES % EACH + 1}"
                subscribe(
                    url,
                    f"http://127.0.0.1:{given.port + 1}/{path}",
                    {"type": f"Noticed{number % TYPES + 1}", "id": id_},
                )
            wrk(url, "notify", given.clients, 3, str(TYPES), str(EACH), "0")
            rates[path] = wrk(url, "notify", given.clients, given.seconds, str(TYPES), str(EACH), "0")["rate"]
    return {"none": rates[""], "answering": rates["s/0"], "silent": rates["never"], "ratio": rates["never"] / rates[""]}


def kills(given: argparse.Namespace) -> dict[str, Any]:
    """Kill everything in the middle of writes, again and again; what was acknowledged and has not been told afterwards."""
    data = Path(tempfile.mkdtemp(prefix="hiroba-bench-"))
    acknowledged: dict[str, int] = {}
    number = total = 0
    try:
        with receiver(given.port + 1):
            for turn in range(given.kills + 1):
                with started(data, given.port) as process:
                    url = f"http://127.0.0.1:{given.port}"
                    if not turn:
                        fill(url)
                        for one in range(TYPES * MATCHES):
                            kind = f"Noticed{one % TYPES + 1}"
                            subscribe(url, f"http://127.0.0.1:{given.port + 1}/s/{one}", {"type": kind})
                    if turn == given.kills:
                        break
                    number = write_until_killed(given.port, process.pid, acknowledged, number)
                    total += 1
            deadline = time.monotonic() + 60
            newest: dict[str, int] = {}
            while time.monotonic() < deadline and missing(acknowledged, newest):
                newest |= figures(given.port + 1)["newest"]
                time.sleep(0.5)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return {"kills": total, "acknowledged": len(acknowledged), "lost": len(missing(acknowledged, newest))}


@contextmanager
def started(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A house on data that may be there already."""
    command = [
        sys.executable,
        "-m",
        "hiroba",
        "up",
        "--open",
        "--sample",
        "none",
        "--port",
        str(port),
        "--data",
        str(data),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ours
    while True:
        with suppress(OSError, HTTPException):
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:  # noqa: PLR2004 - it is ready
                break
        time.sleep(0.1)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(30)


def write_until_killed(port: int, pid: int, acknowledged: dict[str, int], number: int) -> int:
    """Four writers for a second, then the end of all processes; what was acknowledged by then is in `acknowledged`."""
    numbers = iter(range(number, number + 1_000_000, 1))
    lock = threading.Lock()

    def write() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, HTTPException):
            while True:
                with lock:
                    one = next(numbers)
                id_ = f"urn:ngsi-ld:Noticed{one % TYPES + 1}:{one // TYPES % EACH + 1}"
                value = time.time_ns() // 1000
                body = json.dumps({"type": "Property", "value": value})
                path = f"/ngsi-ld/v1/entities/{id_}/attrs/sent"
                connection.request("PATCH", path, body, {"Content-Type": "application/json"})
                if connection.getresponse().read() == b"":
                    acknowledged[id_] = max(value, acknowledged.get(id_, 0))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(1.0)
    for one in family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    for writer in writers:
        writer.join()
    return next(numbers)


def missing(acknowledged: dict[str, int], newest: dict[str, int]) -> list[str]:
    """Subscriptions and entities whose last acknowledged change no receiver has got, nor a later one."""
    return [
        f"/s/{one} {id_}"
        for id_, value in acknowledged.items()
        for one in range(TYPES * MATCHES)
        if id_.startswith(f"urn:ngsi-ld:Noticed{one % TYPES + 1}:") and newest.get(f"/s/{one} {id_}", 0) < value
    ]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        prog="hiroba bench notifications", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--rate", type=int, default=1000, help="writes a second; 0: as fast as it goes")
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--silent", type=int, default=0, metavar="SUBSCRIPTIONS")
    options.add_argument("--kills", type=int, default=0)
    options.add_argument("--port", type=int, default=18036)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("hiroba bench needs the load generator wrk. Debian, Ubuntu: apt install wrk")
    found: dict[str, Any] = {"speed": speed(given)}
    run = found["speed"]
    print(
        f"{os.cpu_count()} cores, {given.clients} clients, {TYPES * MATCHES} subscriptions and receivers, "
        f"{given.seconds} s, durable"
    )
    print(f"writes           {run['writes']:>9,.0f}/s   p99 {run['write_p99']:,.0f} ms   failed {run['failed']:.0f}")
    print(f"notifications    {run['rate']:>9,.0f}/s   p50 {run['p50']:,.0f} ms   p99 {run['p99']:,.0f} ms")
    print(f"owed {run['sent']:,.0f}, arrived {run['got']:,}, twice {run['again']}")
    print(
        f"processors used: house and database {run['cpu']:.2f}, receivers {run['receivers_cpu']:.2f}, "
        f"wrk {run['generator_cpu']:.2f}"
    )
    if given.silent:
        found["silence"] = silence(given)
        print(
            f"\n{given.silent} receivers that never answer: {found['silence']['silent']:,.0f} writes/s, "
            f"with answers {found['silence']['answering']:,.0f}, without subscriptions {found['silence']['none']:,.0f}; "
            f"{found['silence']['ratio']:.2f} of that"
        )
    if given.kills:
        found["kills"] = kills(given)
        print(
            f"\n{found['kills']['kills']} × kill -9 of everything: of {found['kills']['acknowledged']} entities "
            f"{found['kills']['lost']} last changes did not arrive"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
