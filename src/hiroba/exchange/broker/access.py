"""What the broker asks before it reads or writes for somebody: a protocol, and `Open`, the scratch broker's answer.

The gateway implements the real one; `app.py` hands it in. The broker itself knows no keys and no people.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from hiroba.base.errors import Forbidden

Action = Literal["read", "write", "administer"]


class Pass(msgspec.Struct, frozen=True):
    """What a call may do, as far as the broker needs to know."""

    owner: str = ""
    """The organisation that owns what is written."""
    everywhere: bool = False
    """Whether it may write what others own, and under every scope."""

    def must_own(self, owner: str, what: str = "This") -> None:
        """Nothing, or the problem of writing what is another's."""
        if not self.everywhere and owner != self.owner:
            raise Forbidden(f"{what} belongs to another organisation.")


class Access(Protocol):
    """Who calls, and what may they do?"""

    creates_tenants: bool
    """Whether a write to an unknown tenant makes it."""

    async def admit(self, action: Action, tenant: str, headers: Mapping[str, str]) -> Pass:
        """The pass of this call, or a Problem. `headers` has lower-case names."""


class Open:
    """Everybody may do everything: a scratch broker on loopback."""

    creates_tenants = True

    async def admit(self, action: Action, tenant: str, headers: Mapping[str, str]) -> Pass:
        """A pass for all."""
        del action, tenant, headers
        return Pass(everywhere=True)
