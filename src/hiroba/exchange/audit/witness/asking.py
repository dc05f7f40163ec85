"""Asking the witnesses of our log to confirm what we have just signed (c2sp.org/tlog-witness), beside the sequencer."""

import asyncio
import logging
from typing import Final

from hiroba.base import clock
from hiroba.base.db import AWAY, Pool, reading, transaction
from hiroba.base.egress import Answer, Egress
from hiroba.base.errors import Problem
from hiroba.exchange.audit import notes, proofs
from hiroba.exchange.audit import store as log_store
from hiroba.exchange.audit.store import Stored
from hiroba.exchange.audit.witness import store
from hiroba.exchange.audit.witness.store import Witness

log = logging.getLogger("hiroba.log")
SECONDS: Final = 5.0
"""A witness has to answer in."""
LONGEST: Final = 1 << 14
OK, CONFLICT, NOT_CONSISTENT = 200, 409, 422


class NotConfirmed(Problem):
    """A witness did not confirm the log."""


class Disagreement(Problem):
    """A witness has seen a tree of this log that is not the one we have."""


class Asking:
    """Asks every witness once for each new checkpoint, the newest only."""

    def __init__(self, pool: Pool, egress: Egress) -> None:
        self._pool = pool
        self._egress = egress
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def tell(self, _: Stored) -> None:
        """There is a new checkpoint."""
        self._new.set()

    async def _run(self) -> None:
        while True:
            await self._new.wait()
            self._new.clear()
            try:
                async with reading(self._pool) as conn:
                    asked = await store.witnesses(conn)
                await asyncio.gather(*(self._ask(witness) for witness in asked))
            except AWAY as error:
                log.warning("witnesses cannot be asked at this moment: %s", error)

    async def _ask(self, witness: Witness) -> None:
        try:
            await confirm(self._pool, self._egress, witness)
        except Problem as problem:
            said = problem.detail or type(problem).__doc__ or ""
            (log.error if isinstance(problem, Disagreement) else log.warning)("witness %s: %s", witness.name, said)
            async with transaction(self._pool) as conn:
                await store.failed(conn, witness.name, said[:500])


async def confirm(pool: Pool, egress: Egress, witness: Witness) -> None:
    """Have a witness confirm the newest checkpoint; a Problem says why it did not."""
    known = witness.size
    for last in (False, True):
        async with reading(pool) as conn:
            newest = await log_store.latest(conn)
            if newest is None or newest.size == known:
                return
            if known > newest.size:
                raise Disagreement(
                    f"It has confirmed a tree of {known}; ours has {newest.size}. A part of the log is gone."
                )
            proof = (await proofs.consistency_proofs(conn, [known], newest.size))[known]
        answer = await _send(egress, witness, known, proof, newest)
        if answer.status == OK:
            line = _line(answer, witness, newest)
            async with transaction(pool) as conn:
                await store.confirmed(conn, witness.name, newest.size, line, clock.now())
            return
        if answer.status != CONFLICT or last:
            said = f"It answered {answer.status} to the tree of {newest.size} behind that of {known}."
            raise (Disagreement if answer.status == NOT_CONSISTENT else NotConfirmed)(said)
        known = notes.number(answer.body.decode(errors="replace").strip())
        async with transaction(pool) as conn:
            await store.stands_at(conn, witness.name, known)


async def _send(egress: Egress, witness: Witness, old: int, proof: list[bytes], newest: Stored) -> Answer:
    lines = [f"old {old}", *(notes.text_of(one) for one in proof), "", newest.signed]
    return await egress.call(
        "POST", f"{witness.url.rstrip('/')}/add-checkpoint", body="\n".join(lines).encode(),
        headers={"Content-Type": "text/plain; charset=utf-8"}, limit=LONGEST, seconds=SECONDS,
    )  # fmt: skip


def _line(answer: Answer, witness: Witness, newest: Stored) -> str:
    """The witness's own line in the answer, if it is right."""
    verifier = notes.verifier(witness.key)
    body, blank, _ = newest.signed.partition("\n\n")
    for line in answer.body.decode(errors="replace").splitlines(keepends=True):
        if line.startswith(f"— {verifier.name} ") and verifier.signed(notes.note(f"{body}{blank}{line}")):
            return line
    raise NotConfirmed("Its answer does not carry its signature.")
