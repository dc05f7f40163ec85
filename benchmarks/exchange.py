"""The exchange's speed on this machine: batch, create, patch, get, query, near; ours beside the database's own floor.

Starts a scratch house (`up --open`), fills it with entities, and drives it with wrk (Debian: apt install wrk), so that the
generator costs little. The floor is the same rows written and read by `unnest` and `= any` on one connection, with nothing
around them. Every figure also as milliseconds of processor time, ours and PostgreSQL's, per operation.

    hiroba bench exchange [--seconds 8] [--clients 64] [--entities 100000] [--json FILE]
"""

import argparse
import asyncio
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import asyncpg

from hiroba.base.db.cluster import Cluster

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
FLOOR_SECONDS = 4.0
ROWS = 500
"""Rows of one statement of the floor: as many as the broker joins at most."""
SQUARE_METRES = 83_000 * 100_000.0
"""The area that the entities are spread over: 0.9 degrees each way at 34 degrees north."""


def entity(number: int, groups: int = 1000) -> dict[str, Any]:
    """One of the entities the house is filled with; a hundred of them are in each group."""
    x, y = 135 + number * 7919 % 90000 / 1e5, 34 + number * 104729 % 90000 / 1e5
    return {
        "id": f"urn:ngsi-ld:Bench:{number}",
        "type": "Bench",
        "temperature": {"type": "Property", "value": number % 40, "unitCode": "CEL"},
        "group": {"type": "Property", "value": number % groups},
        "name": {"type": "Property", "value": f"Bench {number}"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, y]}},
    }


@contextmanager
def house(port: int) -> Iterator[tuple[str, Path, int]]:
    """A scratch house: its address, its data, its process."""
    data = Path(tempfile.mkdtemp(prefix="hiroba-bench-"))
    command = [sys.executable, "-m", "hiroba", "up", "--open", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ours
    try:
        while not (data / "run.json").exists():
            if process.poll() is not None:
                sys.exit("the scratch house did not start; the reason stands above")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", data, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    waiting, found = [pid], []
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; none where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def cpu(pid: int) -> float:
    """Seconds of processor time a house used so far, its PostgreSQL included."""
    return sum(sum(map(int, fields[11:15])) for one in family(pid) if (fields := stat(one))) / TICK


def wrk(url: str, script: str, clients: int, seconds: int, *arguments: str) -> dict[str, float]:
    """Drive one script: requests, requests per second, the 99th percentile in milliseconds, answers that were no success."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", f"{HERE / script}.lua", url, "--"]
    said = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603 - wrk

    def figure(pattern: str) -> float:
        found = re.search(pattern, said)
        return float(found[1]) if found else 0.0

    unit = re.search(r"99%\s+[\d.]+(us|ms|s)", said)
    return {
        "count": figure(r"(\d+) requests in"),
        "rate": figure(r"Requests/sec:\s+([\d.]+)"),
        "p99": figure(r"99%\s+([\d.]+)") * {"us": 0.001, "ms": 1, "s": 1000}[unit[1] if unit else "ms"],
        "failed": figure(r"Non-2xx or 3xx responses: (\d+)"),
    }


def fill(url: str, entities: int) -> None:
    """Batches of a thousand, one after the other."""
    groups = max(1, entities // 100)
    for start in range(1, entities + 1, 1000):
        body = json.dumps([entity(number, groups) for number in range(start, min(start + 1000, entities + 1))]).encode()
        request = Request(f"{url}/ngsi-ld/v1/entityOperations/upsert", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        urlopen(request).read()  # noqa: S310 - loopback


async def floor(data: Path, entities: int) -> dict[str, float]:
    """Rows per second of the database alone, written and read as the broker does it, with nothing around it."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url())
    await conn.execute("create table public.floor (like broker.entity including all)")
    docs = [
        json.dumps({f"{VOCABULARY}{name}": [part] for name, part in entity(number).items() if isinstance(part, dict)})
        for number in range(ROWS)
    ]

    async def write(done: int) -> int:
        await conn.execute(
            """
            insert into public.floor (tenant, path, id, types, doc, facts, created, modified)
            select '', '', id, $3::text[], doc::jsonb, doc::jsonb, now(), now() from unnest($1::text[], $2::text[]) as v (id, doc)
            """,
            [f"urn:ngsi-ld:Floor:{done + number}" for number in range(ROWS)], docs, [f"{VOCABULARY}Bench"],
        )  # fmt: skip
        return ROWS

    async def read(done: int) -> int:
        ids = [f"urn:ngsi-ld:Bench:{1 + (done + number * 7919) % entities}" for number in range(ROWS)]
        question = "select id, doc from broker.entity where tenant = '' and path = '' and id = any($1)"
        return len(await conn.fetch(question, ids))

    async def rate(step: Any) -> float:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < FLOOR_SECONDS:
            done += await step(done)
        return done / (time.perf_counter() - began)

    try:
        return {"write": await rate(write), "read": await rate(read)}
    finally:
        await conn.execute("drop table public.floor")
        await conn.close()


def measure(given: argparse.Namespace) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """The floor and a row per operation."""
    metres = round(math.sqrt(100 / given.entities * SQUARE_METRES / math.pi))
    plans = [
        ("create one", "create", [str(os.getpid())], "write"),
        ("patch one attribute", "patch", [str(given.entities)], "write"),
        ("get by id", "get", [str(given.entities)], "read"),
        ("query type and q, 20 rows", "query", [str(max(1, given.entities // 100))], ""),
        ("query type, 20 rows", "query", [], ""),
        ("near, about 100 hits", "near", [str(metres)], ""),
    ]
    with house(given.port) as (url, data, pid):
        began, used = time.perf_counter(), cpu(pid)
        fill(url, given.entities)
        each = (cpu(pid) - used) * 1000 / given.entities
        rate = given.entities / (time.perf_counter() - began)
        rows = [
            {
                "operation": "batch upsert of 1,000",
                "rate": rate,
                "p99": 0.0,
                "failed": 0.0,
                "cpu_ms": each,
                "floor": "write",
            }
        ]
        for operation, script, arguments, kind in plans:
            used = cpu(pid)
            measured = wrk(url, script, given.clients, given.seconds, *arguments)
            each = (cpu(pid) - used) * 1000 / max(measured["count"], 1)
            rows.append({"operation": operation, "cpu_ms": each, "floor": kind, **measured})
        return asyncio.run(floor(data, given.entities)), rows


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(
        prog="hiroba bench exchange", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--entities", type=int, default=100_000)
    options.add_argument("--port", type=int, default=18026)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("hiroba bench needs the load generator wrk. Debian, Ubuntu: apt install wrk")
    floors, rows = measure(given)
    print(
        f"{os.cpu_count()} cores, {given.clients} clients, {given.entities:,} entities, {given.seconds} s each, durable"
    )
    print(f"floor: {floors['write']:,.0f} rows/s written, {floors['read']:,.0f} rows/s read by id\n")
    print(f"{'operation':28}{'per second':>12}{'p99 ms':>9}{'CPU ms each':>13}{'ours/floor':>12}{'failed':>8}")
    for row in rows:
        ratio = f"{row['rate'] / floors[row['floor']]:.2f}" if row["floor"] else "–"
        p99 = f"{row['p99']:.0f}" if row["p99"] else "–"
        print(
            f"{row['operation']:28}{row['rate']:>12,.0f}{p99:>9}{row['cpu_ms']:>13.3f}{ratio:>12}{row['failed']:>8.0f}"
        )
    if given.json:
        given.json.write_text(json.dumps({"floors": floors, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
