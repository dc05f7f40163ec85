"""Who may read and write in a tenant that holds nobody's personal data. Pure."""

from collections.abc import Mapping

import msgspec

from hiroba.base.errors import Forbidden, Unauthorized
from hiroba.exchange.broker.access import Action
from hiroba.exchange.identity.callers import Caller


class TenantClosed(Forbidden):
    """This tenant belongs to other organisations."""


class Tenant(msgspec.Struct, frozen=True):
    """What is declared about a tenant."""

    personal: bool = False
    """Whether it holds data of people, which nothing but their grants opens."""
    public: bool = False
    """Whether anyone may read it."""
    members: Mapping[str, bool] = {}
    """The organisations it is open to, as owners of entities are called, and whether each may write."""

    def must_let(self, caller: Caller, action: Action) -> None:
        """Nothing, or the problem that a caller may not do this here; the operator may do anything."""
        if caller.kind == "operator" or (action == "read" and self.public):
            return
        if caller.kind == "anyone":
            raise Unauthorized("This tenant is not public. Send a key in the Authorization header.")
        writes = self.members.get(caller.organisation) if caller.organisation else None
        if writes is None or (action != "read" and not writes):
            raise TenantClosed


CLOSED = Tenant()
"""A tenant about which nothing is declared, or which is not there: both look the same from outside."""
HOME = Tenant(public=True)
"""The region's own: what is laid down there is for everybody, and every organisation may lay down its own."""
