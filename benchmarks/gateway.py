"""What a consented read costs with a million permits in the table: of one person by id, and of the hundred who allow it.

A closed house with a tenant of personal data. Each read is joined with the permits, rewritten to the reader's own names, and
logged per person before it leaves. The floor is the database alone doing the same to rows: one entity read by its key, one
chain advanced, one entry and one leaf written, a hundred people to a transaction, with nothing around it.

    hiroba bench gateway [--seconds 8] [--clients 64] [--people 100000] [--permits 1000000] [--json FILE]
"""

import argparse
import asyncio
import hashlib
import json
import os
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

import asyncpg

from exchange import FLOOR_SECONDS, VOCABULARY, cpu, wrk
from hiroba.base.db.cluster import Cluster

TENANT = "bench_people"
PURPOSE = "bench.read@1"
KEY = "the-key-of-the-benchmark"
KEY_OF_GROUP = "the-key-of-the-group"
TOGETHER = 100
"""People of one release: what the larger bar is about."""
SUBJECT = "translate(encode(sha256(convert_to({0}, 'UTF8')), 'base64'), '+/=', '-_')"


@contextmanager
def house(port: int) -> Iterator[tuple[str, Path, int]]:
    """A closed house without a sample: its address, its data, its process."""
    data = Path(tempfile.mkdtemp(prefix="hiroba-bench-"))
    command = [sys.executable, "-m", "hiroba", "up", "--sample", "none", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ours
    try:
        while not (data / "run.json").exists():
            if process.poll() is not None:
                sys.exit("the house did not start; the reason stands above")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", data, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)


async def fill(data: Path, people: int, permits: int) -> list[str]:
    """Put people, their entities and permits into the tables; the ids of some by which the reader knows them."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url(), command_timeout=600)
    async with conn.transaction():
        await conn.execute("insert into broker.tenant (name, personal) values ($1, true)", TENANT)
        await conn.execute("insert into identity.organisation (id, title) values ('org:bench', '{\"ja\": \"bench\"}')")
        for name, key in (("reader", KEY), ("group", KEY_OF_GROUP)):
            await conn.execute(
                """insert into identity.application (id, organisation, title, sector, auth_method, purposes)
                   values ($1, 'org:bench', '{"ja": "bench"}', 'app:' || $1, 'none', array[$2])""",
                name, PURPOSE,
            )  # fmt: skip
            await conn.execute(
                """insert into identity.key (id, sha256, kind, organisation, names, title, application)
                   values ($1, $2, 'client', 'org:bench', array[$3], 'bench', $1)""",
                name, hashlib.sha256(key.encode()).digest(), PURPOSE,
            )  # fmt: skip
        await conn.execute(
            "insert into identity.pair_key (epoch, secret) values (1, sha256('bench')) on conflict do nothing"
        )
        await conn.execute(
            "insert into identity.person (id) select 'p' || n from generate_series(1, $1::int) n", people
        )
        for sector in (f"tenant:{TENANT}", "app:reader", "app:group", "log"):
            await conn.execute(
                f"""insert into identity.pair (sector, person, epoch, subject)
                    select $2, 'p' || n, 1, {SUBJECT.format("$2 || n")} from generate_series(1, $1::int) n""",  # noqa: S608
                people, sector,
            )  # fmt: skip
        await conn.execute(
            f"""
            insert into broker.entity (tenant, path, id, types, owner, doc, facts, created, modified, subject)
            select $2, '', 'urn:ngsi-ld:Person:' || subject, array['{VOCABULARY}Person'], 'org:bench', doc, doc, now(), now(),
                   subject
              from generate_series(1, $1::int) n,
                   lateral (select {SUBJECT.format("'tenant:' || $2 || n")} as subject) s,
                   lateral (select jsonb_build_object('{VOCABULARY}birthDate', jsonb_build_array(jsonb_build_object(
                                'type', 'Property', 'value', '1950-04-01', 'createdAt', '2026-01-01T00:00:00Z',
                                'modifiedAt', '2026-01-01T00:00:00Z')),
                            '{VOCABULARY}allergy', jsonb_build_array(jsonb_build_object(
                                'type', 'Property', 'value', 'buckwheat', 'createdAt', '2026-01-01T00:00:00Z',
                                'modifiedAt', '2026-01-01T00:00:00Z'))) as doc) d
            """,  # noqa: S608 - constants
            people, TENANT,
        )  # fmt: skip
        await conn.execute("alter table gateway.permit disable trigger permitted")  # all names are there already
        await conn.execute(
            f"""
            insert into gateway.permit
            select $2, {SUBJECT.format("'tenant:' || $2 || (n % $1 + 1)")},
                   case when n < $1 then 'reader' else 'other' || n / $1 end, $4, '{VOCABULARY}Person',
                   array['{VOCABULARY}birthDate'], now() - interval '1 day', now() + interval '1 year', 'g' || n, 1
              from generate_series(0, $3::int - 1) n
             union all
            select $2, {SUBJECT.format("'tenant:' || $2 || n")}, 'group', $4, '{VOCABULARY}Person',
                   array['{VOCABULARY}birthDate'], now() - interval '1 day', now() + interval '1 year', 'h' || n, 1
              from generate_series(1, {TOGETHER}) n
            """,  # noqa: S608 - constants
            people, TENANT, permits, PURPOSE,
        )  # fmt: skip
        await conn.execute("alter table gateway.permit enable trigger permitted")
    await conn.execute("analyze")
    await conn.execute("checkpoint") if await conn.fetchval(
        "select rolsuper from pg_roles where rolname = user"
    ) else None
    rows = await conn.fetch("select subject from identity.pair where sector = 'app:reader' limit 20000")
    await conn.close()
    return [f"urn:ngsi-ld:Person:{row['subject']}" for row in rows]


async def floor(data: Path) -> float:
    """People per second of the database alone."""
    conn = await asyncpg.connect(Cluster(data / "postgres").url())
    await conn.execute("create table public.chain (like audit.chain including all)")
    await conn.execute("create table public.entry (like audit.entry including defaults including indexes)")
    await conn.execute("create table public.leaf (like audit.leaf including all)")
    keys = [row["id"] for row in await conn.fetch("select id from broker.entity where tenant = $1 limit 20000", TENANT)]
    read = await conn.prepare("select doc from broker.entity where tenant = $1 and path = '' and id = any($2::text[])")
    advance = await conn.prepare("""
        insert into public.chain (subject, number, leaf) select s, 1, sha256(s::bytea) from unnest($1::text[]) s
        on conflict (subject, ground) do update set number = chain.number + 1, leaf = excluded.leaf
    """)
    write = await conn.prepare("""
        with written as (
            insert into public.entry (id, subject, number, at, kind, event, salt)
            select $2 + n, s, $2 + n, now(), 'read', convert_to(repeat('x', 300), 'UTF8'), '\\x00112233445566778899aabbccddeeff'
              from unnest($1::text[]) with ordinality u (s, n) returning id
        ) insert into public.leaf (entry, hash) select id, sha256(id::text::bytea) from written
    """)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < FLOOR_SECONDS:
        start = done % (len(keys) - TOGETHER)
        chosen = keys[start : start + TOGETHER]
        async with conn.transaction():
            await read.fetch(TENANT, chosen)
            await advance.fetch(chosen)
            await write.fetch(chosen, done)
        done += TOGETHER
    rate = done / (time.perf_counter() - began)
    await conn.close()
    return rate


def measure(given: argparse.Namespace) -> tuple[float, list[dict[str, Any]]]:
    """The floor and a row per read."""
    with house(given.port) as (url, data, pid):
        ids = asyncio.run(fill(data, given.people, given.permits))
        one, all_ = data / "one.txt", data / "all.txt"
        one.write_text("".join(f"/ngsi-ld/v1/entities/{id_}\n" for id_ in ids))
        all_.write_text(f"/ngsi-ld/v1/entities?type=Person&limit={TOGETHER}\n")
        rows = []
        plans = (
            ("of one person, by id", KEY, one, 1, 1500),
            (f"of {TOGETHER} people", KEY_OF_GROUP, all_, TOGETHER, 80),
        )
        for operation, key, paths, people, bar in plans:
            wrk(url, "consented", given.clients, 2, key, TENANT, str(paths))
            used = cpu(pid)
            measured = wrk(url, "consented", given.clients, given.seconds, key, TENANT, str(paths))
            each = (cpu(pid) - used) * 1000 / max(measured["count"], 1)
            rows.append({"operation": operation, "cpu_ms": each, "people": people, "bar": bar, **measured})
        return asyncio.run(floor(data)), rows


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(
        prog="hiroba bench gateway", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--permits", type=int, default=1_000_000)
    options.add_argument("--port", type=int, default=18036)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("hiroba bench needs the load generator wrk. Debian, Ubuntu: apt install wrk")
    lowest, rows = measure(given)
    print(
        f"{os.cpu_count()} cores, {given.clients} clients, {given.permits:,} permits, {given.people:,} people, "
        f"{given.seconds} s each, durable"
    )
    print(f"floor: {lowest:,.0f} people/s read and logged by the database alone\n")
    print(
        f"{'consented read':24}{'per second':>12}{'bar':>8}{'people/s ÷ floor':>18}{'p99 ms':>9}{'CPU ms each':>13}{'failed':>8}"
    )
    for row in rows:
        ratio = row["rate"] * row["people"] / lowest
        print(
            f"{row['operation']:24}{row['rate']:>12,.0f}{row['bar']:>8,}{ratio:>18.3f}{row['p99']:>9.0f}"
            f"{row['cpu_ms']:>13.3f}{row['failed']:>8.0f}"
        )
    if given.json:
        given.json.write_text(json.dumps({"floor": lowest, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
