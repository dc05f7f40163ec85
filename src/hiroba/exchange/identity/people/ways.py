"""The ways somebody signs in, together: which proof is asked before one is added or removed, and that one always stays."""

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Conflict
from hiroba.exchange.identity.levels import Level
from hiroba.exchange.identity.people.store import pairs, ways
from hiroba.exchange.identity.people.store.ways import Account, Address, Passkey


class LastWay(Conflict):
    """This is the only way left to sign in. Add another one first."""


class Ways(msgspec.Struct, frozen=True):
    """Every way of one person."""

    passkeys: list[Passkey]
    accounts: list[Account]
    mails: list[Address]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.passkeys) + len(self.accounts) + len(self.mails)

    @property
    def proof(self) -> Level:
        """What is asked to be shown again before a way is added or removed: a passkey or more, or mail where that is all."""
        return "passkey" if self.passkeys or self.accounts else "mail"


async def of(conn: Connection, person: str) -> Ways:
    """The ways of a person."""
    return Ways(
        await ways.passkeys_of(conn, person), await ways.upstream_of(conn, person), await ways.mails_of(conn, person)
    )


async def must_keep_one(conn: Connection, person: str) -> None:
    """Nothing, or LastWay where only one is left."""
    await pairs.hold(conn, person)  # two removals at once do not both find one more
    if (await of(conn, person)).count <= 1:
        raise LastWay
