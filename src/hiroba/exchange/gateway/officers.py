"""Who acts for an office: the account that approvals and the log name, and the organisation it speaks for."""

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden, Invalid
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people.store import officers


class NoAccount(Forbidden):
    """This is done by an officer with an account of their own, so that it stands for one person."""


class Acting(msgspec.Struct, frozen=True):
    """Somebody who acts for an office: `by` names them in the log, never by the name of a person."""

    by: str
    office: str
    """The organisation as their session says it: the code of a municipality, or `org:…`; empty for the operator."""


async def acting(conn: Connection, caller: Caller) -> Acting:
    """Who this caller is. An officer has an account; the operator is known as such."""
    if caller.kind == "operator":
        return Acting("operator", "")
    account = await officers.of_session(conn, caller.id)
    if account is None:
        raise NoAccount
    return Acting(f"officer:{account.id}", account.organisation)


async def organisations_of(conn: Connection, who: Acting) -> list[str]:
    """The organisations that the one who acts may speak for: the operator for all."""
    every = await organisations.organisations(conn)
    return [one.id for one in every if not who.office or who.office in (one.id, one.owns)]


async def organisation_of(conn: Connection, who: Acting, stated: str = "") -> str:
    """The organisation spoken for: the officer's own; the operator states one."""
    ours = [
        one.id for one in await organisations.organisations(conn) if not who.office or who.office in (one.id, one.owns)
    ]
    if stated:
        if stated not in ours:
            raise Forbidden(f"{stated} is not registered, or you do not speak for it.")
        return stated
    if len(ours) != 1:
        raise Invalid("State the organisation: there is none, or more than one, that you speak for.")
    return ours[0]
