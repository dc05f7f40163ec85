"""What the broker asks before it reads or writes for somebody: a protocol, and `Open`, the scratch broker's answer.

The gateway implements the real one; `app.py` hands it in. The broker itself knows no keys and no people: of a tenant of
personal data it knows that nobody enters it but with a `Gate`, and that its reads go through a `Sight`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import msgspec

from hiroba.base.errors import Forbidden

Action = Literal["read", "write", "administer"]
Personal = Literal["closed", "read", "write", "subscribe"]
"""What an operation is where the data are people's; "closed", as each is that says nothing: nobody may, whoever calls."""
Release = Literal["read", "notified"]
"""How somebody's data leave."""
Bind = Callable[[Any, str], str]
"""Gives the placeholder of a value of a PostgreSQL type."""


class PersonalDataClosed(Forbidden):
    """Nothing but the gateway opens a tenant of personal data."""


class Sight(msgspec.Struct, frozen=True):
    """What a call sees of a tenant of personal data: subqueries that stand in every statement where a table stands else.

    In them `{0}`, `{1}` … are `values`, all of them texts, and `{among}` is a condition on whose the rows are.
    """

    entities: str
    """With the columns of `broker.entity`, and `inside`: the id as it lies there. Of those who allow it what they allow,
    named as the caller's sector names them."""
    pasts: str
    """With the columns of `broker.evolution`, `modified`, and `inside`: the id under which the instances lie."""
    value: str
    """The value of a row `h` of `broker.instance` as the caller may read it."""
    among: str
    """The condition that narrows either to some people; `{whose}` is an array of their keys."""
    values: tuple[str, ...]

    def table(self, subquery: str, bind: Bind, whose: Collection[str] | None = None) -> str:
        """A subquery with its values bound, narrowed to people where it is known that only they can be meant."""
        among = "" if whose is None else self.among.format(whose=bind(sorted(whose), "text[]"))
        places = [bind(value, "text") if f"{{{n}}}" in subquery else "" for n, value in enumerate(self.values)]
        return subquery.format(*places, among=among)


class Words(msgspec.Struct, frozen=True):
    """How people who are named in a request are named inside, and the other way round."""

    inside: Mapping[str, str] = {}
    outside: Mapping[str, str] = {}

    @property
    def people(self) -> frozenset[str]:
        """Everybody who is named, by their keys inside."""
        return frozenset(self.inside.values())


class Shown(msgspec.Struct, frozen=True):
    """What an answer tells of one person."""

    subject: str
    """As the caller's sector knows them."""
    types: frozenset[str]
    attributes: frozenset[str]
    """Expanded names; those of one entity's document that are in the answer."""
    note: str = ""


class Gate(Protocol):
    """The way into a tenant of personal data, and out of it, for one call."""

    async def enter(self, texts: Sequence[str]) -> Words:
        """How the people are named inside whom the parts of a request name."""

    def release(
        self, told: Sequence[Shown], named: Collection[str], *, kind: Release = "read"
    ) -> AbstractAsyncContextManager[None]:
        """Around the sending of an answer: entered, what it tells is in the log, and no grant of it can be withdrawn.

        `named` are people whom the call itself named. Where anything of that cannot be done, a Problem: nothing is sent.
        """


class Pass(msgspec.Struct, frozen=True):
    """What a call may do, as far as the broker needs to know."""

    owner: str = ""
    """The organisation that owns what is written."""
    everywhere: bool = False
    """Whether it may write what others own, and under every scope."""
    gate: Gate | None = None
    """The way into a tenant of personal data, where there is one."""
    sight: Sight | None = None
    """What it sees there; without one, nothing."""
    people: frozenset[str] = frozenset()
    """Whose entities it may write there: those of people whom the request names."""

    def must_own(self, owner: str, what: str = "This") -> None:
        """Nothing, or the problem of writing what is another's."""
        if not self.everywhere and owner != self.owner:
            raise Forbidden(f"{what} belongs to another organisation.")


class Access(Protocol):
    """Who calls, and what may they do?"""

    creates_tenants: bool
    """Whether a write to an unknown tenant makes it."""

    async def admit(
        self, action: Action, tenant: str, headers: Mapping[str, str], personal: Personal = "closed"
    ) -> Pass:
        """The pass of this call, or a Problem. `headers` has lower-case names; `personal` is what the operation is there."""

    async def subscriber(self, tenant: str, owner: str) -> Pass | None:
        """The pass of the owner of a subscription in a tenant of personal data, as it is now; None where there is none."""


class Open:
    """Everybody may do everything, but enter a tenant of personal data: a scratch broker on loopback."""

    creates_tenants = True

    async def admit(
        self, action: Action, tenant: str, headers: Mapping[str, str], personal: Personal = "closed"
    ) -> Pass:
        """A pass for all."""
        del action, tenant, headers, personal
        return Pass(everywhere=True)

    async def subscriber(self, tenant: str, owner: str) -> Pass | None:
        """Nobody's."""
        del tenant, owner
        return None
