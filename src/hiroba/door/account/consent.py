"""The page that asks whether an application may know a person: what it gets to know, from whom, why, and until when.

The provider leads here and takes the answer; an answer is one press, and no is as near as yes.
"""

from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.web.given import GivenConnection
from hiroba.door.headers import policy
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE, RESIDENT
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.provider import deciding, waiting
from hiroba.exchange.identity.provider.browser import UNSEEN
from hiroba.exchange.identity.provider.metadata import AUTHORIZE
from hiroba.exchange.identity.provider.store.agreements import LIFE
from hiroba.exchange.identity.provider.waiting import Waiting

Asked = Request[Any, Any, State]


class Said(msgspec.Struct, frozen=True):
    """What the person says."""

    id: str
    answer: Literal["agree", "refuse"]


@get("/consent", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ask(
    conn: GivenConnection,
    page: GivenPage,
    caller: GivenCaller,
    request: Asked,
    id: FromQuery[str],  # noqa: A002 - the address's word
) -> Response[Any]:
    """Ask, or lead on where nothing is left to ask."""
    looked = await waiting.look(conn, request.app.state.settings.url, id, caller)
    onward = f"{AUTHORIZE}/{quote(id)}"
    match looked.step:
        case deciding.SignIn():
            return Redirect(onward, status_code=303, headers=UNSEEN)
        case deciding.Agree():
            answer = page.html(
                "door/account/consent.html", until=(clock.now() + LIFE).astimezone(clock.JAPAN).date(),
                since=looked.known_since, **about(looked),
            )  # fmt: skip
        case _:
            # a browser follows no form to another house: a page in between ends what the sign-in form began
            answer = page.html("door/account/consent_done.html", onward=onward, **about(looked))
    answer.headers.update(UNSEEN)
    answer.headers["Content-Security-Policy"] = policy(
        request.app.state.settings.tiles, origin(looked.asked.redirect_uri)
    )
    return answer


@post("/consent", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=303)
async def say(conn: GivenConnection, caller: GivenCaller, request: Asked, data: URLEncodedBody[Said]) -> Redirect:
    """Take the answer and go back to the provider, which tells the application."""
    looked = await waiting.look(conn, request.app.state.settings.url, data.id, caller)
    if isinstance(looked.step, deciding.Agree):
        await waiting.say(conn, looked, yes=data.answer == "agree")
    return Redirect(f"{AUTHORIZE}/{quote(data.id)}", status_code=303, headers=UNSEEN)


def about(looked: Waiting) -> dict[str, Any]:
    """What the pages say about the application that asks."""
    return {
        "id": looked.id,
        "application": looked.application,
        "organisation": looked.organisation,
        "shared": looked.application.sector != f"app:{looked.application.id}",
        "stays": "offline_access" in looked.asked.scope,
        "back_to": urlsplit(looked.asked.redirect_uri).netloc or looked.asked.redirect_uri.split(":", 1)[0],
    }


def origin(uri: str) -> str:
    """Where an answer goes, as a content security policy names it."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


ROUTES = [ask, say]
