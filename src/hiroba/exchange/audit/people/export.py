"""A person's log as a file that an outside program verifies (docs/security/verify_log.py): a line of canonical JSON each.

The first line says whose log it is, who signs, and holds a checkpoint; then one line per entry: the event, its salt, its
position and the proof that it is in the tree. The export is itself an event, the last of the list, so nothing can be cut
off its end unseen; its note is the tree as it was before, so that a later export proves that this tree only grew.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Pool, reading
from hiroba.exchange.audit import store as log_store
from hiroba.exchange.audit.log import Event, Line, Log, LogUnavailable
from hiroba.exchange.audit.people import store
from hiroba.exchange.audit.people.store import Provable
from hiroba.exchange.audit.proofs import consistency_proofs, inclusion_proofs
from hiroba.exchange.audit.store import Stored
from hiroba.exchange.audit.tree.hashing import EMPTY

PATIENCE: Final = 20.0
"""Seconds that an export waits for its own event to be in a signed tree."""
FOR_WITNESSES: Final = 3.0
"""Seconds it then waits for witnesses, where there are any."""
STEP: Final = 0.1
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


async def export(log: Log, pool: Pool, subject: str) -> bytes:
    """The file for the person, up to this moment; `LogUnavailable` where nobody signs the log.

    No connection is held while the tree is waited for.
    """
    async with reading(pool) as conn:
        before = await log_store.latest(conn)
    note = f"{before.size} {before.root.hex()}" if before is not None else f"0 {EMPTY.hex()}"
    (line,) = await log.append([Event(clock.now(), "exported", subject=subject, note=note)])
    head = await _signed(pool, line)
    async with reading(pool) as conn:
        entries = sorted(await store.provable(conn, subject, line.number), key=lambda one: (one.ground, one.number))
        proofs = await inclusion_proofs(conn, [entry.position for entry in entries], head.size)
        events = [msgspec.json.decode(entry.event) for entry in entries]
        olds = {_size(event) for event in events if event["kind"] == "exported"}
        grown = await consistency_proofs(conn, olds, head.size)
        identity = await log_store.identity(conn)
        witnesses = await log_store.witness_keys(conn, head.size)
    first = {
        "checkpoint": head.note,
        "key": identity[0] if identity is not None else "",
        "last": line.leaf.hex(),
        "subject": subject,
        "type": "hiroba-log-export/1",
        "witnesses": witnesses,
    }
    return b"".join(b"%s\n" % _ENCODE(one) for one in (first, *_lines(entries, events, proofs, grown)))


def _lines(
    entries: Sequence[Provable],
    events: Sequence[dict[str, Any]],
    proofs: dict[int, list[bytes]],
    grown: dict[int, list[bytes]],
) -> Iterator[dict[str, Any]]:
    for entry, event in zip(entries, events, strict=True):
        line = {
            "event": event,
            "position": entry.position,
            "proof": [one.hex() for one in proofs[entry.position]],
            "salt": entry.salt.hex(),
        }
        if event["kind"] == "exported":
            line["grown"] = [one.hex() for one in grown[_size(event)]]
        yield line


def _size(event: dict[str, Any]) -> int:
    """Of the tree that an earlier export noted."""
    return int(event["note"].split(" ")[0])


async def _signed(pool: Pool, line: Line) -> Stored:
    """A signed tree that holds the entry; one that witnesses confirmed, where there are witnesses and they come in time."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        waited = loop.time() - began
        async with reading(pool) as conn:
            position = await store.position(conn, line.id)
            confirmed = await log_store.latest_confirmed(conn)
            newest = await log_store.latest(conn)
            watched = await log_store.has_witnesses(conn)
        if position is not None and confirmed is not None and confirmed.size > position:
            return confirmed
        if position is not None and newest is not None and (not watched or waited > FOR_WITNESSES):
            return newest
        if waited > PATIENCE:
            raise LogUnavailable("The log is not signed at this moment. Try again.")
        await asyncio.sleep(STEP)
