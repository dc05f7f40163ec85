"""What subscriptions that do not match cost a write: patches per second with none and with 100,000 of them, in turns.

A third of them names another entity of the patched type, a third another attribute of it, a third another type. They are
put into the scratch house's tables as the broker writes them, and taken out again, so that both figures come from the same
minutes. Last, so many that ask for the very attribute, each with a `q` that does not hold: what looking at one costs.

    hiroba bench subscriptions [--seconds 6] [--clients 64] [--turns 3] [--subscriptions 100000] [--asked 100] [--json FILE]
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import time
from pathlib import Path

import asyncpg
import msgspec

from exchange import VOCABULARY, cpu, fill, house, wrk
from hiroba.base import clock
from hiroba.base.db.cluster import Cluster
from hiroba.base.versions import raise_
from hiroba.exchange.broker.subscriptions import store
from hiroba.exchange.broker.subscriptions.model import (
    Endpoint,
    EntitySelector,
    NotificationParams,
    Stored,
    Subscription,
)
from hiroba.exchange.broker.subscriptions.registry import MEMORY

ENTITIES = 20_000
BATCH = 5_000
SETTLE = 5.0
"""Seconds for the house to hear of what was written to its tables: its bound is one, and it has much to read."""


def other(number: int) -> Stored:
    """A subscription that no patch of the benchmark concerns."""
    kind = number % 3
    selector = EntitySelector(
        type=f"{VOCABULARY}Other{number % 500}" if kind == 2 else f"{VOCABULARY}Bench",  # noqa: PLR2004 - the third third
        id=f"urn:ngsi-ld:Nobody:{number}" if kind == 0 else "",
    )
    watched = f"{VOCABULARY}{f'humidity{number % 100}' if kind == 1 else 'temperature'}"
    return stored(number, selector, watched)


def asking(number: int) -> Stored:
    """A subscription whose `q` must be looked at by every patch, and does not hold."""
    selector = EntitySelector(type=f"{VOCABULARY}Bench")
    return stored(number, selector, f"{VOCABULARY}temperature", f"<{VOCABULARY}temperature>>{10_000_000 + number}")


def stored(number: int, selector: EntitySelector, watched: str, question: str = "") -> Stored:
    """A row of the broker's table."""
    document = Subscription(
        id=f"urn:ngsi-ld:Subscription:{number}",
        entities=(selector,),
        watched_attributes=(watched,),
        q="temperature>10000000" if question else "",
        jsonld_context="https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld",
        notification=NotificationParams(endpoint=Endpoint(uri=f"http://127.0.0.1:9/{number}")),
    )
    return Stored(tenant="", document=document, question=question, created=clock.now(), modified=clock.now())


async def put(data: Path, rows: list[Stored]) -> None:
    """Write subscriptions into the house's table, and let it take notice."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url())
    async with conn.transaction():
        number = await raise_(conn, MEMORY)
        for start in range(0, len(rows), BATCH):
            await store.insert(conn, rows[start : start + BATCH], number)
    await conn.close()


async def clear(data: Path) -> None:
    """Delete all of them."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url())
    async with conn.transaction():
        number = await raise_(conn, MEMORY)
        await conn.execute("update broker.subscription set deleted = true, number = $1", number)
    await conn.close()


def measure(given: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Patches with none, with many that do not match, and with some that must be asked, in turns."""
    plans = {
        "none": [],
        "others": [other(number) for number in range(given.subscriptions)],
        "asked": [asking(number) for number in range(given.asked)],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in plans}
    with house(given.port) as (url, data, pid):
        fill(url, ENTITIES)
        wrk(url, "patch", given.clients, 2, str(ENTITIES))
        for turn in range(given.turns):
            for name in list(plans)[:: 1 if turn % 2 == 0 else -1]:
                asyncio.run(put(data, plans[name]))
                time.sleep(SETTLE)
                used = cpu(pid)
                measured = wrk(url, "patch", given.clients, given.seconds, str(ENTITIES))
                measured["cpu_ms"] = (cpu(pid) - used) * 1000 / max(measured["count"], 1)
                found[name].append(measured)
                asyncio.run(clear(data))
                time.sleep(SETTLE)
    return found


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(
        prog="hiroba bench subscriptions", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--seconds", type=int, default=6)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--subscriptions", type=int, default=100_000)
    options.add_argument("--asked", type=int, default=100)
    options.add_argument("--port", type=int, default=18027)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("hiroba bench needs the load generator wrk. Debian, Ubuntu: apt install wrk")
    found = measure(given)
    titles = {
        "none": "no subscription",
        "others": f"{given.subscriptions:,} that do not match",
        "asked": f"{given.asked:,} whose q must be asked",
    }
    print(f"patches of one attribute, {given.clients} clients, {given.seconds} s each, median of {given.turns} turns\n")
    print(f"{'':32}{'per second':>12}{'p99 ms':>9}{'CPU ms each':>13}{'of none':>9}{'CPU of none':>13}{'failed':>8}")
    none = {key: statistics.median(one[key] for one in found["none"]) for key in ("rate", "cpu_ms")}
    for name, turns in found.items():
        middle = {key: statistics.median(one[key] for one in turns) for key in ("rate", "p99", "cpu_ms", "failed")}
        print(
            f"{titles[name]:32}{middle['rate']:>12,.0f}{middle['p99']:>9.0f}{middle['cpu_ms']:>13.3f}"
            f"{middle['rate'] / none['rate']:>9.2f}{middle['cpu_ms'] / none['cpu_ms']:>13.2f}{middle['failed']:>8.0f}"
        )
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    main()
