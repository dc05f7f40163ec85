"""Two towns side by side, their officers, and a resident who fills in forms as a browser without JavaScript does."""

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import httpx
import pytest
from PIL import Image

from hiroba.base.db import Connection, Pool
from hiroba.base.egress import Egress
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.store import Municipality

Place = tuple[float, float]
IN_EAST: Place = (135.51, 34.55)


class Towns(NamedTuple):
    """東町 and 西町 share the meridian 135.5."""

    east: str = "990019"
    west: str = "990027"
    in_east: Place = IN_EAST
    in_west: Place = (135.49, 34.55)
    nowhere: Place = (0.0, 0.0)


def square(west: float, east: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[west, 34.5], [east, 34.5], [east, 34.6], [west, 34.6], [west, 34.5]]]}


@pytest.fixture
async def towns(conn: Connection) -> Towns:
    towns = Towns()
    await identity.put_municipality(
        conn, Municipality(towns.east, {"ja": "東町", "en": "Easttown"}), square(135.5, 135.6)
    )
    await identity.put_municipality(
        conn, Municipality(towns.west, {"ja": "西町", "en": "Westtown"}), square(135.4, 135.5)
    )
    return towns


class Browser:
    """Somebody with a browser without JavaScript: opens pages, fills in forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str) -> httpx.Response:
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer

    async def send(
        self, path: str, data: dict[str, str] | None = None, files: Any = None, *, at: str = ""
    ) -> httpx.Response:
        """Fill in the form that stands at `at` (or at `path`) and send it to `path`; the page one is led to."""
        token = re.search(r'name="_csrf_token" value="([^"]+)"', (await self.open(at or path)).text)
        assert token is not None
        form = {"_csrf_token": token[1], **(data or {})}
        answer = await self.client.post(path, data=form, files=files)
        if answer.status_code == 303:
            return await self.open(answer.headers["location"])
        return answer

    async def tell(self, *, kind: str = "pothole", place: Place | None = IN_EAST, **also: Any) -> httpx.Response:
        """Tell of a damage, page by page, and send it; the private page one is led to."""
        await self.send("/reports/new", {"kind": kind})
        where = {"landmark": also.get("landmark", "駅の南口"), "lg_code": also.get("lg_code", "")}
        if place:
            where |= {"longitude": str(place[0]), "latitude": str(place[1])}
        await self.send("/reports/new/where", where)
        chosen = also.get("photo")
        files = {"photo": ("p.jpg", chosen, "image/jpeg") if chosen else ("", b"", "application/octet-stream")}
        await self.send("/reports/new/details", {"words": also.get("words", "大きな穴があります")}, files)
        await self.send("/reports/new/contact", also.get("contact", {}))
        return await self.send("/reports/new/review")


def number_of(answer: httpx.Response) -> int:
    found = re.search(r"No\. (\d+)", answer.text)
    assert found is not None, answer.text
    return int(found[1])


@pytest.fixture
def number() -> Callable[[httpx.Response], int]:
    """A function that reads a report's number off a page."""
    return number_of


@pytest.fixture
def resident(house: httpx.AsyncClient, towns: Towns) -> Browser:
    house.headers["Accept-Language"] = "en"
    return Browser(house)


@pytest.fixture
async def officer(house: httpx.AsyncClient, conn: Connection) -> AsyncIterator[Callable[..., Awaitable[Browser]]]:
    """A function that gives the browser of a signed-in officer of a town (or with `operator` the operator's)."""
    clients = []

    async def sign_in(lg_code: str, role: str = "reports", *, operator: bool = False) -> Browser:
        caller = Caller("operator", "operator") if operator else Caller("officer", "", lg_code, frozenset({role}))
        session = await identity.sign_in(conn, await identity.add_sign_in_link(conn, caller))
        assert session is not None
        client = httpx.AsyncClient(
            transport=house._transport, base_url=house.base_url, cookies={"hiroba_session": session},
            headers={"Accept-Language": "en"},
        )  # fmt: skip
        clients.append(client)
        return Browser(client)

    yield sign_in
    for client in clients:
        await client.aclose()


@pytest.fixture
def camera() -> Callable[..., bytes]:
    """A function that takes a photo."""
    return photo


def photo(width: int = 60, height: int = 40, *, orientation: int | None = None, **kept: Any) -> bytes:
    """A JPEG: red on the left, blue on the right, with whatever a phone writes into it."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
        exif[0x010F] = "SECRET-CAMERA"
        exif.get_ifd(0x8825)[2] = (34.0, 41.0, 37.0)
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif, **kept)
    return made.getvalue()


@pytest.fixture
def exchange(pool: Pool) -> Exchange:
    """The exchange, for what runs outside of a request."""
    return Exchange(pool, Book(Egress(()), "http://hiroba.test").house)
