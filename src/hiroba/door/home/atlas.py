"""The map page, and the GeoJSON it draws from."""

import hashlib
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import orjson
from litestar import Request, Response, get
from litestar.params import FromQuery, QueryParameter

from hiroba.base.errors import Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.door.home.base_map import borders, lines, names
from hiroba.door.home.drawing import View, draw, view_of
from hiroba.door.home.kinds import PLACES, kinds_there
from hiroba.door.home.near import near as near_of
from hiroba.door.home.places import Place, asked, reader
from hiroba.door.home.search import wanted
from hiroba.door.pages import GivenPage
from hiroba.door.region import Box
from hiroba.exchange.broker.exchange import GivenExchange
from hiroba.exchange.identity.callers import ANYONE

LISTED = 30
ORDER = {type_: place for place, type_ in enumerate(PLACES)}
"""Whose sign stays where signs would lie on each other."""
MOST = 500
"""Places of one answer; with more the nearest to the middle are given, and how many there are."""

Zoom = Annotated[float, QueryParameter(ge=0, le=22)]


def box_of(bbox: str) -> Box:
    """West, south, east, north out of `bbox=135.3,34.5,135.6,34.7`."""
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise Invalid("bbox is written west,south,east,north: bbox=135.3,34.5,135.6,34.7") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise Invalid("bbox is west,south,east,north in degrees, the smaller number first.")
    return west, south, east, north


@get("/map", opt={"may": (ANYONE,)}, include_in_schema=False)
async def map_page(
    page: GivenPage,
    *,
    conn: GivenConnection,
    exchange: GivenExchange,
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    at: FromQuery[str] = "",
    m: FromQuery[str] = "",
    place: FromQuery[str] = "",
) -> Response[str]:
    """The map with its list; without JavaScript the list and a drawing."""
    q = asked(q)
    region = page.region
    near = await near_of(conn, exchange, region, page.language, at=at, m=m, place=place)
    lost = near is None and bool(place or m)
    if lost:
        near = await near_of(conn, exchange, region, page.language)
    kinds = kinds_there(region.counts)
    types = [known.type for known, _ in kinds] or PLACES
    question = wanted(q, kind, m, "", types=types, limit=LISTED, count=True)
    found = await exchange.find(conn, msgspec.structs.replace(question, near=near.point if near else None))
    places = list(map(reader(page.language, region), found.entities))
    view = view_around(near.point if near else None, places, region.box)
    drawing = None
    if view:
        features = borders(region, page.language, view.zoom) + await lines(
            conn, exchange, page.language, view.box, view.zoom
        )
        drawing = draw(view, features, places)
    kept = {name: value for name, value in (("q", q), ("kind", kind), ("m", m)) if value}
    return page.html(
        "door/map.html",
        q=q,
        kind=kind,
        m=m,
        at=at,
        near=near,
        lost=asked(place) if lost else "",
        kinds=kinds,
        places=places,
        count=found.count or 0,
        drawing=drawing,
        link=lambda **changed: "/map?" + urlencode({name: value for name, value in (kept | changed).items() if value}),
    )


def view_around(point: tuple[float, float] | None, places: list[Place], whole: Box | None) -> View | None:
    """The window that shows the nearest places around the point, or all there is."""
    points = [place.point for place in places[:12] if place.point]
    if point is not None:
        reach = max((max(abs(x - point[0]), abs(y - point[1])) for x, y in points), default=0.01)
        reach = min(max(reach, 0.004), 0.2)
        return view_of((point[0] - reach, point[1] - reach, point[0] + reach, point[1] + reach), 760, 720, closest=15)
    if points:
        xs, ys = zip(*points, strict=True)
        return view_of((min(xs), min(ys), max(xs), max(ys)), 760, 720, closest=15)
    return view_of(whole, 760, 720) if whole else None


def kept_answer(request: Request[Any, Any, Any], document: dict[str, Any], seconds: int) -> Response[bytes]:
    """GeoJSON with an ETag; unchanged since the caller's last look: 304."""
    body = orjson.dumps(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={seconds}", "Vary": "Accept-Language, Cookie"}
    unchanged = request.headers.get("if-none-match") == etag
    return Response(
        b"" if unchanged else body,
        status_code=304 if unchanged else 200,
        headers=headers,
        media_type="application/geo+json",
    )


@get(
    "/map/base.geojson", opt={"may": (ANYONE,)}, tags=["Map"], summary="Borders, rivers, railways and streets of a box"
)
async def base(
    request: Request[Any, Any, Any],
    *,
    page: GivenPage,
    conn: GivenConnection,
    exchange: GivenExchange,
    bbox: FromQuery[str],
    zoom: Zoom = 12,
) -> Response[bytes]:
    """The base map for a box: fewer layers and points the farther one looks."""
    features = borders(page.region, page.language, zoom) + names(page.region, page.language)
    features += await lines(conn, exchange, page.language, box_of(bbox), zoom)
    collection = {"type": "FeatureCollection", "features": [feature.geojson() for feature in features]}
    return kept_answer(request, collection, 300)


@get("/map/places.geojson", opt={"may": (ANYONE,)}, tags=["Map"], summary="Places of a box, with their signs")
async def places(
    request: Request[Any, Any, Any],
    *,
    page: GivenPage,
    conn: GivenConnection,
    exchange: GivenExchange,
    bbox: FromQuery[str],
    kind: FromQuery[str] = "",
    q: FromQuery[str] = "",
    m: FromQuery[str] = "",
) -> Response[bytes]:
    """At most 500 places of a box, nearest to its middle first; `count` says how many there are."""
    box = box_of(bbox)
    types = [known.type for known, _ in kinds_there(page.region.counts)] or PLACES
    question = wanted(asked(q), kind, m, "", types=types, limit=MOST, count=True)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    found = await exchange.find(conn, msgspec.structs.replace(question, box=box, near=middle))
    shown = map(reader(page.language, page.region), found.entities)
    collection = {
        "type": "FeatureCollection",
        "count": found.count,
        "features": [feature for place in shown if (feature := feature_of(place, page.text))],
    }
    return kept_answer(request, collection, 30)


def feature_of(place: Place, text: Any) -> dict[str, Any] | None:
    """A place as the map draws it: where, its sign, what to call it, where it leads."""
    if place.point is None:
        return None
    kind = place.kind
    properties = {
        "id": place.id, "name": place.name, "kind": text(kind.one), "type": kind.type, "href": place.href, "address": place.short,
        "owner": place.owner.name if place.owner else "", "hours": place.hours,
        "ownerColour": place.owner.colour if place.owner else "",
        "letter": kind.letter, "shape": kind.shape, "colour": kind.colour, "order": ORDER.get(kind.type, len(ORDER)),
    }  # fmt: skip
    geometry = {"type": "Point", "coordinates": [round(place.point[0], 6), round(place.point[1], 6)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
