"""A grant and its life: offered → active → withdrawn | expired | superseded. Values and rules, no I/O.

The shape on the wire is fixed. A grant has an id and versions: what a version says never changes, only how it stands.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hiroba.base.errors import Conflict, Forbidden, Invalid
from hiroba.exchange.gateway.purposes.model import Data, Ground, Purpose, WrongState

State = Literal["offered", "active", "withdrawn", "expired", "superseded"]
GivenBy = Literal["self", "guardian", "proxy"]
Authn = Literal["passkey", "upstream"]
Mode = Literal["immediate", "delayed", "withheld"]

OFFER_LIFE: Final = timedelta(days=30)
"""How long an offer waits for an answer, and how soon the same may be asked again of somebody who refused it."""

NEXT: Final[Mapping[State, frozenset[State]]] = {
    "offered": frozenset({"active", "withdrawn", "expired", "superseded"}),
    "active": frozenset({"withdrawn", "expired", "superseded"}),
    "withdrawn": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
}


class Basis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The ground: the person's consent, or a law with act, article and item, the office that may act, and why it must."""

    kind: Ground
    law: str = ""
    office: str = ""
    case: str = ""
    necessity: str = ""
    approvers: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person was shown before they agreed."""

    version: str
    sha256: str
    lang: str


class Disclosure(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename={"review_on": "reviewOn"}
):
    """When the person may see this grant, and when the board looks at it again."""

    mode: Mode
    review_on: date | None = None


class Grant(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
    rename={"from_": "from", "given_by": "givenBy"},
):  # fmt: skip
    """One version of a grant."""

    id: str
    version: int
    subject: str
    """The person's pairwise key in the sector of the source's tenant."""
    source: str
    recipient: str
    """The application, by its client id: `org:clinic/app:booking`."""
    purpose: str
    data: tuple[Data, ...]
    actions: tuple[str, ...]
    onward: str
    basis: Basis
    from_: datetime
    until: datetime
    state: State
    notice: Notice | UnsetType = UNSET
    given_by: GivenBy | UnsetType = UNSET
    authn: Authn | UnsetType = UNSET
    disclosure: Disclosure

    @property
    def ground(self) -> str:
        """How the log names it: `id@version`."""
        return f"{self.id}@{self.version}"

    @property
    def is_over(self) -> bool:
        """Whether nothing can become of it any more."""
        return not NEXT[self.state]


class Kept(msgspec.Struct, frozen=True):
    """A grant as it is kept: in which tenant its data are, and when it was made, decided and ended."""

    grant: Grant
    tenant: str
    made: datetime
    decided: datetime | None
    ended: datetime | None


class GrantOver(Conflict):
    """This grant does not stand any more."""


class MoreThanOffered(Invalid):
    """A person can agree to less than was offered, never to more."""


def offer(
    purpose: Purpose, *, id: str, version: int, subject: str, source: str, recipient: str, organisation: str, at: datetime,  # noqa: A002 - the field's name
    until: datetime | None = None, data: tuple[Data, ...] | None = None,
) -> Grant:  # fmt: skip
    """What a person is asked to agree to: all of an active purpose, or the part of it that the recipient needs."""
    if purpose.state != "active":
        raise WrongState(f"The purpose {purpose.id} is {purpose.state}; only an active one may ask for data.")
    definition = purpose.definition
    if "consent" not in definition.grounds:
        raise WrongState("This purpose does not rest on consent.")
    if not definition.may_receive(organisation, recipient):
        raise Forbidden("This application is no recipient of that purpose.")
    latest = at + timedelta(days=definition.lasts_days)
    return Grant(
        id=id, version=version, subject=subject, source=source, recipient=recipient, purpose=purpose.id,
        data=narrowed(definition.data, data), actions=definition.actions, onward=definition.onward,
        basis=Basis(kind="consent"), from_=at, until=_within(until or latest, at, latest), state="offered",
        disclosure=Disclosure("immediate"),
    )  # fmt: skip


def agreed(
    grant: Grant, *, at: datetime, notice: Notice, given_by: GivenBy, authn: Authn,
    data: tuple[Data, ...] | None = None, until: datetime | None = None,
) -> Grant:  # fmt: skip
    """The grant as the person agrees to it: all that was offered or less of it, for as long as was offered or shorter."""
    _must(grant, "active")
    if grant.basis.kind != "consent":
        raise WrongState("A grant by law needs no consent.")
    if at >= grant.until:
        raise GrantOver("The time of this offer is over.")
    begins = max(at, grant.from_)
    return replace(
        grant, state="active", data=narrowed(grant.data, data), from_=begins,
        until=_within(until or grant.until, begins, grant.until), notice=notice, given_by=given_by, authn=authn,
    )  # fmt: skip


def covers(grant: Grant, data: tuple[Data, ...]) -> bool:
    """Whether all of `data` is in the grant."""
    there = {(part.type, attr) for part in grant.data for attr in part.attrs}
    return all((part.type, attr) in there for part in data for attr in part.attrs)


def withdrawn(grant: Grant) -> Grant:
    """The grant taken back, or the offer refused."""
    _must(grant, "withdrawn")
    return replace(grant, state="withdrawn")


def expired(grant: Grant, at: datetime) -> Grant:
    """The grant whose time is over."""
    _must(grant, "expired")
    if at < grant.until:
        raise WrongState("The time of this grant is not over.")
    return replace(grant, state="expired")


def superseded(grant: Grant, by: Grant) -> Grant:
    """The grant whose place a later version of it has taken: once that is active; an offer also by a later offer."""
    _must(grant, "superseded")
    takes_over = by.state == "active" or (grant.state, by.state) == ("offered", "offered")
    if by.id != grant.id or by.version <= grant.version or not takes_over:
        raise WrongState("A grant is superseded by a later version of itself that is active.")
    return replace(grant, state="superseded")


def narrowed(offered: tuple[Data, ...], wanted: tuple[Data, ...] | None) -> tuple[Data, ...]:
    """`wanted`, each type once and in the order of what was offered; MoreThanOffered, or Invalid where nothing is left."""
    if wanted is None:
        return offered
    asked: dict[str, set[str]] = {}
    for part in wanted:
        asked.setdefault(part.type, set()).update(part.attrs)
    there = {part.type: set(part.attrs) for part in offered}
    if any(not attrs <= there.get(type_, set()) for type_, attrs in asked.items()):
        raise MoreThanOffered
    parts = ((part.type, tuple(attr for attr in part.attrs if attr in asked.get(part.type, ()))) for part in offered)
    left = tuple(Data(type_, attrs) for type_, attrs in parts if attrs)
    if not left:
        raise Invalid("To agree to nothing is to refuse: choose at least one item, or refuse.")
    return left


def _must(grant: Grant, to: State) -> None:
    if to not in NEXT[grant.state]:
        raise GrantOver(f"This grant is {grant.state}.")


def _within(until: datetime, earliest: datetime, latest: datetime) -> datetime:
    if not earliest < until <= latest:
        raise Invalid(f"The end lies after the beginning and no later than {latest:%Y-%m-%d}.")
    return until
