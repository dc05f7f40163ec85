"""Grants by law as offices act on them: propose, approve, lift, and the board's review. Each act is in the log.

While a grant is withheld its lines stand in the chain of that grant, which the person does not see.
"""

from datetime import date

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden
from hiroba.base.ids import ulid
from hiroba.exchange.gateway.grants import law, model
from hiroba.exchange.gateway.grants.consents import NobodyKnown, must_be_active
from hiroba.exchange.gateway.grants.law import Office, Proposal
from hiroba.exchange.gateway.grants.model import Kept, Mode
from hiroba.exchange.gateway.grants.store import offices, sources, versions
from hiroba.exchange.gateway.grants.telling import tell
from hiroba.exchange.gateway.officers import Acting, NoAccount
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people.subjects import translate


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a proposal is about, and from where: `subject` is the person as the office's application knows them."""

    office: str
    purpose: str
    source: str
    subject: str


class Matter(msgspec.Struct, frozen=True):
    """A grant by law with its office and what is known of it besides."""

    kept: Kept
    office: Office
    proceeding: offices.Proceeding


async def propose(conn: Connection, who: Acting, about: About, proposal: Proposal) -> Kept:
    """An officer of a named office states law, case and necessity. Nothing is read before others have approved."""
    office = await _own_office(conn, who, about.office)
    purpose = await must_be_active(conn, about.purpose)
    source = await sources.one(conn, about.source)
    application = await organisations.application(conn, proposal.recipient)
    if application is None or about.purpose not in application.purposes:
        raise Forbidden("That application is not registered for this purpose.")
    sector = application.with_sector().sector
    person = (await translate(conn, [about.subject], sector, source.sector)).get(about.subject)
    if person is None:
        raise NobodyKnown
    now = clock.now()
    grant = law.proposed(purpose, office, proposal, id=ulid(), subject=person, source=source.id, at=now)
    kept = await versions.add(conn, grant, source.tenant, now)
    await offices.propose(conn, grant.id, grant.version, who.by)
    await tell(conn, [("proposed", kept)], by=who.by, note=f"{grant.basis.law}; {office.id}; {grant.basis.case}")
    return kept


async def approve(conn: Connection, who: Acting, id_: str) -> Kept:
    """One more approver: with the second one, or at night with the first, the office may read."""
    matter = await _held(conn, who, id_)
    now = clock.now()
    done = law.approved(
        matter.kept.grant, matter.office, by=who.by, proposer=matter.proceeding.proposed_by, at=now
    )  # fmt: skip
    kept = await versions.stand(conn, matter.kept, done.grant, now)
    await offices.confirm_by(conn, kept.grant.id, kept.grant.version, done.confirm_by)
    begins = kept.grant.state == "active" and matter.kept.grant.state != "active"
    note = "approved at night by one, to be confirmed" if done.confirm_by else ""
    await tell(conn, [("granted" if begins else "approved", kept)], by=who.by, note=note)
    return kept


async def lift(conn: Connection, who: Acting, id_: str) -> list[Kept]:
    """The office, or the board, ends a grant before its time."""
    await _held(conn, who, id_)
    ended = await versions.withdraw(conn, id_, clock.now())
    if not ended:
        raise model.GrantOver
    await tell(conn, [("withdrawn", kept) for kept in ended], by=who.by)
    return ended


async def review(conn: Connection, who: Acting, id_: str, mode: Mode, review_on: date | None, finding: str) -> Kept:  # noqa: PLR0917 - a review's form
    """The board has looked: the person sees it now, from a day on, or not yet, and why."""
    kept = await versions.grant_of(conn, id_, lock=True)
    if not who.office:
        raise NoAccount
    grant = law.reviewed(kept.grant, mode, review_on)
    reviewed = await versions.disclose(conn, kept, grant)
    await offices.review(conn, grant.id, grant.version, who.by, finding, clock.now())
    # told in the chain it was in so far: what is disclosed begins with the next line
    note = f"reviewed by the board: {mode}" + (f", again on {review_on.isoformat()}" if review_on else "")
    await tell(conn, [("reviewed", kept)], by=who.by, note=note)
    return reviewed


async def of_offices(conn: Connection, who: Acting) -> list[Matter]:
    """The grants by law of the offices one acts for, what waits first."""
    ours = {office.id: office for office in await offices.every(conn) if office.organisation == who.office}
    found = await versions.by_office(conn, list(ours))
    known = await offices.proceedings(conn, [kept.grant.id for kept in found])
    return [Matter(kept, ours[kept.grant.basis.office], known[kept.grant.id, kept.grant.version]) for kept in found]


async def _held(conn: Connection, who: Acting, id_: str) -> Matter:
    kept = await versions.grant_of(conn, id_, lock=True)
    proceeding = await offices.proceeding(conn, id_, kept.grant.version)
    return Matter(kept, await _own_office(conn, who, kept.grant.basis.office), proceeding)


async def _own_office(conn: Connection, who: Acting, id_: str) -> Office:
    """An office of the one who acts; who has no account acts for none, and nobody acts for another's."""
    if not who.office:
        raise NoAccount
    office = await offices.one(conn, id_)
    if office.organisation != who.office:
        raise Forbidden("This is another office's.")
    return office
