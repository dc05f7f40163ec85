"""Mandates: who may act for whom, in which matter, from and until.

A proxy is invited by the person, a guardian of a child by an officer who checked papers; the one who will act accepts with a
one-time code, signed in. So nobody looks anybody up. Everyone outside this room speaks of people by their subject in `door`.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Invalid, NotFound
from hiroba.base.ids import ALPHABET, ulid
from hiroba.exchange.identity import store
from hiroba.exchange.identity.people.recovery import LETTERS, NoPapers, written
from hiroba.exchange.identity.people.store import mandates, pairs
from hiroba.exchange.identity.people.store.mandates import Kind, Mandate
from hiroba.exchange.identity.people.subjects import DOOR, PersonUnknown, person_of, subject_of, subjects_of
from hiroba.exchange.identity.people.telling import MANDATE_ACCEPTED, MANDATE_ENDED, Told, tell

INVITED: Final = timedelta(days=7)
"""How long an invitation waits to be accepted."""
SHOWN: Final = 60
"""Characters of what one is called to the other."""
BASIS: Final = 300
LONGEST: Final = timedelta(days=366 * 18)
"""No mandate is longer; a child's ends with its coming of age."""


class InvitationSpent(NotFound):
    """This invitation was accepted before, withdrawn, is too old, or is not right."""


class WrongDay(Invalid):
    """The last day must lie ahead, and within eighteen years."""


class NoName(Invalid):
    """Say what the other one knows the person by."""


class NoLastDay(Invalid):
    """A guardian's mandate needs a last day."""


class OwnMandate(Conflict):
    """Nobody needs a mandate for themselves."""


class NoMandate(NotFound):
    """There is no such mandate."""


class Authority(msgspec.Struct, frozen=True):
    """On what ground somebody acts: for themselves, or by a mandate, named by its id."""

    given_by: Literal["self", "guardian", "proxy"]
    mandate: str = ""


class Represented(msgspec.Struct, frozen=True):
    """A person whom an actor may act for, as the actor sees it; `subject` is that person in the sector `door`."""

    mandate: str
    kind: Kind
    subject: str
    shown: str
    matters: list[str]
    valid_from: datetime
    valid_until: datetime | None


async def may_act(
    conn: Connection, actor_subject: str, for_subject: str, matter: str, at: datetime | None = None
) -> Authority | None:
    """On what ground the actor may act for the other in a matter, or None. Both are subjects of the sector `door`.

    `matter` is what mandates are given for, for example a purpose without its version (`health.checkup`). At `at`, or now.
    """
    if actor_subject == for_subject:
        return Authority("self") if await person_of(conn, actor_subject, DOOR) else None
    found = await mandates.between(conn, actor_subject, for_subject, matter, at or clock.now())
    return None if found is None else Authority(found.kind, found.id)


async def represented_by(conn: Connection, actor_subject: str) -> list[Represented]:
    """Everybody the actor may act for now, by a mandate."""
    actor = await person_of(conn, actor_subject, DOOR)
    if actor is None:
        return []
    held = [one for one in await mandates.of_actor(conn, actor) if one.runs(clock.now())]
    subjects = await subjects_of(conn, {one.person for one in held}, DOOR)
    return [
        Represented(
            one.id, one.kind, subjects[one.person], one.person_shown, one.matters, one.valid_from, one.valid_until
        )
        for one in held
    ]


async def invite_proxy(
    conn: Connection, subject: str, *, shown: str, matters: Sequence[str], until: datetime | None
) -> str:
    """The code by which a proxy accepts to act for `subject` in `matters` (none: every matter), from now on."""
    person = await person_of(conn, subject, DOOR)
    if person is None:
        raise PersonUnknown
    return await _invite(conn, _new("proxy", person, shown, until, sorted(set(matters))))


async def invite_guardian(
    conn: Connection, organisation: str, *, shown: str, until: datetime, basis: str, child: str = ""
) -> str:
    """The code by which a guardian accepts a child's mandate, recorded by an officer; a child without an account gets one.

    `child` is the number of the child's account, or "". `until` is at the latest when it comes of age.
    """
    if not basis.strip():
        raise NoPapers("Say which papers were checked.")
    person = await pairs.person_with(conn, written(child)) if child.strip() else await pairs.add_person(conn)
    if person is None:
        raise PersonUnknown("No account has this number.")
    mandate = _new("guardian", person, shown, until, [])
    return await _invite(conn, replace(mandate, basis=basis.strip()[:BASIS], organisation=organisation))


async def look(conn: Connection, code: str) -> Mandate:
    """What an invitation is about, without accepting it."""
    found = await mandates.invited(conn, store.digest(written(code)), clock.now())
    if found is None:
        raise InvitationSpent("Ask for a new one.")
    return found


async def accept(conn: Connection, code: str, actor_subject: str, shown: str) -> Mandate:
    """Take a mandate on, as the one who acts."""
    mandate = await look(conn, code)
    actor = await person_of(conn, actor_subject, DOOR)
    if actor is None:
        raise PersonUnknown
    if actor == mandate.person:
        raise OwnMandate("This invitation is for somebody else to accept.")
    if not await mandates.accept(conn, mandate.id, actor, _called(shown), clock.now()):
        raise InvitationSpent("Ask for a new one.")
    await _tell(conn, mandate, actor, MANDATE_ACCEPTED, mandate.organisation)
    return mandate


async def end(conn: Connection, mandate: str, subject: str) -> Mandate:
    """End a mandate: either side may; from the next question on it is over. A guardian's is ended by the actor or an office."""
    person = await person_of(conn, subject, DOOR)
    ended = await mandates.end(conn, mandate, person, clock.now()) if person else None
    if ended is None:
        raise NoMandate
    await _tell(conn, ended, ended.actor, MANDATE_ENDED, "")
    return ended


async def of(conn: Connection, subject: str) -> tuple[list[Mandate], list[Mandate]]:
    """The mandates somebody holds and the ones they gave, open invitations among these."""
    person = await person_of(conn, subject, DOOR)
    if person is None:
        return [], []
    now = clock.now()
    held = [one for one in await mandates.of_actor(conn, person) if not one.over(now)]
    given = [one for one in await mandates.of_person(conn, person) if not one.over(now)]
    return held, given


async def subject_represented(conn: Connection, mandate: Mandate) -> str:
    """The subject in `door` of whom a mandate is about."""
    return await subject_of(conn, mandate.person, DOOR)


def _new(kind: Kind, person: str, shown: str, until: datetime | None, matters: list[str]) -> Mandate:
    """A mandate that waits to be accepted."""
    now = clock.now()
    if until is not None and not now < until <= now + LONGEST:
        raise WrongDay
    return Mandate(
        id=ulid(), kind=kind, person=person, actor=None, matters=matters, valid_from=now, valid_until=until,
        person_shown=_called(shown), actor_shown="", basis="", organisation="", invited_until=now + INVITED,
        accepted=None, ended=None,
    )  # fmt: skip


async def _invite(conn: Connection, mandate: Mandate) -> str:
    """Keep the mandate; the code by which it is accepted."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    await mandates.add(conn, mandate, store.digest(code), clock.now())
    return code


async def _tell(conn: Connection, mandate: Mandate, actor: str | None, kind: str, office: str) -> None:
    """A line for each side, which names the other as that side knows them."""
    told = [Told(mandate.person, kind, by=office, note=f"{mandate.kind} {mandate.id}")]
    if actor is not None:
        told.append(Told(actor, kind, by=office, note=f"{mandate.kind} {mandate.id}: {mandate.person_shown}"))
    await tell(conn, *told)


def _called(shown: str) -> str:
    called = " ".join(shown.split())
    if not called or not called.isprintable():
        raise NoName
    return called[:SHOWN]
