"""Telling of a damage, one question a page: what, where, how it looks, whom to answer, and all of it once more.

What was answered waits in a draft on the server, known by a cookie, so that nothing typed or chosen is lost on the way;
every page works without JavaScript.
"""

import secrets
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie, UploadFile
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.broker.exchange import GivenExchange
from hiroba.exchange.identity import store as identity
from hiroba.services.reports import model, photos, store
from hiroba.services.reports.model import Draft
from hiroba.services.reports.pages import PRIVATE, PUBLIC, found, jpeg, towns
from hiroba.services.reports.pages.maps import drawn

COOKIE = "hiroba_report"
START = "/reports/new"
STEPS = ("what", "where", "details", "contact", "review")
Form = dict[str, str]
Asked = Request[Any, Any, Any]


class NoDraft(Exception):  # noqa: N818 - not a mistake: the draft was sent or is too old, and the way leads elsewhere
    """There is no draft to go on with; `instead` is the page to go to."""

    def __init__(self, instead: str) -> None:
        super().__init__(instead)
        self.instead = instead


def _lead_elsewhere(_request: Asked, error: NoDraft) -> Redirect:
    return Redirect(error.instead, status_code=303)


class Entry(msgspec.Struct, frozen=True):
    """The draft of this request and the cookie it is known by."""

    cookie: str
    draft: Draft
    has_photo: bool

    def next(self, step: str) -> str:
        """Where an answer leads: to the next question, or back to the review once that was seen."""
        return f"{START}/{'review' if self.draft.seen else STEPS[STEPS.index(step) + 1]}"


async def entry_of(request: Asked, conn: Connection) -> Entry:
    """The draft of this browser; without one the way starts again."""
    cookie = request.cookies.get(COOKIE, "")
    kept = await store.draft_of(conn, cookie) if cookie else None
    if kept is None or kept.sent:
        raise NoDraft(kept.sent if kept else START)
    return Entry(cookie, kept.draft, kept.has_photo)


def _ask(page: Page, step: str, wrong: dict[str, str] | None = None, **context: Any) -> Response[str]:
    """The page of one question; with mistakes it says them beside the fields and keeps what was typed."""
    answer = page.html(
        f"reports/ask_{step}.html", status=422 if wrong else 200, step=STEPS.index(step) + 1, steps=len(STEPS),
        wrong=wrong or {}, kinds=model.KINDS, states=model.STATES, **context,
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


def _text(form: Form, name: str, limit: int, wrong: dict[str, str], page: Page) -> str:
    try:
        return model.clean(form.get(name, ""), limit)
    except Invalid as error:
        wrong[name] = page.text(error.detail)
        return ""


@get("/", opt=PUBLIC, include_in_schema=False)
async def what(request: Asked, conn: GivenConnection, page: GivenPage) -> Response[str]:
    """What is wrong?"""
    kept = await store.draft_of(conn, request.cookies.get(COOKIE, ""))
    return _ask(page, "what", chosen=kept.draft.kind if kept else "")


class WhatForm(msgspec.Struct, frozen=True):
    """The kind of damage."""

    kind: str = ""


@post("/", opt=PUBLIC, include_in_schema=False)
async def take_what(
    request: Asked, conn: GivenConnection, page: GivenPage, data: URLEncodedBody[WhatForm]
) -> Response[Any]:
    """Keep what is wrong; a new draft begins here."""
    if data.kind not in model.KINDS:
        return _ask(page, "what", {"kind": page.text("Choose what is wrong.")}, chosen="")
    cookie = request.cookies.get(COOKIE, "")
    kept = await store.draft_of(conn, cookie) if cookie else None
    if kept is None or kept.sent:
        cookie, kept = secrets.token_urlsafe(24), None
    draft = msgspec.structs.replace(kept.draft if kept else Draft(), kind=data.kind)
    await store.put_draft(conn, cookie, draft)
    answer = Redirect(Entry(cookie, draft, has_photo=False).next("what"), status_code=303)
    secure = request.app.state.settings.url.startswith("https")
    answer.set_cookie(Cookie(COOKIE, "/reports", cookie, httponly=True, samesite="lax", secure=secure))
    return answer


@get("/where", opt=PUBLIC, include_in_schema=False)
async def where(request: Asked, conn: GivenConnection, exchange: GivenExchange, page: GivenPage) -> Response[str]:
    """Where is it?"""
    entry = await entry_of(request, conn)
    draft = entry.draft
    longitude, latitude = map(str, draft.place) if draft.place else ("", "")
    typed = {"lg_code": draft.lg_code, "landmark": draft.landmark, "longitude": longitude, "latitude": latitude}
    drawing = await drawn(conn, exchange, page, draft.place)
    return _ask(page, "where", typed=typed, towns=await identity.municipalities(conn), drawing=drawing)


class WhereForm(msgspec.Struct, frozen=True):
    """A municipality and words, or a point."""

    lg_code: str = ""
    landmark: str = ""
    longitude: str = ""
    latitude: str = ""


@post("/where", opt=PUBLIC, include_in_schema=False)
async def take_where(
    request: Asked, conn: GivenConnection, exchange: GivenExchange, page: GivenPage, data: URLEncodedBody[WhereForm]
) -> Response[Any]:
    """Keep where it is: a point finds its municipality, words need one chosen."""
    entry = await entry_of(request, conn)
    form, wrong = msgspec.structs.asdict(data), dict[str, str]()
    known = await identity.municipalities(conn)
    landmark = _text(form, "landmark", model.LANDMARK_LIMIT, wrong, page)
    lg_code, place = data.lg_code, None
    if data.longitude.strip() or data.latitude.strip():
        try:
            place = model.place_of(data.longitude, data.latitude)
            lg_code = await _town_at(conn, page, place, known)
        except Invalid as error:
            wrong["place"] = page.text(error.detail)
    else:
        if lg_code not in {town.lg_code for town in known}:
            wrong["lg_code"] = page.text("Choose the municipality.")
        if not landmark and "landmark" not in wrong:
            wrong["landmark"] = page.text("Describe the place, or choose it on the map.")
    if wrong:
        drawing = await drawn(conn, exchange, page, place if "place" not in wrong else None)
        return _ask(page, "where", wrong, typed=form, towns=known, drawing=drawing)
    await store.put_draft(
        conn, entry.cookie, msgspec.structs.replace(entry.draft, place=place, lg_code=lg_code, landmark=landmark)
    )
    return Redirect(entry.next("where"), status_code=303)


async def _town_at(conn: Connection, page: Page, place: tuple[float, float], known: list[identity.Municipality]) -> str:
    town = await identity.municipality_at(conn, *place)
    if town is None:
        names = page.text(", ").join(town.name(page.language) for town in known)
        raise Invalid(page.text(
            "This place is outside the municipalities that take reports here: {names}. "
            "If the map was tapped by mistake, choose the place again; otherwise please tell the office of that place.",
            names=names,
        ))  # fmt: skip
    return town.lg_code


@get("/details", opt=PUBLIC, include_in_schema=False)
async def details(request: Asked, conn: GivenConnection, page: GivenPage) -> Response[str]:
    """How does it look?"""
    entry = await entry_of(request, conn)
    return _ask(page, "details", typed={"words": entry.draft.words}, has_photo=entry.has_photo)


@post("/details", opt=PUBLIC, include_in_schema=False)
async def take_details(request: Asked, conn: GivenConnection, page: GivenPage) -> Response[Any]:
    """Keep photo and words; a good photo is kept even where the words are not."""
    entry = await entry_of(request, conn)
    form, wrong = dict((await request.form()).items()), dict[str, str]()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    has_photo, upload = entry.has_photo, form.get("photo")
    if isinstance(upload, UploadFile):
        try:
            await store.put_draft_photo(conn, entry.cookie, await photos.redrawn(await upload.read(photos.BYTES + 1)))
            has_photo = True
        except photos.NoPhoto as error:
            wrong["photo"] = page.text(error.detail)
    elif typed.get("without_photo"):
        await store.put_draft_photo(conn, entry.cookie, None)
        has_photo = False
    words = _text(typed, "words", model.WORDS_LIMIT, wrong, page)
    if wrong:
        return _ask(page, "details", wrong, typed={"words": ""} | typed, has_photo=has_photo)
    await store.put_draft(conn, entry.cookie, msgspec.structs.replace(entry.draft, words=words))
    return Redirect(f"{START}/details" if typed.get("without_photo") else entry.next("details"), status_code=303)


@get("/photo", opt=PUBLIC, include_in_schema=False)
async def photo(request: Asked, conn: GivenConnection) -> Response[bytes]:
    """The photo of the draft, for the one who chose it."""
    entry = await entry_of(request, conn)
    return jpeg(await store.draft_photo(conn, entry.cookie), PRIVATE)


@get("/contact", opt=PUBLIC, include_in_schema=False)
async def contact(request: Asked, conn: GivenConnection, page: GivenPage) -> Response[str]:
    """Whom shall we answer?"""
    entry = await entry_of(request, conn)
    return _ask(
        page, "contact", typed=msgspec.structs.asdict(entry.draft.contact), contact_days=store.CONTACT_LIFE.days
    )


class ContactForm(msgspec.Struct, frozen=True):
    """Name, telephone, mail: each may be left out."""

    name: str = ""
    phone: str = ""
    mail: str = ""


@post("/contact", opt=PUBLIC, include_in_schema=False)
async def take_contact(
    request: Asked, conn: GivenConnection, page: GivenPage, data: URLEncodedBody[ContactForm]
) -> Response[Any]:
    """Keep whom to answer."""
    entry = await entry_of(request, conn)
    form = msgspec.structs.asdict(data)
    wrong = {name: page.text(sentence) for name, sentence in model.contact_mistakes(form).items()}
    if wrong:
        return _ask(page, "contact", wrong, typed=form, contact_days=store.CONTACT_LIFE.days)
    await store.put_draft(conn, entry.cookie, msgspec.structs.replace(entry.draft, contact=model.contact_of(form)))
    return Redirect(entry.next("contact"), status_code=303)


@get("/review", opt=PUBLIC, include_in_schema=False)
async def review(request: Asked, conn: GivenConnection, page: GivenPage) -> Response[Any]:
    """All of it once more, and what is known nearby already."""
    entry = await entry_of(request, conn)
    draft = entry.draft
    if not draft.ready:
        return Redirect(f"{START}/where", status_code=303)
    await store.put_draft(conn, entry.cookie, msgspec.structs.replace(draft, seen=True))
    known = await store.similar(conn, draft.kind, draft.place) if draft.place else []
    names = await towns(conn, page.language)
    return _ask(page, "review", draft=draft, has_photo=entry.has_photo, known=known, towns=names, now=clock.now())


@post("/review", opt=PUBLIC, include_in_schema=False)
async def send(request: Asked, conn: GivenConnection, exchange: GivenExchange) -> Redirect:
    """Take the report in."""
    entry = await entry_of(request, conn)
    if not entry.draft.ready:
        return Redirect(f"{START}/where", status_code=303)
    _, token = await store.add(conn, exchange, entry.draft, await store.draft_photo(conn, entry.cookie))
    return await _sent(conn, entry, f"/reports/follow/{token}?new=1")


@post("/support/{number:int}", opt=PUBLIC, include_in_schema=False)
async def support(request: Asked, conn: GivenConnection, exchange: GivenExchange, number: FromPath[int]) -> Redirect:
    """It is known already: one more voice instead of one more report. One draft is one voice."""
    entry = await entry_of(request, conn)
    report = await found(conn, number)
    await store.support(conn, exchange, report)
    return await _sent(conn, entry, f"/reports/{report.number}?supported=1")


async def _sent(conn: Connection, entry: Entry, whereto: str) -> Redirect:
    await store.close_draft(conn, entry.cookie, whereto)
    return Redirect(whereto, status_code=303)


ROUTES = Router(
    START,
    route_handlers=[
        what, take_what, where, take_where, details, take_details, photo, contact, take_contact, review, send, support,
    ],
    exception_handlers={NoDraft: _lead_elsewhere},
)  # fmt: skip
