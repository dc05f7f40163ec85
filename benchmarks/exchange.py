"""The exchange's speed on this machine: create, patch, get, query, near, batch; ours beside the database's own floor.

Starts a scratch house (`up --open`) on a free port, fills it with entities, and drives it with wrk (Debian: apt install wrk),
so that the generator costs little. The floor is the same rows written and read by `unnest` and `= any` on a connection of its
own, with nothing around them. Every figure also as CPU milliseconds of ours + PostgreSQL per operation.

    hiroba bench exchange [--seconds 8] [--clients 64] [--entities 100000] [--json FILE]
"""

import argparse
import asyncio
import json
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


def entity(number: int) -> dict[str, Any]:
    """One of the entities the house is filled with."""
    x, y = 135 + number * 7919 % 90000 / 1e5, 34 + number * 104729 % 90000 / 1e5
    return {
        "id": f"urn:ngsi-ld:Bench:{number}",
        "type": "Bench",
        "temperature": {"type": "Property", "value": number % 40, "unitCode": "CEL"},
        "group": {"type": "Property", "value": number % 1000},
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
        for _ in range(600):
            if (data / "run.json").exists():
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", data, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)


def descendants(pid: int) -> list[int]:
    """A process and all it started."""
    found, parents = [], {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents.setdefault(int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(int(folder.name))
            except OSError:
                continue
    waiting = [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def cpu(pid: int) -> float:
    """Seconds of processor time a house used so far, its PostgreSQL included."""
    total = 0
    for one in descendants(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
    return total / TICK


def wrk(url: str, script: str, clients: int, seconds: int, *arguments: str) -> dict[str, float]:
    """Drive one script; requests per second, the 99th percentile in milliseconds, answers that were no success."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", str(HERE / f"{script}.lua"), url, "--", *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - wrk and our scripts
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {
        "rate": rate,
        "count": float(re.search(r"(\d+) requests in", said)[1]),
        "p99": float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
        "failed": float(wrong[1]) if wrong else 0.0,
    }


def upsert(url: str, entities: list[dict[str, Any]]) -> None:
    """One batch."""
    body = json.dumps(entities).encode()
    request = Request(f"{url}/ngsi-ld/v1/entityOperations/upsert", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    urlopen(request).read()  # noqa: S310 - loopback


async def floor(data: Path, entities: int) -> dict[str, float]:
    """Rows per second of the database alone: written and read as the broker does it, with nothing around it."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url())
    await conn.execute("create table public.floor (like broker.entity including all)")
    row = "'', '', $1, array['https://uri.etsi.org/ngsi-ld/default-context/Bench'], '{}', '', doc, null, null, now(), now(), null"
    del row
    docs = [json.dumps({f"https://uri.etsi.org/ngsi-ld/default-context/{n}": [{"type": "Property", "value": v["value"]}] for n, v in entity(i).items() if isinstance(v, dict)}) for i in range(500)]
    began = time.perf_counter()
    written = 0
    while time.perf_counter() - began < 4:
        ids = [f"urn:ngsi-ld:Floor:{written + i}" for i in range(500)]
        await conn.execute(
            """insert into public.floor (tenant, path, id, types, doc, created, modified)
               select '', '', id, '{Bench}', doc::jsonb, now(), now() from unnest($1::text[], $2::text[]) as v (id, doc)""",
            ids, docs,
        )  # fmt: skip
        written += 500
    writes = written / (time.perf_counter() - began)
    began = time.perf_counter()
    read = 0
    while time.perf_counter() - began < 4:
        ids = [f"urn:ngsi-ld:Bench:{1 + (read + i * 7919) % entities}" for i in range(500)]
        read += len(await conn.fetch("select id, doc from broker.entity where tenant = '' and path = '' and id = any($1)", ids))
    reads = read / (time.perf_counter() - began)
    await conn.execute("drop table public.floor")
    await conn.close()
    return {"write": writes, "read": reads}


def main() -> None:
    """Run it all and print the table."""
    options = argparse.ArgumentParser(prog="hiroba bench exchange", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--entities", type=int, default=100_000)
    options.add_argument("--port", type=int, default=18026)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("hiroba bench needs the load generator wrk. Debian, Ubuntu: apt install wrk")
    rows: list[dict[str, Any]] = []
    with house(given.port) as (url, data, pid):
        began, used = time.perf_counter(), cpu(pid)
        for start in range(1, given.entities + 1, 1000):
            upsert(url, [entity(number) for number in range(start, min(start + 1000, given.entities + 1))])
        seconds = time.perf_counter() - began
        rows.append({"operation": "batch upsert of 1,000", "rate": given.entities / seconds, "p99": None, "failed": 0, "cpu_ms": (cpu(pid) - used) * 1000 / given.entities, "floor": "write"})
        many = str(given.entities)
        plans = [
            ("create one", "create", [str(os.getpid())], "write"),
            ("patch one attribute", "patch", [many], "write"),
            ("get by id", "get", [many], "read"),
            ("query type and q, 20 rows", "query", [], None),
            ("near, about 100 hits", "near", [str(round((100 / given.entities * 0.81 / 3.1416) ** 0.5 * 101_000))], None),
        ]
        for operation, script, arguments, kind in plans:
            used = cpu(pid)
            measured = wrk(url, script, given.clients, given.seconds, *arguments)
            spent = cpu(pid) - used
            rows.append({"operation": operation, "cpu_ms": spent * 1000 / max(measured["count"], 1), "floor": kind, **measured})
        floors = asyncio.run(floor(data, given.entities))
    print(f"{os.cpu_count()} cores, {given.clients} clients, {given.entities:,} entities, {given.seconds} s each; PostgreSQL on the same machine, durable")
    print(f"floor: {floors['write']:,.0f} rows/s written, {floors['read']:,.0f} rows/s read by id\n")
    print(f"{'operation':28}{'per second':>12}{'p99 ms':>9}{'CPU ms each':>13}{'ours/floor':>12}{'failed':>8}")
    for row in rows:
        ratio = f"{row['rate'] / floors[row['floor']]:.2f}" if row["floor"] else "–"
        p99 = f"{row['p99']:.0f}" if row["p99"] is not None else "–"
        print(f"{row['operation']:28}{row['rate']:>12,.0f}{p99:>9}{row['cpu_ms']:>13.3f}{ratio:>12}{row['failed']:>8.0f}")
    if given.json:
        given.json.write_text(json.dumps({"floors": floors, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
