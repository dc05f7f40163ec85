"""A true export is true to the outside verifier, and whatever is changed in it, or in the tables behind it, is not."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.base.db import Connection, Pool
from hiroba.exchange.audit import store
from hiroba.exchange.audit.events import Data, Event, canonical
from hiroba.exchange.audit.log import Log, append_in
from hiroba.exchange.audit.notes import LOG, Signer
from hiroba.exchange.audit.people.disclosure import disclose, due
from hiroba.exchange.audit.people.export import export
from hiroba.exchange.audit.people.store import erase, seen
from hiroba.exchange.audit.sequencer import Sequencer

pytestmark = pytest.mark.anyio
MOMENT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
VERIFIER = Path(__file__).parents[4] / "docs/security/verify_log.py"


def load() -> ModuleType:
    spec = spec_from_file_location("verify_log", VERIFIER)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verifier = load()


def is_true(data: bytes, **options: object) -> bool:
    """What the program would say; it ends with status 1 for these errors and for no other."""
    try:
        verifier.verify(data, **options)
    except (verifier.Untrue, ValueError, LookupError, TypeError, AttributeError):
        return False
    return True


def run(*files: Path) -> subprocess.CompletedProcess[str]:
    """The program as a person runs it."""
    command = [sys.executable, "-P", VERIFIER, *files]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=files[0].parent)


def read(subject: str, note: str = "", **more: object) -> Event:
    data = [Data("Person", ("birthDate", "allergy"))]
    return Event(MOMENT, "read", subject=subject, recipient="org:clinic/app:booking", data=data, note=note, **more)


@pytest.fixture
async def log(pool: Pool, conn: Connection, key: Signer) -> AsyncIterator[Log]:
    await store.be(conn, key.verifier.line, "")
    sequencer = Sequencer(pool, key)
    sequencer.start()
    made = Log(pool, sequencer.tell)
    yield made
    await made.stop()
    await sequencer.stop()


@pytest.fixture
async def exported(log: Log, pool: Pool, conn: Connection) -> bytes:
    """Of somebody with an ordinary life: reads, a disclosed part, an export in between, others' entries around."""
    held = {"ground": "case@1", "disclosure": "delayed", "review_on": date(2026, 12, 1)}
    for number in range(4):
        await log.append([read("me", "日本語 \u2028 😀"), *(read(f"other{number}") for number in range(9))])
        await log.append([read("me", **held), Event(MOMENT, "refused", subject="me")])
    await export(log, pool, "me")
    async with conn.transaction():
        assert await disclose(conn, "me", "case@1")
    await log.append([read("me")])
    return await export(log, pool, "me")


async def test_a_true_export_is_true(exported: bytes, key: Signer) -> None:
    head, leaves, *_ = verifier.verify(exported, key.verifier.line)
    assert head["subject"] == "me"
    assert len(leaves) == 8 + 1 + 1 + 1 + 1 + 4


async def test_the_program_ends_with_0_or_with_1_and_one_sentence(exported: bytes, tmp_path: Path) -> None:
    true, untrue = tmp_path / "true.ndjson", tmp_path / "untrue.ndjson"
    true.write_bytes(exported)
    untrue.write_bytes(exported.replace(b"allergy", b"allergie", 1))
    done = [run(*files) for files in ([true], [true, true], [untrue], [tmp_path / "none"])]
    assert [one.returncode for one in done] == [0, 0, 1, 1]
    assert done[0].stdout.startswith("True: 16 entries, none missing, none changed")
    assert done[2].stderr == "Not true: entry 1 is not what the log holds.\n"
    assert "Traceback" not in done[3].stderr


def test_the_verifier_imports_nothing_of_ours_and_is_short() -> None:
    text = VERIFIER.read_text()
    assert "hiroba." not in text
    code = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", '"""'))]
    assert len(code) < 140


async def test_any_flipped_bit_is_found(exported: bytes) -> None:
    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, len(exported) * 8 - 1))
    def flip(bit: int) -> None:
        changed = bytearray(exported)
        changed[bit // 8] ^= 1 << bit % 8
        assert not is_true(bytes(changed))

    flip()


async def test_missing_repeated_and_reordered_lines_are_found(exported: bytes) -> None:
    lines = [line + b"\n" for line in exported.split(b"\n")[:-1]]
    numbers = list(range(len(lines)))

    @settings(max_examples=200, deadline=None)
    @given(st.one_of(st.permutations(numbers), st.lists(st.sampled_from(numbers), max_size=len(lines) + 2)))
    def change(order: list[int]) -> None:
        assert is_true(b"".join(lines[number] for number in order)) == (order == numbers)

    change()
    for number in numbers:
        assert not is_true(b"".join(line for place, line in enumerate(lines) if place != number)), number
        swapped = [*lines[:number], *lines[number : number + 2][::-1], *lines[number + 2 :]]
        assert not is_true(b"".join(swapped)) or swapped == lines


async def test_a_value_written_by_someone_else_is_found(exported: bytes) -> None:
    lines = [json.loads(line) for line in exported.split(b"\n")[:-1]]

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def change(data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(lines) - 1))
        part = json.loads(json.dumps(lines[number]))
        place = part["event"] if number and data.draw(st.booleans()) else part
        name = data.draw(st.sampled_from(sorted(place)))
        value = data.draw(st.one_of(st.text(), st.integers(), st.just([]), st.just({}), st.none()))
        if place[name] == value:
            return
        place[name] = value
        changed = [*lines[:number], part, *lines[number + 1 :]]
        assert not is_true(b"".join(verifier.canonical(one) + b"\n" for one in changed))

    change()


async def rebuilt(pool: Pool, conn: Connection, key: Signer) -> None:
    """The log made anew from its entries as they are, chains, leaves, tree and signature: all that a DBA with the key can do."""
    rows = await conn.fetch("select * from audit.entry order by id")
    await conn.execute("truncate audit.entry, audit.leaf, audit.tile, audit.checkpoint, audit.chain, audit.shown")
    for row in rows:
        document = json.loads(row["event"])
        kept = {name: document[name] for name in ("kind", "subject", "recipient", "note") if name in document}
        async with conn.transaction():
            await append_in(conn, [Event(datetime.fromisoformat(document["at"]), **kept)])


Edit = Callable[[Connection], Awaitable[object]]
EDITS: dict[str, Edit] = {
    "altered": lambda conn: conn.execute(
        "update audit.entry set event = convert_to(replace(convert_from(event, 'UTF8'), 'clinic', 'school'), 'UTF8') "
        "where subject = 'me' and number = 2"
    ),
    "deleted": lambda conn: conn.execute("delete from audit.entry where subject = 'me' and number = 2"),
    "deleted and renumbered": lambda conn: conn.execute("""
        delete from audit.entry where subject = 'me' and number = 2;
        update audit.entry set number = number - 1,
               event = convert_to(replace(convert_from(event, 'UTF8'), '"number":' || number, '"number":' || number - 1), 'UTF8')
         where subject = 'me' and number > 2
    """),
    "reordered": lambda conn: conn.execute("""
        update audit.entry a set event = b.event, salt = b.salt from audit.entry b
         where a.subject = 'me' and b.subject = 'me' and a.number = 5 - b.number and a.number in (2, 3)
    """),
    "leaf and event replaced": lambda conn: conn.execute("""
        with changed as (
            update audit.entry set event = convert_to(replace(convert_from(event, 'UTF8'), 'clinic', 'school'), 'UTF8')
             where subject = 'me' and number = 2 returning id, salt, event
        )
        update audit.leaf l set hash = sha256(c.salt || c.event) from changed c where l.entry = c.id
    """),
    "an entry of somebody else put in": lambda conn: conn.execute("""
        update audit.entry a set event = b.event, salt = b.salt from audit.entry b
         where a.subject = 'me' and a.number = 2 and b.subject = 'other' and b.number = 1
    """),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_what_a_dba_changes_in_the_tables_is_found(log: Log, pool: Pool, conn: Connection, edit: Edit) -> None:
    for _ in range(4):
        await log.append([read("me"), read("other")])
    assert is_true(await export(log, pool, "me"))
    await edit(conn)
    assert not is_true(await export(log, pool, "me"))


async def test_a_fork_signed_with_the_log_s_own_key_is_found_by_an_earlier_export(
    pool: Pool, log: Log, conn: Connection, key: Signer, tmp_path: Path
) -> None:
    for note in ("one", "two", "three"):
        await log.append([read("me", note)])
    await export(log, pool, "me")
    kept = tmp_path / "kept.ndjson"
    kept.write_bytes(await export(log, pool, "me"))
    await conn.execute("delete from audit.entry where number = 2")
    await rebuilt(pool, conn, key)
    forked = tmp_path / "forked.ndjson"
    forked.write_bytes(data := await export(log, pool, "me"))
    assert not is_true(data)  # the export within it still names the tree of before
    await conn.execute("delete from audit.entry where kind = 'exported'")
    await rebuilt(pool, conn, key)
    forked.write_bytes(data := await export(log, pool, "me"))
    assert is_true(data)  # nothing in it is wrong by itself …
    done = run(forked, kept)
    assert (done.returncode, done.stderr) == (
        1,
        "Not true: the list does not go on from the earlier export: the log was forked.\n",
    )  # … but it is another one than was shown before


async def test_a_log_that_is_not_the_one_named_is_refused(exported: bytes) -> None:
    assert not is_true(exported, key=Signer("log.test/log", LOG, b"\7" * 32).verifier.line)


async def test_what_is_withheld_leaves_no_trace_in_what_the_person_sees(log: Log, pool: Pool, conn: Connection) -> None:
    """The same life with and without a withheld look: the lists differ in nothing but what is random."""

    def shape(data: bytes) -> list[object]:
        events = [json.loads(line)["event"] for line in data.split(b"\n")[1:-1]]
        return [(event["number"], event["kind"], event.get("ground")) for event in events]

    for subject in ("watched", "plain"):
        await log.append([read(subject)])
        if subject == "watched":
            await log.append([read("watched", ground="case@1", disclosure="withheld")] * 3)
        await log.append([read(subject)])
    watched, plain = await export(log, pool, "watched"), await export(log, pool, "plain")
    assert is_true(watched)
    assert shape(watched) == shape(plain)
    lists = [
        [(row.number, row.kind) for row in await seen(conn, who, MOMENT, MOMENT + timedelta(days=1))]
        for who in ("watched", "plain")
    ]
    assert lists[0] == lists[1]


async def test_what_was_withheld_is_proved_whole_once_it_is_shown(log: Log, pool: Pool, conn: Connection) -> None:
    held = read("me", ground="case@1", disclosure="withheld")
    await log.append([held] * 3)
    assert await disclose(conn, "me", "other@1") is None
    async with conn.transaction():
        await disclose(conn, "me", "case@1")
    data = await export(log, pool, "me")
    _, leaves, *_ = verifier.verify(data)
    assert len(leaves) == 1 + 1 + 3
    await log.append([held])  # what comes later waits again
    assert await disclose(conn, "me", "case@2") is None
    again = await export(log, pool, "me")
    assert len(verifier.verify(again)[1]) == 1 + 1 + 3 + 1
    await conn.execute("delete from audit.entry where ground = 'case@1' and number = 3")
    assert not is_true(await export(log, pool, "me"))  # hiding a part of what was disclosed is found


async def test_a_delay_ends_by_its_day_and_a_withholding_by_a_decision(log: Log, conn: Connection) -> None:
    day = date(2026, 12, 1)
    await log.append([read("a", ground="g@1", disclosure="delayed", review_on=day)])
    await log.append([read("b", ground="g@2", disclosure="withheld", review_on=day)])
    assert await due(conn, day) == []  # the day itself belongs to the delay
    assert [(one.subject, one.ground) for one in await due(conn, day + timedelta(days=1))] == [("a", "g@1")]


async def test_who_is_erased_is_gone_and_everybody_else_s_export_stays_true(
    log: Log, pool: Pool, conn: Connection
) -> None:
    for _ in range(3):
        await log.append([read("gone"), read("stays")])
    before = await export(log, pool, "stays")
    async with conn.transaction():
        assert await erase(conn, "gone") == 3
    assert is_true(before)
    assert is_true(await export(log, pool, "stays"))
    assert await conn.fetchval("select count(*) from audit.entry where subject = 'gone'") == 0
    assert await conn.fetchval("select count(*) from audit.leaf") == 3 + 3 + 2


async def test_a_clock_that_jumps_a_day_changes_no_order_and_no_proof(
    log: Log, pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hiroba.base import clock  # noqa: PLC0415 - the seam itself

    real = clock.now
    for days in (0, 1, -1):
        monkeypatch.setattr(clock, "now", lambda days=days: real() + timedelta(days=days))
        await log.append([Event(clock.now(), "read", subject="me")])
        assert is_true(await export(log, pool, "me"))


async def test_exports_of_many_at_once_are_all_true(log: Log, conn: Connection, pool: Pool) -> None:
    await log.append([read(f"p{number}") for number in range(12)])
    files = await asyncio.gather(*(export(log, pool, f"p{number % 6}") for number in range(12)))
    assert all(is_true(file) for file in files)


def test_a_line_of_the_export_is_the_very_bytes_that_were_hashed() -> None:
    event = canonical(read("me", "日本語 \u2028 \x7f 😀\\/"), 1)
    assert verifier.canonical(json.loads(event)) == event
