"""Signing in at the upstream provider: there and back. No database transaction waits while the provider is asked."""

from typing import Any, Literal

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.params import FromQuery
from litestar.response import Redirect

from hiroba.base.db import Connection, transaction
from hiroba.base.errors import Conflict, NotFound
from hiroba.door.account import coming
from hiroba.door.account.coming import Asked
from hiroba.door.account.recovery import recovered
from hiroba.exchange.identity.callers import ANYONE, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import ways
from hiroba.exchange.identity.people.store import attempts, pairs
from hiroba.exchange.identity.people.store import ways as way_rows
from hiroba.exchange.identity.people.telling import WAY_ADDED, Told
from hiroba.exchange.identity.people.upstream import Pending, Upstream, UpstreamRefused

RETURN = "/sign-in/upstream/return"
Errand = Literal["enter", "add", "recover"]


class NoUpstream(NotFound):
    """This house has no upstream sign-in."""


class AccountTaken(Conflict):
    """This sign-in belongs to another account."""


class Journey(msgspec.Struct, frozen=True):
    """What was begun, for whom, and what the answer must fit."""

    errand: Errand
    next: str
    pending: Pending
    person: str | None = None
    code: str = ""


@get("/sign-in/upstream", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def begin(
    request: Asked, state: State, caller: GivenCaller,
    errand: FromQuery[Errand] = "enter", next: FromQuery[str] = "",  # noqa: A002 - its usual name
) -> Redirect:  # fmt: skip
    """Send the browser to the provider."""
    provider = _provider(state)
    address, pending = await provider.begin(f"{coming.origin(request)}{RETURN}")
    async with transaction(state.pool) as conn:
        journey = await _meant(conn, request, caller, Journey(errand, next[:500], pending))
        secret = await attempts.begin(conn, "upstream", msgspec.to_builtins(journey))
    cookie = coming.attempt_cookie(request, secret)
    return Redirect(address, status_code=303, cookies=[cookie], headers=coming.UNSEEN)


@get(RETURN, opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def come_back(request: Asked, state: State, caller: GivenCaller) -> Redirect:
    """The browser comes back: check the answer, then do what was begun."""
    provider = _provider(state)
    async with transaction(state.pool) as conn:
        kept = await coming.attempt(conn, request, "upstream")
    if kept is None:
        raise UpstreamRefused("This sign-in took too long, or was begun in another browser. Please begin again.")
    journey = msgspec.convert(kept, Journey)
    subject = await provider.subject(journey.pending, dict(request.query_params))
    async with transaction(state.pool) as conn:
        return await _arrive(conn, request, caller, journey, provider.provider.issuer, subject)


async def _arrive(conn: Connection, request: Asked, caller: Caller, journey: Journey, *account: str) -> Redirect:
    """Whoever has the account comes in; for `add` and `recover` it becomes the person's who began."""
    issuer, subject = account
    owner = await way_rows.person_upstream(conn, issuer, subject)
    if journey.errand == "add" and await coming.person(conn, caller) != journey.person:
        raise UpstreamRefused("Somebody else signed in here meanwhile. Please begin again.")
    if journey.person is not None and owner not in {None, journey.person}:
        raise AccountTaken("Sign in with it to use that account.")
    person = owner or journey.person or await pairs.add_person(conn)
    if owner is None and not await way_rows.add_upstream(conn, issuer, subject, person):
        raise AccountTaken("It was joined just now. Please sign in again.")
    told = [Told(person, WAY_ADDED, note="upstream")] if owner is None else []
    if journey.errand == "recover":
        told.insert(0, await recovered(conn, person, journey.code))
    to = coming.after(journey.next) if journey.errand == "enter" else coming.HOME
    return await coming.enter(conn, request, person, "upstream", to, *told)


async def _meant(conn: Connection, request: Asked, caller: Caller, journey: Journey) -> Journey:
    """Whose the account becomes; beside other ways only right after one of these was shown."""
    found: dict[str, Any] = {}
    if journey.errand == "add":
        found = {"person": await coming.person(conn, caller)}
        caller.must_have_level((await ways.of(conn, found["person"])).proof)
    if journey.errand == "recover":
        kept = await coming.admitted(conn, request, "recover")
        if kept is None:
            raise UpstreamRefused("This took too long. Please type the code again.")
        found = {"person": kept["person"], "code": kept["code"]}
    return msgspec.structs.replace(journey, **found)


def _provider(state: State) -> Upstream:
    if state.upstream is None:
        raise NoUpstream
    upstream: Upstream = state.upstream
    return upstream


ROUTES = [begin, come_back]
