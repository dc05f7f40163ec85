"""The five kinds of caller, declared once for every route: anyone, resident, officer(role), client(purpose), operator."""

from typing import Literal

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Forbidden, Unauthorized
from hiroba.exchange.identity.levels import Level, LevelNeeded, Proof, must_have_level

Kind = Literal["anyone", "resident", "officer", "client", "operator"]


class May(msgspec.Struct, frozen=True):
    """Who may call a route: a kind, and for officers and clients the role or purpose they need."""

    kind: Kind
    name: str = ""


ANYONE = May("anyone")
RESIDENT = May("resident")
OPERATOR = May("operator")


def officer(role: str) -> May:
    """An officer of some municipality who holds `role`."""
    return May("officer", role)


def client(purpose: str) -> May:
    """A program that acts for `purpose`."""
    return May("client", purpose)


class Caller(msgspec.Struct, frozen=True):
    """Somebody at the door, known as far as their key or session tells."""

    kind: Kind = "anyone"
    id: str = ""
    """The key's or session's own name, never a person's."""
    organisation: str = ""
    """The municipality (lg_code) or company acted for; it owns what is written."""
    names: frozenset[str] = frozenset()
    """Roles of an officer, purposes of a client."""
    subject: str = ""
    """The resident, as the sector `door` knows them; "" for everybody else."""
    proof: Proof | None = None
    """How and when the session last showed who it is; None for keys."""
    purpose: str = ""
    """The one purpose of this call of a client, `name@version`; "" where it states none."""

    def is_allowed(self, declared: tuple[May, ...]) -> bool:
        """Whether one of the declared kinds is this caller; the operator may do what an officer may."""
        for may in declared:
            if may.kind == "anyone" or (may.kind == self.kind and (not may.name or may.name in self.names)):
                return True
            if self.kind == "operator" and may.kind == "officer":
                return True
        return False

    def must_be(self, declared: tuple[May, ...]) -> None:
        """Nothing, or the problem that says what is missing."""
        if self.is_allowed(declared):
            return
        wanted = ", ".join(f"{may.kind}({may.name})" if may.name else may.kind for may in declared)
        if self.kind == "anyone":
            raise Unauthorized(f"This is for: {wanted}. Send a key in the Authorization header, or sign in.")
        raise Forbidden(f"This is for: {wanted}; you are known as {self.kind}.")

    def must_have_level(self, wanted: Level) -> None:
        """Nothing, or the problem that asks to show `wanted` (or more) again: for sensitive acts, after `must_be`."""
        if self.proof is None:
            raise LevelNeeded(wanted)
        must_have_level(self.proof, wanted, clock.now())


NOBODY = Caller()
