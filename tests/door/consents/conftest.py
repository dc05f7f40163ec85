"""A resident at the door, signed in, and an application that asks."""

from collections.abc import Callable
from html.parser import HTMLParser

import httpx
import pytest
from tests.exchange.gateway.conftest import checkup
from tests.exchange.gateway.grants.conftest import Known, booking, hanako

from hiroba.base.db import Connection
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.levels import Level
from hiroba.exchange.identity.people import sessions

__all__ = ["booking", "checkup", "hanako"]


class Forms(HTMLParser):
    """The forms of a page: where each goes, its hidden fields, its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.buttons: list[dict[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((values.get("action", ""), {}))
        elif tag == "input" and values.get("type") == "hidden":
            self.found[-1][1][values["name"]] = values["value"]
        elif tag == "button":
            self.buttons.append(values)

    def of(self, end: str) -> tuple[str, dict[str, str]]:
        return next(form for form in self.found if form[0].endswith(end))


@pytest.fixture
async def sign_in(conn: Connection, house: httpx.AsyncClient) -> Callable:
    """A function that signs a person in at the door, by default with a passkey just now."""

    async def do(known: Known, level: Level = "passkey") -> httpx.AsyncClient:
        secret = await sessions.enter(conn, known.person, level)
        house.cookies.set(SESSION_COOKIE, secret)
        house.headers.update({"Accept": "text/html", "Accept-Language": "ja"})
        return house

    return do
