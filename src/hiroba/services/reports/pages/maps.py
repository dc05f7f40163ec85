"""The map of a page: drawn on the server for everybody, woken in the browser where that is possible."""

from typing import Final

from hiroba.base.db import Connection
from hiroba.door.home.base_map import borders, lines
from hiroba.door.home.drawing import Drawing, View, draw, view_of
from hiroba.door.pages import Page
from hiroba.exchange.broker.exchange import Exchange

CLOSE: Final = 15.5
"""The zoom at which one knows one's own street."""


async def drawn(conn: Connection, exchange: Exchange, page: Page, place: tuple[float, float] | None) -> Drawing | None:
    """The surroundings of a place, or the whole region; None where no municipality has a border yet."""
    if not page.region.box:
        return None
    view = View(place, CLOSE, 720, 400) if place else view_of(page.region.box, 720, 400)
    features = borders(page.region, page.language, view.zoom)
    features += await lines(conn, exchange, page.language, view.box, view.zoom)
    return draw(view, features)
