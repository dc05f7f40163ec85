"""Signing in by a mail link, the lowest level: asking for it, looking at it, using it."""

from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base.db import Connection, transaction
from hiroba.base.errors import Invalid
from hiroba.base.mail import Letter, Post
from hiroba.base.web.given import GivenConnection
from hiroba.door.account import coming
from hiroba.door.account.coming import UNSEEN, Asked
from hiroba.door.account.said import said
from hiroba.door.account.sign_in import ways_page
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.identity.callers import ANYONE, RESIDENT
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.people import mail_links, ways
from hiroba.exchange.identity.people.telling import WAY_ADDED, Told, tell

LEAD: Final = 500
"""Characters of the address that a link leads on to."""


class Address(msgspec.Struct, frozen=True):
    """Where the link goes, and where it leads."""

    address: str = ""
    next: str = ""


@post("/sign-in/mail", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=200)
async def ask(request: Asked, state: State, page: GivenPage, data: URLEncodedBody[Address]) -> Response[str]:
    """Send a link, and say the same whoever has the address."""
    try:
        return await _send(request, state, page, data)
    except Invalid as error:
        return ways_page(request, page, data.next, typed=data.address[:100], wrong=said(page, error))


@post("/account/mail", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=200)
async def add(
    request: Asked, state: State, page: GivenPage, caller: GivenCaller, data: URLEncodedBody[Address]
) -> Response[str]:
    """Send a link that adds the address to the account."""
    async with transaction(state.pool) as conn:
        person = await coming.person(conn, caller)
        caller.must_have_level((await ways.of(conn, person)).proof)
    return await _send(request, state, page, data, person)


@get("/sign-in/mail/{secret:str}", opt={"may": (ANYONE,)}, include_in_schema=False)
async def look(conn: GivenConnection, page: GivenPage, secret: FromPath[str]) -> Response[str]:
    """Ask before the link is used up, so that a mail program's preview does not do it."""
    link = await mail_links.shown(conn, secret)
    answer = page.html("door/account/mail_link.html", secret=secret, shown=link.shown, adds=link.person is not None)
    answer.headers.update(UNSEEN)
    return answer


@post("/sign-in/mail/{secret:str}", opt={"may": (ANYONE,)}, include_in_schema=False, status_code=303)
async def use(conn: GivenConnection, request: Asked, caller: GivenCaller, secret: FromPath[str]) -> Redirect:
    """Come in by the link, or add its address to the account."""
    by = await coming.person(conn, caller) if caller.kind == "resident" else None
    opened = await mail_links.use(conn, secret, by)
    if opened.added:
        await tell(conn, Told(opened.person, WAY_ADDED, note="mail"))
        return Redirect(coming.HOME, status_code=303, headers=UNSEEN)
    return await coming.enter(conn, request, opened.person, "mail", coming.after(opened.next))


async def _send(request: Asked, state: State, page: Page, data: Address, person: str | None = None) -> Response[str]:
    """The link is kept before the letter leaves, and no transaction waits for the mail server."""
    async with transaction(state.pool) as conn:
        sending = await _begun(conn, data, person)
    if sending is not None:
        post: Post = state.post
        await post.send(_letter(page, f"{coming.origin(request)}/sign-in/mail/{sending.secret}", sending.to))
    answer = page.html("door/account/mail_sent.html", stand_in=not state.settings.mail)
    answer.headers.update(UNSEEN)
    return answer


async def _begun(conn: Connection, data: Address, person: str | None) -> Any:
    return await mail_links.begin(conn, data.address[: mail_links.LONGEST], data.next[:LEAD], person)


def _letter(page: Page, link: str, to: str) -> Letter:
    """The letter, in the language of the page it was asked on."""
    lines = (
        page.text("You asked to sign in to Hiroba. Open this link to go on:"),
        link,
        page.text("It works once, for 10 minutes. If it was not you, do nothing: without the link nobody comes in."),
    )
    return Letter(to, page.text("Your link to Hiroba"), "\n\n".join(lines) + "\n")


ROUTES = [ask, add, look, use]
