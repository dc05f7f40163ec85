"""What every way in shares: where it leads afterwards, the session's cookie, the attempt that this browser has begun."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect

from hiroba.base import clock, logs
from hiroba.base.db import Connection
from hiroba.base.errors import Unauthorized
from hiroba.door.language import here
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.levels import Level
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.passkeys import Site, site_of
from hiroba.exchange.identity.people.store import attempts
from hiroba.exchange.identity.people.store import sessions as session_rows
from hiroba.exchange.identity.people.telling import Told

ATTEMPT_COOKIE: Final = "hiroba_attempt"
HOME: Final = "/account"
DESK: Final = "/desk"
UNSEEN: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""A page whose address or words are a secret is kept nowhere and named to nobody."""
PRIVATE: Final = {"Cache-Control": "no-store"}
Asked = Request[Any, Any, Any]


def after(next_: str) -> str:
    """Where somebody goes after coming in: a path of this house, or their account."""
    path = here(next_) if next_ else HOME
    return HOME if path == "/" or path.startswith("/sign-in") else path


def way_in(next_: str = "", level: str = "") -> str:
    """The address of the sign-in page that leads to `next_`, at `level` at least."""
    query = [f"next={quote(next_, safe='/')}"] if next_ else []
    query += [f"level={level}"] if level else []
    return "/sign-in" + (f"?{'&'.join(query)}" if query else "")


def site(request: Asked) -> Site:
    """The house as authenticators know it."""
    return site_of(request.app.state.settings.url)


def origin(request: Asked) -> str:
    """The address this browser reached the house by, where it is one of ours; else the house's own."""
    asked = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return asked if asked in site(request).origins else request.app.state.settings.url


def agent(request: Asked) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")[:300]


def device_of(request: Asked) -> str:
    """What a person recognises this browser by."""
    return sessions.device(agent(request))


def today_s() -> str:
    """What a new account is called on the device until its owner sees its number: the day it was made."""
    return clock.today().isoformat()


def held(request: Asked) -> str:
    """The secret of the session that this browser holds, or ""."""
    return request.cookies.get(SESSION_COOKIE, "")


async def attempt(conn: Connection, request: Asked, kind: str) -> dict[str, Any] | None:
    """The attempt this browser has begun, used up by this."""
    return await attempts.take(conn, request.cookies.get(ATTEMPT_COOKIE, ""), kind)


async def admitted(conn: Connection, request: Asked, errand: str) -> dict[str, Any] | None:
    """What a counter's code or the operator's link let this browser do, also when it began to and left it off."""
    secret = request.cookies.get(ATTEMPT_COOKIE, "")
    if kept := await attempts.look(conn, secret, errand):
        return kept
    for begun in ("passkey", "upstream"):
        kept = await attempts.look(conn, secret, begun)
        if kept and kept["errand"] == errand:
            return kept
    return None


async def person(conn: Connection, caller: Caller) -> str:
    """The person behind a resident's session."""
    found = await session_rows.person_of(conn, caller.id) if caller.kind == "resident" else None
    if found is None:
        raise Unauthorized("Please sign in.")
    return found


def session_cookie(request: Asked, secret: str, life: timedelta) -> Cookie:
    """The cookie a session is known by."""
    return _cookie(request, SESSION_COOKIE, secret, life)


def attempt_cookie(request: Asked, secret: str) -> Cookie:
    """Lets this browser, and no other, answer what it began."""
    return _cookie(request, ATTEMPT_COOKIE, secret, attempts.LIFE)


async def enter(conn: Connection, request: Asked, who: str, level: Level, to: str, *also: Told) -> Redirect:
    """A person comes in by a proof of `level` and is led on; `also` happened on the way. The last thing of a transaction."""
    secret = await sessions.enter(conn, who, level, before=held(request), agent=agent(request), also=also)
    logs.entered("resident", level)
    return _led(request, to, secret, session_rows.LIFE)


async def enter_officer(conn: Connection, request: Asked, officer: str) -> Redirect:
    """An officer comes in by a passkey."""
    secret = await sessions.enter_officer(conn, officer, "passkey", before=held(request), agent=agent(request))
    logs.entered(f"officer {officer}", "passkey")
    return _led(request, DESK, secret, store.SESSION_LIFE)


def back_to(request: Asked) -> str:
    """The page of this house that a form was sent from."""
    parts = urlsplit(request.headers.get("referer", ""))
    same = parts.netloc == request.headers.get("host", "") and parts.path.startswith("/")
    return (parts.path + (f"?{parts.query}" if parts.query else "")) if same else HOME


def _led(request: Asked, to: str, secret: str, life: timedelta) -> Redirect:
    over = Cookie(ATTEMPT_COOKIE, value="", max_age=0, httponly=True, samesite="lax")
    cookies = [session_cookie(request, secret, life), over]
    return Redirect(to, status_code=303, cookies=cookies, headers=UNSEEN)


def _cookie(request: Asked, name: str, value: str, life: timedelta) -> Cookie:
    secure = request.app.state.settings.url.startswith("https")
    return Cookie(name, value=value, max_age=int(life.total_seconds()), httponly=True, samesite="lax", secure=secure)
