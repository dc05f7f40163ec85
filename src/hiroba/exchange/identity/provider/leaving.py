"""Leaving: where a browser goes after it (OpenID Connect RP-Initiated Logout 1.0), and telling applications (Back-Channel 1.0).

A session may end anywhere: by its owner, at a counter, by time. A job finds those that ended and tells each application that
knew them, again and again until it answers.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.egress import Egress
from hiroba.base.errors import Problem
from hiroba.base.ids import ulid
from hiroba.exchange.identity.organisations import store as registered
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.provider import hints, keys
from hiroba.exchange.identity.provider.errors import InvalidRequest
from hiroba.exchange.identity.provider.forms import FORM
from hiroba.exchange.identity.provider.store import agreements
from hiroba.exchange.identity.provider.store.agreements import Notice

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
HOLDS: Final = 120
"""Seconds a logout token may be believed."""


class Leaving(msgspec.Struct, frozen=True):
    """A wish to leave, as an application states it."""

    application: Application | None
    back: str
    """Where the browser goes afterwards: a registered address with the application's state, or the home page."""
    session: str | None
    """The session that the application's ID token is of: who shows that need not be asked."""


async def wish(conn: Connection, form: Mapping[str, str], issuer: str) -> Leaving:
    """What is wished, checked: nobody is sent to an address that is not registered (RP-Initiated Logout §3)."""
    hint = await hints.read(conn, form["id_token_hint"], issuer) if "id_token_hint" in form else None
    if "id_token_hint" in form and hint is None:
        raise InvalidRequest("The id_token_hint is no ID token of this provider.")
    named = form.get("client_id") or (hint.application if hint else "")
    if hint is not None and hint.application != named:
        raise InvalidRequest("The id_token_hint was given to another application.")
    application = await registered.application(conn, named) if named else None
    asked = form.get("post_logout_redirect_uri")
    if asked is None:
        back = "/"
    elif application is not None and asked in application.post_logout_redirect_uris:
        query = urlencode({"state": form["state"]}, quote_via=quote) if "state" in form else ""
        back = asked + (("&" if "?" in asked else "?") + query if query else "")
    else:
        raise InvalidRequest("This post_logout_redirect_uri is not registered for the application.")
    session = await agreements.session_of(conn, hint.sid, hint.application) if hint else None
    return Leaving(application, back, session)


async def tell(conn: Connection, *, issuer: str, egress: Callable[[], Egress]) -> None:
    """Tell applications of sessions that ended, a few at a time."""
    await agreements.note_ends(conn)
    notices = await agreements.notices(conn)
    if not notices:
        return
    opened = egress()
    try:
        calls = [(notice, await _message(conn, notice, issuer)) for notice in notices]
        answers = await asyncio.gather(*(_post(opened, *message) for _, message in calls))
    finally:
        await opened.close()
    for notice, told in zip(notices, answers, strict=True):
        await agreements.settle(conn, notice, told=told)


async def _message(conn: Connection, notice: Notice, issuer: str) -> tuple[str, bytes]:
    """Where a notice goes, and the logout token it carries (Back-Channel Logout §2.4)."""
    application = await registered.application(conn, notice.application)
    assert application is not None  # noqa: S101 - a notice goes with its application
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer, "aud": application.id, "iat": now, "exp": now + HOLDS, "jti": ulid(),
        "sub": notice.subject, "sid": notice.sid, "events": {EVENT: {}},
    }  # fmt: skip
    token = await keys.sign(conn, application.signing_alg, "logout+jwt", claims)
    return application.backchannel_logout_uri, urlencode({"logout_token": token}).encode()


async def _post(egress: Egress, uri: str, body: bytes) -> bool:
    """Whether the application took the notice (§2.8: 200 or 204)."""
    try:
        status = await egress.post(uri, headers={"Content-Type": FORM}, body=body, seconds=5.0)
    except Problem:
        return False
    return status in {200, 204}
