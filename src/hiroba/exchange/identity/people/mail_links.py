"""A mail link: the lowest level. It works once, for ten minutes, and nobody learns who has an account.

Whatever address is typed, the page says the same and a mail goes out, and what the link does is decided when it is used:
it signs in whom the address belongs to, or begins an account. Kept are digests: of the link, and, keyed, of the address.
"""

import hmac
import secrets
from datetime import timedelta
from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Forbidden, NotFound, Problem
from hiroba.base.mail import LONGEST, address
from hiroba.exchange.identity import store
from hiroba.exchange.identity.people.store import mail_links as links
from hiroba.exchange.identity.people.store import pairs, ways

__all__ = ("LONGEST", "Opened", "Sending", "begin", "digest_of", "masked", "shown", "use")
LIFE: Final = timedelta(minutes=10)
A_WHILE: Final = (timedelta(minutes=15), 3)
"""So many mails go to one address within so long; those asked for beyond are not sent, and nothing tells."""
A_DAY: Final = (timedelta(days=1), 10)
HOUSE: Final = (timedelta(hours=1), 2_000)
"""So many go out in all: beyond, the house says so."""


class LinkSpent(NotFound):
    """This link was used before or is too old."""

    status = 410


class TooManyLetters(Problem):
    """Many mails were asked for within the last hour."""

    status = 429


class AddressTaken(Conflict):
    """This mail address belongs to another account."""


class Sending(msgspec.Struct, frozen=True):
    """A link to be sent: to whom, and its secret."""

    to: str
    secret: str


class Opened(msgspec.Struct, frozen=True):
    """What a link that was used leads to."""

    person: str
    next: str
    added: bool
    """Whether an address was added to an account, and nobody came in."""


async def begin(conn: Connection, typed: str, next_: str, person: str | None = None) -> Sending | None:
    """A link for the address as it was typed (Invalid where it is none); None where it had enough of them.

    `person` is whom the address is to be added to, where somebody who is signed in asks.
    """
    to = address(typed)
    now = clock.now()
    if await links.count(conn, now - HOUSE[0]) >= HOUSE[1]:
        raise TooManyLetters("Please use another way to sign in, or try again in an hour.")
    digest = await digest_of(conn, to)
    await links.wait_for_turn(conn, digest)  # two requests at once do not both find one mail left
    for within, most in (A_WHILE, A_DAY):
        if await links.count(conn, now - within, digest) >= most:
            return None
    secret = secrets.token_urlsafe(32)
    await links.add(conn, links.Link(store.digest(secret), digest, masked(to), person, next_, now))
    return Sending(to, secret)


async def shown(conn: Connection, secret: str) -> links.Link:
    """What a link is for, without using it up."""
    link = await links.get(conn, store.digest(secret), clock.now() - LIFE)
    if link is None:
        raise LinkSpent("Ask for a new one.")
    return link


async def use(conn: Connection, secret: str, by: str | None = None) -> Opened:
    """Use a link up: whom it lets in, who is new where nobody has the address. `by` is who is signed in already.

    A link that adds an address to an account lets nobody in: it wants to be opened by its owner. A mistyped address would
    otherwise open the account to a stranger.
    """
    link = await links.use(conn, store.digest(secret), clock.now() - LIFE)
    if link is None:
        raise LinkSpent("Ask for a new one.")
    if link.person is not None and link.person != by:
        raise Forbidden("Open this link in the browser in which you asked for it.")
    owner = await ways.person_mail(conn, link.digest)
    if link.person is not None and owner not in {None, link.person}:
        raise AddressTaken("It was not added here.")
    if owner is not None:
        return Opened(owner, link.next, added=link.person is not None)
    person = link.person or await pairs.add_person(conn)
    if not await ways.add_mail(conn, link.digest, link.shown, person):
        raise AddressTaken("It was added just now.")
    return Opened(person, link.next, added=link.person is not None)


async def digest_of(conn: Connection, to: str) -> bytes:
    """What an address is found by: keyed, so that a list of addresses cannot be tried against a copy of the table."""
    key = await store.secret(conn, "mail-addresses")
    return hmac.digest(key.encode(), to.lower().encode(), "sha256")


def masked(to: str) -> str:
    """An address as it is shown back: h•••@example.jp."""
    local, _, domain = to.rpartition("@")
    return f"{local[:1]}•••@{domain}"
