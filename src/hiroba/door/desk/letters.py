"""The letters of the stand-in for a mail server, for the operator."""

from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Final

import msgspec
from litestar import Response, get
from litestar.datastructures import State

from hiroba.base.mail import Folder
from hiroba.door.account.coming import UNSEEN
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import OPERATOR

SHOWN: Final = 30


class Seen(msgspec.Struct, frozen=True):
    """A letter, for reading."""

    to: str
    subject: str
    date: str
    lines: list[str]


@get("/desk/letters", opt={"may": (OPERATOR,)}, include_in_schema=False, sync_to_thread=True)
def letters(state: State, page: GivenPage) -> Response[str]:
    """The newest letters; none where a mail server takes them."""
    post = state.post
    kept = post.letters()[:SHOWN] if isinstance(post, Folder) else None
    folder = post.folder if isinstance(post, Folder) else Path()
    answer = page.html(
        "door/desk/letters.html", letters=None if kept is None else [_seen(one) for one in kept], folder=folder
    )
    answer.headers.update(UNSEEN)
    return answer


def _seen(text: str) -> Seen:
    letter = message_from_string(text, policy=default)
    body = letter.get_body(("plain",))
    words = body.get_content() if body is not None else ""
    return Seen(letter["To"], letter["Subject"], letter["Date"], [line for line in words.splitlines() if line])


ROUTES = [letters]
