"""Search: words over names and addresses, by kind and municipality, a page at a time."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from hiroba.base.errors import Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.door.home.kinds import PLACES, kinds_there
from hiroba.door.home.near import position
from hiroba.door.home.places import asked, reader
from hiroba.door.pages import GivenPage
from hiroba.exchange.broker.exchange import GivenExchange, Wanted
from hiroba.exchange.identity.callers import ANYONE

ON_A_PAGE = 20
FARTHEST = 500
"""Pages that are shown; whoever needs more asks the exchange itself."""


def wanted(q: str, kind: str, m: str, at: str, *, types: Sequence[str] = PLACES, **more: int | bool) -> Wanted:
    """The question of these filters."""
    if m and not (m.isascii() and m.isdigit() and len(m) == 6):  # noqa: PLR2004 - a code of a municipality
        raise Invalid("m is the six-digit code of a municipality, for example 271403.")
    if not kind.isprintable():
        raise Invalid("kind is the name of an entity type, for example Library.")
    return Wanted(
        types=(kind,) if kind else types,
        text=q,
        q=f'municipality=="{m}"' if m else "",
        near=position(at) if at else None,
        limit=int(more.get("limit", ON_A_PAGE)),
        offset=int(more.get("offset", 0)),
        count=bool(more.get("count", False)),
    )


@get("/search", opt={"may": (ANYONE,)}, include_in_schema=False)
async def search(
    page: GivenPage,
    *,
    conn: GivenConnection,
    exchange: GivenExchange,
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    m: FromQuery[str] = "",
    at: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1, le=FARTHEST)] = 1,
) -> Response[str]:
    """The search page: the question, how many answers, and one page of them."""
    q = asked(q)
    kinds = kinds_there(page.region.counts)
    types = [known.type for known, _ in kinds] or PLACES
    anything = bool(q or kind or m or at)
    entities, count = [], 0
    if anything:
        known = not kind or kind in page.region.counts
        question = wanted(q, kind, m, at, types=types, limit=ON_A_PAGE, offset=(number - 1) * ON_A_PAGE, count=True)
        if known:
            found = await exchange.find(conn, question)
            entities, count = found.entities, found.count or 0
    kept = {name: value for name, value in (("q", q), ("kind", kind), ("m", m), ("at", at)) if value}
    return page.html(
        "door/search.html",
        q=q,
        kind=kind,
        m=m,
        at=at,
        asked=anything,
        kinds=kinds,
        places=list(map(reader(page.language, page.region), entities)),
        count=count,
        number=number,
        last=max(1, -(-min(count, FARTHEST * ON_A_PAGE) // ON_A_PAGE)),
        first_shown=(number - 1) * ON_A_PAGE + 1,
        link=lambda **changed: (
            "/search?" + urlencode({name: value for name, value in (kept | changed).items() if value})
        ),
        map_link="/map?" + urlencode(kept),
    )
