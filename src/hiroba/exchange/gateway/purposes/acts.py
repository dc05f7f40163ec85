"""What is done with a purpose: declared, its papers filed, opened, retired. Each act is an event in the log."""

from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.audit.log import Event, append_in
from hiroba.exchange.gateway.officers import Acting, organisation_of
from hiroba.exchange.gateway.purposes import store
from hiroba.exchange.gateway.purposes.model import (
    Definition,
    Outcome,
    Paper,
    Purpose,
    after_filing,
    checked,
    moved,
    parsed,
)


async def declare(conn: Connection, who: Acting, name: str, definition: Definition, organisation: str = "") -> Purpose:
    """A new version of a purpose, a draft."""
    owner = await organisation_of(conn, who, organisation)
    purpose = await store.add(conn, name, owner, checked(definition))
    await _tell(conn, who, purpose, "declared")
    return purpose


async def file(conn: Connection, who: Acting, id_: str, paper: Paper) -> Purpose:
    """Put a paper on file; with the last one that is needed the purpose is a step further."""
    purpose = await _own(conn, who, id_)
    filed = replace(paper, filed_by=who.by, filed=clock.now())
    purpose = await store.file(conn, purpose, filed)
    state = after_filing(purpose.state, [one.kind for one in purpose.papers])
    if state != purpose.state:
        purpose = await store.stand(conn, purpose, state)
    await _tell(conn, who, purpose, f"{paper.kind} of {paper.dated.isoformat()} filed, SHA-256 {paper.sha256}")
    return purpose


async def activate(conn: Connection, who: Acting, id_: str) -> Purpose:
    """Open a purpose: from now on people may be asked for it."""
    purpose = await _own(conn, who, id_)
    state = moved(purpose.state, "active", [paper.kind for paper in purpose.papers])
    purpose = await store.stand(conn, purpose, state)
    await _tell(conn, who, purpose, "opened")
    return purpose


async def retire(conn: Connection, who: Acting, id_: str) -> Purpose:
    """Close a purpose for good. What was granted for it is ended by `grants.endings`, in the same transaction."""
    purpose = await _own(conn, who, id_)
    return await store.stand(conn, purpose, moved(purpose.state, "retired", []))


async def say_outcome(conn: Connection, who: Acting, id_: str, outcome: Outcome) -> Purpose:
    """Say what the data did: people see it beside their consent."""
    purpose = await store.put_outcome(conn, await _own(conn, who, id_), outcome)
    await _tell(conn, who, purpose, "its outcome was told")
    return purpose


async def _own(conn: Connection, who: Acting, id_: str) -> Purpose:
    """A purpose that the one who acts may change, held until the transaction ends."""
    purpose = await store.purpose_of(conn, *parsed(id_), lock="update")
    await organisation_of(conn, who, purpose.organisation)
    return purpose


def event(who: Acting, purpose: Purpose, note: str) -> Event:
    """The line of the log about a purpose: it concerns nobody in particular."""
    return Event(at=clock.now(), kind="acted", purpose=purpose.id, by=who.by, note=note)


async def _tell(conn: Connection, who: Acting, purpose: Purpose, note: str) -> None:
    await append_in(conn, [event(who, purpose, note)])
