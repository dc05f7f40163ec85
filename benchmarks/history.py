"""The past on this machine: ten million instances, read a hundred at a time, and a million put together by the hour.

Starts a scratch house (`up --open`), fills its history by INSERT … SELECT, and asks over HTTP, one question after the other.
The floor is the same rows asked of PostgreSQL alone, on one connection, with nothing around them.

    hiroba bench history [--instances 10000000] [--series 10] [--questions 300] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import asyncpg

from exchange import house
from hiroba.base.db.cluster import Cluster
from hiroba.exchange.broker.history.store.keeping import make_partition

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=10)
"""Between two instances of one series."""
NAME = "https://uri.etsi.org/ngsi-ld/default-context/temperature"
ONCE = 100
"""Instances of one answer."""
FILL = """
    insert into broker.instance (tenant, path, id, name, instance, at, observed, created, number, value)
    select '', '', 'urn:ngsi-ld:Bench:' || s, $1, lpad(to_hex(n * 100 + s), 26, '0'), moment, moment, $2, number,
           jsonb_build_object('type', 'Property', 'value', number, 'unitCode', 'CEL', 'observedAt',
                              to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
      from generate_series($4::bigint, $5::bigint) n, generate_series(1, $6::int) s,
           lateral (select $2::timestamptz + n * $3::interval as moment, (n * 7919 + s) % 400 / 10.0 as number) v
"""
READ = """
    select value from broker.instance
     where tenant = '' and path = '' and id = $1 and name = $2 and observed >= $3 and observed < $4 order by observed limit 100
"""
HOURLY = """
    select date_bin('1 hour', observed, $3), avg(number) from broker.instance
     where tenant = '' and path = '' and id = $1 and name = $2 and observed is not null group by 1
"""


async def fill(conn: asyncpg.Connection, given: argparse.Namespace) -> float:
    """Write the instances, in the order of time; seconds it took."""
    began, each = time.perf_counter(), given.instances // given.series
    month = BEGIN
    while month <= BEGIN + each * STEP:
        following = (month + timedelta(days=32)).replace(day=1)
        await make_partition(conn, month, following)
        month = following
    for start in range(0, each, 100_000):
        await conn.execute(FILL, NAME, BEGIN, STEP, start, min(start + 100_000, each) - 1, given.series)
    await conn.execute("""
        insert into broker.evolution (tenant, path, id, types, names, created)
        select '', '', 'urn:ngsi-ld:Bench:' || s, array['https://uri.etsi.org/ngsi-ld/default-context/Bench'], array[$1], $2
          from generate_series(1, $3::int) s
    """, NAME, BEGIN, given.series)  # fmt: skip
    await conn.execute("vacuum (analyze) broker.instance")
    return time.perf_counter() - began


def iso(moment: datetime) -> str:
    """A moment as an address has it."""
    return moment.isoformat().replace("+00:00", "Z")


def percentile(seconds: list[float], share: float) -> float:
    """Milliseconds within which that share was answered."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000


def timed(ask: Callable[[], Any]) -> float:
    """Seconds of one question."""
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def must_be_all(found: list[Any]) -> None:
    """Nothing, or the end of a measurement that measured something else."""
    if len(found) != ONCE:
        sys.exit(f"an answer has {len(found)} instances, not {ONCE}")


def windows(given: argparse.Namespace) -> list[tuple[str, datetime]]:
    """An entity and a beginning for each question, the same ones for ours and for the floor."""
    chance, each = random.Random(3), given.instances // given.series  # noqa: S311 - not a secret
    return [
        (f"urn:ngsi-ld:Bench:{chance.randint(1, given.series)}", BEGIN + chance.randrange(max(each - ONCE, 1)) * STEP)
        for _ in range(given.questions)
    ]


def over_http(url: str, given: argparse.Namespace) -> dict[str, float]:
    """Ours: p50 and p95 of a hundred instances by time and of the last hundred, and the hourly average, the best of three."""
    base = f"{url}/ngsi-ld/v1/temporal/entities"

    def read(id_: str, **params: Any) -> Any:
        with urlopen(f"{base}/{id_}?{urlencode(params)}") as answer:  # noqa: S310 - loopback
            return json.loads(answer.read())

    def between(id_: str, start: datetime) -> None:
        found = read(id_, timerel="between", timeAt=iso(start), endTimeAt=iso(start + ONCE * STEP))
        must_be_all(found["temperature"])

    def last(id_: str) -> None:
        must_be_all(read(id_, lastN=ONCE)["temperature"])

    def hourly() -> None:
        read(
            "urn:ngsi-ld:Bench:1", timerel="after", timeAt=iso(BEGIN), format="aggregatedValues",
            aggrMethods="avg", aggrPeriodDuration="PT1H",
        )  # fmt: skip

    plan = windows(given)
    for id_, start in plan[:20]:
        between(id_, start)
    by_time = [timed(lambda one=one: between(*one)) for one in plan]
    latest = [timed(lambda one=one: last(one[0])) for one in plan]
    return {
        "between p50": percentile(by_time, 0.5),
        "between p95": percentile(by_time, 0.95),
        "last p50": percentile(latest, 0.5),
        "last p95": percentile(latest, 0.95),
        "hourly": min(timed(hourly) for _ in range(3)) * 1000,
    }


async def floor(conn: asyncpg.Connection, given: argparse.Namespace) -> dict[str, float]:
    """The same of PostgreSQL alone."""
    spent = []
    for id_, start in windows(given):
        began = time.perf_counter()
        must_be_all(await conn.fetch(READ, id_, NAME, start, start + ONCE * STEP))
        spent.append(time.perf_counter() - began)
    hourly = []
    for _ in range(3):
        began = time.perf_counter()
        await conn.fetch(HOURLY, "urn:ngsi-ld:Bench:1", NAME, BEGIN)
        hourly.append(time.perf_counter() - began)
    return {"between p50": percentile(spent, 0.5), "between p95": percentile(spent, 0.95), "hourly": min(hourly) * 1000}


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Fill a house and ask it."""
    os.environ["HIROBA_TEMPORAL_PAGE"] = "1000"
    with house(given.port) as (url, data, _):
        conn = await asyncpg.connect(Cluster(data / "postgres").url())
        filled = await fill(conn, given)
        bytes_ = await conn.fetchval(
            "select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'broker.instance'::regclass"
        )
        ours = await asyncio.to_thread(over_http, url, given)
        alone = await floor(conn, given)
        await conn.close()
    return {"filled": filled, "bytes": float(bytes_) / given.instances, "ours": ours, "floor": alone}


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(
        prog="hiroba bench history", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--instances", type=int, default=10_000_000)
    options.add_argument("--series", type=int, default=10, help="entities the instances are of; a tenth each")
    options.add_argument("--questions", type=int, default=300)
    options.add_argument("--port", type=int, default=18027)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    made = asyncio.run(measure(given))
    each = given.instances // given.series
    print(
        f"{os.cpu_count()} cores, {given.instances:,} instances of {given.series} entities, {made['bytes']:.0f} bytes each, "
        f"written in {made['filled']:.0f} s\n"
    )
    print(f"{'milliseconds':44}{'p50':>8}{'p95':>8}{'floor p95':>11}{'ours/floor':>12}")
    ours, alone = made["ours"], made["floor"]
    for title, name in (("100 instances between two times", "between"), ("the last 100 instances", "last")):
        p50, p95, least = ours[f"{name} p50"], ours[f"{name} p95"], alone["between p95"]
        print(f"{title:44}{p50:>8.1f}{p95:>8.1f}{least:>11.1f}{p95 / least:>12.1f}")
    title = f"hourly average of {each:,} instances"
    print(f"{title:44}{ours['hourly']:>8.0f}{'':>8}{alone['hourly']:>11.0f}{ours['hourly'] / alone['hourly']:>12.1f}")
    if given.json:
        given.json.write_text(json.dumps(made, indent=2))


if __name__ == "__main__":
    main()
