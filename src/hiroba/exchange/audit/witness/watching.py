"""The witness we are for others: we confirm a log's tree if it begins with the one we confirmed before (c2sp.org/tlog-witness).

What we have seen is written before we answer, in one transaction with the check: a log that shows two trees gets our
name under one of them only.
"""

from datetime import datetime

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.notes import Checkpoint, Note, Signer
from hiroba.exchange.audit.tree.hashing import EMPTY, is_consistent
from hiroba.exchange.audit.witness import store
from hiroba.exchange.audit.witness.store import Watched

MOST_HASHES = 63


class UnknownLog(NotFound):
    """This witness does not watch that log."""


class NotSigned(Forbidden):
    """The log that the checkpoint names did not sign it."""


class OtherSize(Conflict):
    """The last tree that this witness has confirmed is another one."""

    def __init__(self, size: int) -> None:
        super().__init__(f"It has {size} leaves.")
        self.size = size


class NotConsistent(Problem):
    """The tree does not begin with the one that this witness has confirmed."""

    status = 422


class Request(msgspec.Struct, frozen=True):
    """What a log asks: confirm this, as it begins with the tree of `old`."""

    old: int
    proof: list[bytes]
    note: Note
    text: str
    """Of the checkpoint, with its signatures."""
    head: Checkpoint


def request(body: str) -> Request:
    """Read the body of add-checkpoint."""
    first, blank, text = body.partition("\n\n")
    size, *hashes = first.split("\n")
    if not blank or not size.startswith("old ") or len(hashes) > MOST_HASHES:
        raise Invalid("Send `old SIZE`, the proof, a hash to a line, an empty line and the checkpoint.")
    proof = [notes.bytes_of(one) for one in hashes]
    if any(len(one) != len(EMPTY) for one in proof):
        raise Invalid("A hash of the proof has another length than SHA-256.")
    note = notes.note(text)
    asked = Request(notes.number(size[4:]), proof, note, text, notes.checkpoint(note.body))
    if asked.old > asked.head.size:
        raise Invalid("The old tree is larger than the new one.")
    return asked


async def add_checkpoint(conn: Connection, asked: Request, key: Signer, now: datetime) -> str:
    """Confirm a checkpoint: our signature line."""
    log = await store.watched(conn, asked.head.origin)
    if log is None:
        raise UnknownLog
    if not notes.verifier(log.key).signed(asked.note):
        raise NotSigned
    if asked.old != log.size:
        raise OtherSize(log.size)
    if not _goes_on(log, asked):
        raise NotConsistent
    line = key.cosign(asked.note.body, int(now.timestamp()))
    own = "".join(f"{one}\n" for one in asked.text.split("\n") if one.startswith(f"— {log.origin} "))
    note = f"{asked.note.body}\n{own}{line}"
    await store.saw(conn, Watched(log.origin, log.key, asked.head.size, asked.head.root, note))
    return line


def _goes_on(log: Watched, asked: Request) -> bool:
    """Whether the tree is the one we know, grown."""
    if not asked.head.size and asked.head.root != EMPTY:
        return False
    return is_consistent(log.size, log.root or EMPTY, asked.head.size, asked.head.root, asked.proof)
