"""A request that waits for its person: what it needs next, what the person says to it, and the code it ends in."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.organisations import store as registered
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people.store import sessions
from hiroba.exchange.identity.people.subjects import person_of, subject_of
from hiroba.exchange.identity.provider import deciding, hints, telling
from hiroba.exchange.identity.provider.deciding import Here, Step
from hiroba.exchange.identity.provider.requests import Asked
from hiroba.exchange.identity.provider.store import agreements, codes

LIFE: Final = timedelta(minutes=30)
"""How long a person may take to sign in and to agree."""


class RequestOver(NotFound):
    """This sign-in was answered before, or took too long. Go back to the application and begin again."""

    status = 410


class Waiting(msgspec.Struct, frozen=True):
    """A request that waits, with who it is by and what it needs next."""

    id: str
    application: Application
    organisation: Organisation
    asked: Asked
    step: Step
    person: str | None
    known_since: datetime | None
    """When the person agreed before, where they did."""


async def begin(conn: Connection, application: Application, asked: Asked) -> str:
    """A request begins to wait; the secret it is found by."""
    return await codes.add_request(conn, "waiting", application.id, asked, LIFE)


async def look(conn: Connection, issuer: str, id_: str, caller: Caller) -> Waiting:
    """A waiting request, before whoever is signed in; or the problem that there is none."""
    kept = await codes.waiting(conn, id_)
    application = await registered.application(conn, kept.application) if kept else None
    if kept is None or application is None or application.state == "suspended":
        raise RequestOver
    organisation = await registered.organisation(conn, application.organisation)
    assert organisation is not None  # noqa: S101 - an application has one
    person = await sessions.person_of(conn, caller.id) if caller.kind == "resident" else None
    agreement = await agreements.agreement(conn, person, application.id) if person else None
    here = None
    if person is not None and caller.proof is not None:
        here = Here(
            person=person,
            proof=caller.proof,
            agreed=kept.person,
            refused=kept.refused and kept.person == person,
            scope=agreement.scope if agreement else [],
            hinted=await _hinted(conn, issuer, kept.asked, application),
        )
    step = deciding.step(kept.asked, kept.made, here)
    return Waiting(id_, application, organisation, kept.asked, step, person, agreement.given if agreement else None)


async def _hinted(conn: Connection, issuer: str, asked: Asked, application: Application) -> str | None:
    """The person an id_token_hint names."""
    if not asked.id_token_hint:
        return None
    hint = await hints.read(conn, asked.id_token_hint, issuer)
    if hint is None or hint.application != application.id:
        return ""
    return await person_of(conn, hint.subject, application.sector) or ""


async def say(conn: Connection, waiting: Waiting, *, yes: bool) -> None:
    """What the person says. A yes is kept for a year; a no answers this request alone."""
    assert waiting.person is not None  # noqa: S101 - only who is signed in is asked
    await codes.settle(conn, waiting.id, waiting.person, refused=not yes)
    if yes:
        given = await agreements.agree(conn, waiting.person, waiting.application.id, waiting.asked.scope)
        await telling.agreed(conn, waiting.person, waiting.application.id, given.until)


async def code(conn: Connection, waiting: Waiting, caller: Caller) -> str:
    """The code that answers the request, which waits no longer."""
    assert waiting.person is not None  # noqa: S101 - answered for a person alone
    assert caller.proof is not None  # noqa: S101 - who has a session
    subject = await subject_of(conn, waiting.person, waiting.application.sector)
    await codes.end_request(conn, waiting.id, waiting.asked.pushed)
    return await codes.add_code(conn, codes.Code(
        application=waiting.application.id, person=waiting.person, session=caller.id,
        sid=await agreements.sid(conn, caller.id, waiting.application.id, subject),
        asked=waiting.asked, level=caller.proof.level, proved=caller.proof.at, family=None,
    ))  # fmt: skip
