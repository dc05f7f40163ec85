"""The account: its ways to sign in, its sessions, its number for the counter."""

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import HOME, PRIVATE, Asked
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import RESIDENT, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import mandates, passkeys, recovery, ways
from hiroba.exchange.identity.people.store import pairs, sessions
from hiroba.exchange.identity.people.store import recovery as codes
from hiroba.exchange.identity.people.store import ways as way_rows
from hiroba.exchange.identity.people.telling import WAY_REMOVED, Told, tell


class NotYours(NotFound):
    """This account has no such way to sign in, or no such session."""


@get(HOME, opt={"may": (RESIDENT,)}, include_in_schema=False)
async def account(
    conn: GivenConnection, request: Asked, state: State, caller: GivenCaller, page: GivenPage
) -> Response[str]:
    """Everything about signing in, on one page."""
    person = await coming.person(conn, caller)
    held, given = await mandates.of(conn, caller.subject)
    origin = coming.site(request).origins[0]
    answer = page.html(
        "door/account/account.html",
        ways=await ways.of(conn, person),
        text_of=passkeys.text,
        upstream=state.upstream.provider if state.upstream else None,
        sessions=await sessions.of_person(conn, person),
        number=recovery.grouped(await pairs.number_of(conn, person), 5),
        recovered=next((code for code in await codes.of_person(conn, person) if code.used), None),
        acting=[one for one in held if one.runs(clock.now())],
        given=[one for one in given if one.runs(clock.now())],
        elsewhere="" if coming.origin(request) == origin else origin,
    )
    answer.headers.update(PRIVATE)
    return answer


@post("/account/passkeys/{credential:str}/remove", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def remove_passkey(conn: GivenConnection, caller: GivenCaller, credential: FromPath[str]) -> Redirect:
    """Forget a passkey."""
    person = await _proved(conn, caller)
    return await _removed(
        conn, person, "passkey", await way_rows.remove_passkey(conn, person, passkeys.octets(credential))
    )


@post("/account/upstream/remove", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def remove_upstream(conn: GivenConnection, state: State, caller: GivenCaller) -> Redirect:
    """Leave the upstream provider."""
    person = await _proved(conn, caller)
    issuer = state.upstream.provider.issuer if state.upstream else ""
    return await _removed(conn, person, "upstream", await way_rows.remove_upstream(conn, person, issuer))


@post("/account/mail/{address:str}/remove", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def remove_mail(conn: GivenConnection, caller: GivenCaller, address: FromPath[str]) -> Redirect:
    """Forget a mail address."""
    person = await _proved(conn, caller)
    return await _removed(conn, person, "mail", await way_rows.remove_mail(conn, person, passkeys.octets(address)))


@post("/account/sessions/{session:str}/end", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def end_session(conn: GivenConnection, caller: GivenCaller, session: FromPath[str]) -> Redirect:
    """Sign out elsewhere."""
    caller.must_have_level("mail")
    return _back(await sessions.end(conn, await coming.person(conn, caller), session))


@post("/account/sessions/end-others", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def end_others(conn: GivenConnection, caller: GivenCaller) -> Redirect:
    """Sign out everywhere but here."""
    caller.must_have_level("mail")
    await sessions.end_others(conn, await coming.person(conn, caller), caller.id)
    return _back(done=True)


async def _proved(conn: Connection, caller: Caller) -> str:
    """The person, who showed just now that it is them, and who keeps one way at least."""
    person = await coming.person(conn, caller)
    caller.must_have_level((await ways.of(conn, person)).proof)
    await ways.must_keep_one(conn, person)
    return person


async def _removed(conn: Connection, person: str, way: str, done: bool) -> Redirect:  # noqa: FBT001 - whether it was there
    if done:
        await tell(conn, Told(person, WAY_REMOVED, note=way))
    return _back(done)


def _back(done: bool) -> Redirect:  # noqa: FBT001 - whether there was anything to do
    if not done:
        raise NotYours
    return Redirect(HOME, status_code=303)


ROUTES = [account, remove_passkey, remove_upstream, remove_mail, end_session, end_others]
