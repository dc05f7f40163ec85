"""Grants by law: proposed by an officer of a named office, approved by two others, or by one at night until the next day.

Values and rules, no I/O. Who proposes does not approve; what one approved at night ends by itself unless a second one
confirms it on the next office day.
"""

from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.errors import Forbidden, Invalid
from hiroba.exchange.gateway.grants.model import Basis, Disclosure, Grant, GrantOver, Mode, narrowed
from hiroba.exchange.gateway.purposes.model import Data, Law, Purpose, WrongState

APPROVERS: Final = 2
YEAR_ENDS: Final = ((12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3))
"""Days on which public offices rest by law (行政機関の休日に関する法律1条)."""


class Office(msgspec.Struct, frozen=True):
    """An office that may act under laws."""

    id: str
    organisation: str
    title: dict[str, str]
    opens: time
    closes: time
    weekdays: tuple[int, ...]
    closed: tuple[date, ...]
    recipients: tuple[str, ...]

    def is_open(self, at: datetime) -> bool:
        """Whether the office is at work at this moment."""
        there = at.astimezone(clock.JAPAN)
        return self.works_on(there.date()) and self.opens <= there.time() < self.closes

    def works_on(self, day: date) -> bool:
        """Whether this is one of its office days."""
        rests = (day.month, day.day) in YEAR_ENDS or day in self.closed
        return day.isoweekday() in self.weekdays and not rests

    def next_close(self, at: datetime) -> datetime:
        """The end of the next office day: until then a second approver looks at what one approved."""
        there = at.astimezone(clock.JAPAN)
        begins = there.date() if there.time() < self.opens else there.date() + timedelta(days=1)
        days = (begins + timedelta(days=number) for number in range(370))
        day = next((day for day in days if self.works_on(day)), None)
        if day is None:
            raise Invalid("This office has no office day within a year.")
        return datetime.combine(day, self.closes, clock.JAPAN)


class OwnProposal(Forbidden):
    """Who proposes a grant, or approved it already, does not approve it."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer states: under which law, for which case, why it is necessary, what of the data, for how long."""

    law: str
    case: str
    necessity: str
    recipient: str
    days: int
    data: tuple[Data, ...] | None = None


class Approved(msgspec.Struct, frozen=True):
    """A grant with one more approver, and until when a second one has to confirm it, where that is still to come."""

    grant: Grant
    confirm_by: datetime | None = None


def proposed(
    purpose: Purpose, office: Office, proposal: Proposal, *, id: str, subject: str, source: str, at: datetime  # noqa: A002 - the field's name
) -> Grant:  # fmt: skip
    """The grant as it waits for its approvers; the limits of the law that the purpose names hold."""
    if purpose.state != "active":
        raise WrongState(f"The purpose {purpose.id} is {purpose.state}; only an active one may ask for data.")
    law = law_of(purpose, proposal.law, office.id)
    if proposal.recipient not in office.recipients or proposal.recipient not in purpose.definition.recipients:
        raise Forbidden("Neither this office nor this purpose may read with that application.")
    case, necessity = proposal.case.strip(), proposal.necessity.strip()
    if not case or not necessity:
        raise Invalid("Name the case, and say why its facts cannot be had otherwise.")
    if not 1 <= proposal.days <= law.days:
        raise Invalid(f"Under this law a grant lasts 1 to {law.days} days.")
    return Grant(
        id=id, version=1, subject=subject, source=source, recipient=proposal.recipient, purpose=purpose.id,
        data=narrowed(purpose.definition.data, proposal.data), actions=purpose.definition.actions,
        onward=purpose.definition.onward,
        basis=Basis(kind="law", law=law.law, office=office.id, case=case, necessity=necessity),
        from_=at, until=at + timedelta(days=proposal.days), state="offered",
        disclosure=Disclosure(law.disclosure, at.astimezone(clock.JAPAN).date() + timedelta(days=law.review_days)),
    )  # fmt: skip


def law_of(purpose: Purpose, law: str, office: str) -> Law:
    """The law of a purpose by its words, if this office may act under it."""
    found = next((one for one in purpose.definition.laws if one.law == law), None)
    if found is None:
        raise Invalid(f"The purpose {purpose.id} does not rest on that law.")
    if office not in found.offices:
        raise Forbidden("This office may not act under that law.")
    return found


def approved(grant: Grant, office: Office, *, by: str, proposer: str, at: datetime) -> Approved:
    """The grant with one more approver: active with two, or with one while the office is closed."""
    if grant.state not in ("offered", "active") or len(grant.basis.approvers) >= APPROVERS:
        raise GrantOver(f"This grant is {grant.state}; there is nothing to approve.")
    if at >= grant.until:
        raise GrantOver("The time of this grant is over.")
    if by == proposer or by in grant.basis.approvers:
        raise OwnProposal
    approvers = (*grant.basis.approvers, by)
    signed = replace(grant, basis=replace(grant.basis, approvers=approvers))
    if len(approvers) >= APPROVERS:
        return Approved(_begun(signed, at))
    if not office.is_open(at):
        return Approved(_begun(signed, at), min(office.next_close(at), grant.until))
    return Approved(signed)


def reviewed(grant: Grant, mode: Mode, review_on: date | None) -> Grant:
    """The grant as the board leaves it: shown to the person now, later, or not yet, and looked at again when."""
    if grant.basis.kind != "law":
        raise WrongState("The board reviews grants by law; a consent is the person's own.")
    if mode != "immediate" and review_on is None:
        raise Invalid("What is not shown yet has a day on which the board looks at it again.")
    return replace(grant, disclosure=Disclosure(mode, review_on))


def is_shown(grant: Grant, at: datetime, *, to_self: bool) -> bool:
    """Whether a grant is shown at this moment: what is withheld never, what is delayed from its day on, to the person alone."""
    match grant.disclosure.mode:
        case "immediate":
            return True
        case "delayed":
            day = grant.disclosure.review_on
            return to_self and day is not None and at.astimezone(clock.JAPAN).date() >= day
        case "withheld":
            return False


def _begun(grant: Grant, at: datetime) -> Grant:
    return grant if grant.state == "active" else replace(grant, state="active", from_=max(at, grant.from_))
