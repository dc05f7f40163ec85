"""The passkey ceremony: the browser fetches options, asks the device, and sends its answer as an ordinary form.

A new passkey is made `for` a new account, to `add` one, to `recover` with a code from a counter, or by an `officer` whom the
operator's link let in; `enter` asks for one that is there.
"""

from typing import Any, Literal

import msgspec
from litestar import Response, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.base.ids import ulid
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import Asked
from hiroba.door.account.recovery import recovered
from hiroba.exchange.identity.callers import ANYONE, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import passkeys, recovery, ways
from hiroba.exchange.identity.people.passkeys import PasskeyRefused
from hiroba.exchange.identity.people.store import attempts, officers, pairs
from hiroba.exchange.identity.people.store import ways as way_rows
from hiroba.exchange.identity.people.telling import WAY_ADDED, Told

Errand = Literal["enter", "new", "add", "recover", "officer"]


class Ceremony(msgspec.Struct, frozen=True):
    """What was begun: the errand, the challenge, and whose the new passkey becomes."""

    errand: Errand
    challenge: str = ""
    person: str | None = None
    officer: str | None = None
    name: str = ""
    code: str = ""
    """The recovery code that is used up by it."""


class Answered(msgspec.Struct, frozen=True):
    """The browser's answer, and where it leads."""

    credential: str = ""
    label: str = ""
    next: str = ""


class Over(PasskeyRefused):
    """This took too long, or it was begun elsewhere."""


@post("/sign-in/passkey/begin", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=200)
async def begin(
    conn: GivenConnection, request: Asked, caller: GivenCaller, errand: FromQuery[Errand]
) -> Response[dict[str, Any]]:
    """Options for the browser; what its answer must fit is kept here."""
    ceremony, site = await _meant(conn, request, caller, errand), coming.site(request)
    if errand == "enter":
        options, challenge = passkeys.ask(site)
    else:
        account = ceremony.person or ceremony.officer or ""
        held = await way_rows.passkeys_of(conn, ceremony.person, ceremony.officer)
        handle = await passkeys.handle_of(conn, account)
        options, challenge = passkeys.ask_for_new(site, handle, ceremony.name, held)
    kept = msgspec.to_builtins(msgspec.structs.replace(ceremony, challenge=challenge))
    cookie = coming.attempt_cookie(request, await attempts.begin(conn, "passkey", kept))
    return Response(options, cookies=[cookie], headers=coming.PRIVATE)


@post("/sign-in/passkey", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def finish(
    conn: GivenConnection, request: Asked, caller: GivenCaller, data: URLEncodedBody[Answered]
) -> Redirect:
    """Check the device's answer and do what was begun."""
    kept = await coming.attempt(conn, request, "passkey")
    if kept is None:
        raise Over("Please begin again.")
    ceremony = msgspec.convert(kept, Ceremony)
    if ceremony.errand == "enter":
        return await _enter(conn, request, ceremony, data)
    if ceremony.errand == "new":
        await pairs.add_person(conn, ceremony.person or "")
    if ceremony.errand == "add" and await coming.person(conn, caller) != ceremony.person:
        raise Over("Somebody else signed in here meanwhile. Please begin again.")
    await passkeys.keep(
        conn, coming.site(request), data.credential, ceremony.challenge,
        label=data.label.strip() or coming.device_of(request), person=ceremony.person, officer=ceremony.officer,
    )  # fmt: skip
    if ceremony.officer:
        return await coming.enter_officer(conn, request, ceremony.officer)
    person = ceremony.person or ""
    told = [Told(person, WAY_ADDED, note="passkey")]
    if ceremony.errand == "recover":
        told.insert(0, await recovered(conn, person, ceremony.code))
    to = coming.HOME if ceremony.errand in {"add", "recover"} else coming.after(data.next)
    return await coming.enter(conn, request, person, "passkey", to, *told)


async def _enter(conn: Connection, request: Asked, ceremony: Ceremony, data: Answered) -> Redirect:
    passkey = await passkeys.prove(conn, coming.site(request), data.credential, ceremony.challenge)
    if passkey.officer:
        return await coming.enter_officer(conn, request, passkey.officer)
    return await coming.enter(conn, request, passkey.person or "", "passkey", coming.after(data.next))


async def _meant(conn: Connection, request: Asked, caller: Caller, errand: Errand) -> Ceremony:
    """Whose passkey it will be; a new one beside others only right after one of these was shown."""
    if errand == "enter":
        return Ceremony(errand)
    if errand == "new":
        return Ceremony(errand, person=ulid(), name=coming.today_s())
    if errand == "add":
        person = await coming.person(conn, caller)
        caller.must_have_level((await ways.of(conn, person)).proof)
        return Ceremony(errand, person=person, name=recovery.grouped(await pairs.number_of(conn, person), 5))
    kept = await coming.admitted(conn, request, errand)
    if kept is None:
        raise Invalid("This took too long. Please begin again.")
    if errand == "recover":
        name = recovery.grouped(await pairs.number_of(conn, kept["person"]), 5)
        return Ceremony(errand, person=kept["person"], code=kept["code"], name=name)
    officer = await officers.get(conn, kept["officer"])
    if officer is None:
        raise Invalid("This officer's account has ended.")
    return Ceremony(errand, officer=officer.id, name=officer.name)


ROUTES = [begin, finish]
