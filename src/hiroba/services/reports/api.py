"""Open311 GeoReport v2 under /open311/v2, as apps of any city expect it (wiki.open311.org/GeoReport_v2), in XML and JSON.

The region is one endpoint; `jurisdiction_id` is a municipality's six-digit code and may be left out, since the place says
whose a report is. Anyone may report, except where a municipality takes reports with a key only; a key is one of the
house's own, as `api_key` or in the Authorization header, and a wrong one is always refused (403). `description`, `address`
and `media_url` are empty until an officer had a look; the reporter's contact is taken and never given.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State, UploadFile
from litestar.params import FromPath

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden, Invalid, NotFound, Problem
from hiroba.base.text import choose
from hiroba.base.web import problems
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker.exchange import GivenExchange
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import ANYONE, Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.services.reports import model, photos, store
from hiroba.services.reports.model import Draft, Report
from hiroba.services.reports.spark import answer

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
CHANGESET: Final = "2026-11-20 00:00"
"""When services or their attributes last changed: apps refresh what they keep by it."""
SPAN: Final = timedelta(days=90)
VOLUME: Final = 1000
AT_ONCE: Final = 1000
"""As many ids may be asked for in one call."""
PUBLIC: Final = {"may": (ANYONE,)}
Asked = Request[Any, Any, State]


def _both(path: str) -> list[str]:
    return [f"{path}.json", f"{path}.xml"]


@get([*_both("/discovery"), *_both("/v2/discovery")], opt=PUBLIC, sync_to_thread=False)
def discovery(request: Asked) -> Response[bytes]:
    """Where the endpoint is and what it speaks (wiki.open311.org/Service_Discovery)."""
    url = request.app.state.settings.url
    return answer(request, "discovery", {
        "changeset": CHANGESET,
        "contact": f"{url}/developers",
        "key_service": f"Reporting needs no key unless a municipality asks for one; its office gives it out. {url}/developers",
        "endpoints": [{
            "specification": SPECIFICATION,
            "url": f"{url}/open311/v2",
            "changeset": CHANGESET,
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }],
    })  # fmt: skip


@get(_both("/v2/services"), opt=PUBLIC)
async def services(request: Asked, conn: GivenConnection) -> Response[bytes]:
    """What can be reported; the same in every municipality."""
    await _jurisdiction(conn, request.query_params)
    language = _language(request)
    return answer(request, "services", [
        {
            "service_code": kind.code,
            "service_name": kind.names[language],
            "description": kind.hints[language],
            "metadata": False,
            "type": "realtime",
            "keywords": kind.keywords,
            "group": "street",
        }
        for kind in model.KINDS.values()
    ])  # fmt: skip


@get("/v2/services/{name:str}", opt=PUBLIC)
async def definition(request: Asked, conn: GivenConnection, name: FromPath[str]) -> Response[bytes]:
    """What else is asked for a service: nothing, for any of ours."""
    await _jurisdiction(conn, request.query_params)
    code = _stem(name)
    if code not in model.KINDS:
        raise NotFound(f"service_code {code} was not found.")
    return answer(request, "service_definition", {"service_code": code, "attributes": []})


@get(_both("/v2/requests"), opt=PUBLIC)
async def requests(request: Asked, conn: GivenConnection) -> Response[bytes]:
    """Reports by id, or by service, time and status: 90 days and 1,000 reports at most."""
    query = request.query_params
    lg_code = await _jurisdiction(conn, query)
    if ids := _list(query, "service_request_id"):
        if len(ids) > AT_ONCE:
            raise Invalid(f"At most {AT_ONCE} service_request_id may be asked for at once.")
        numbers = [int(id_) for id_ in ids if _is_number(id_)]
        wanted = store.Wanted(lg_code=lg_code, numbers=numbers, limit=VOLUME)
    else:
        since, until = _span(query)
        wanted = store.Wanted(
            lg_code=lg_code, states=_states(_list(query, "status")), kinds=_list(query, "service_code") or None,
            since=since, until=until, limit=VOLUME,
        )  # fmt: skip
    return await _answer_with(request, conn, await store.reports(conn, wanted))


@get("/v2/requests/{name:str}", opt=PUBLIC)
async def one_request(request: Asked, conn: GivenConnection, name: FromPath[str]) -> Response[bytes]:
    """One report."""
    lg_code = await _jurisdiction(conn, request.query_params)
    id_ = _stem(name)
    report = await store.report_of(conn, int(id_)) if _is_number(id_) else None
    if report is None or lg_code not in {None, report.lg_code}:
        raise NotFound(f"service_request_id {id_} was not found.")
    return await _answer_with(request, conn, [report])


@get("/v2/tokens/{name:str}", opt=PUBLIC)
async def token(request: Asked, conn: GivenConnection, name: FromPath[str]) -> Response[bytes]:
    """The report behind a private link's token. Posting gives the id itself at once, never a token to wait with."""
    await _jurisdiction(conn, request.query_params)
    stem = _stem(name)
    report = await store.report_behind(conn, stem)
    if report is None:
        raise NotFound("token was not found.")
    return answer(request, "service_requests", [{"service_request_id": str(report.number), "token": stem}])


@post(_both("/v2/requests"), opt={**PUBLIC, "exclude_from_csrf": True}, status_code=200)
async def report(
    request: Asked, conn: GivenConnection, caller: GivenCaller, exchange: GivenExchange
) -> Response[bytes]:
    """Take a report in: a form as the specification says, or multipart with the photo as `media`."""
    form = dict((await request.form()).items())
    typed = {name: value for name, value in (dict(request.query_params) | form).items() if isinstance(value, str)}
    if not typed.get("service_code"):
        raise Invalid("service_code was not provided.")
    if typed["service_code"] not in model.KINDS:
        raise NotFound(f"service_code {typed['service_code'][:80]} was not found.")
    lg_code, place = await _where(conn, typed)
    await _may_report(conn, caller, typed.get("api_key", ""), lg_code)
    draft = Draft(
        kind=typed["service_code"], place=place, lg_code=lg_code,
        landmark=model.clean(typed.get("address_string", ""), model.LANDMARK_LIMIT),
        words=_words(typed), contact=_contact(typed),
    )  # fmt: skip
    if place is None and not draft.landmark:
        raise Invalid("A location was not provided: send lat and long, or jurisdiction_id and address_string.")
    upload = next((value for value in form.values() if isinstance(value, UploadFile)), None)
    jpeg = await photos.redrawn(await upload.read(photos.BYTES + 1)) if upload is not None else None
    taken, follow = await store.add(conn, exchange, draft, jpeg)
    notice = f"Your report can be followed here: {request.app.state.settings.url}/reports/follow/{follow}"
    made = {"service_request_id": str(taken.number), "service_notice": notice, "account_id": None}
    return answer(request, "service_requests", [made])


async def _where(conn: Connection, typed: Mapping[str, str]) -> tuple[str, tuple[float, float] | None]:
    """The municipality and the point, if there is one, of a posted report."""
    named = await _jurisdiction(conn, typed)
    if not (typed.get("lat") or typed.get("long")):
        if named is None:
            raise Invalid("A location was not provided: send lat and long, or jurisdiction_id and address_string.")
        return named, None
    place = model.place_of(typed.get("long", ""), typed.get("lat", ""))
    town = await identity.municipality_at(conn, *place)
    if town is None:
        names = ", ".join(f"{one.lg_code} {one.name('en')}" for one in await identity.municipalities(conn))
        raise Invalid(f"lat and long are outside every municipality here. Reports are taken for: {names}.")
    if named not in {None, town.lg_code}:
        raise Invalid(f"lat and long are in {town.lg_code}, not in jurisdiction_id {named}.")
    return town.lg_code, place


async def _may_report(conn: Connection, caller: Caller, api_key: str, lg_code: str) -> None:
    if api_key:
        known = await identity.caller_of_key(conn, api_key)
        if known is None:
            raise Forbidden("The api_key is not known, or it was revoked.")
        caller = known
    if caller.kind == "anyone" and await store.takes_keys_only(conn, lg_code):
        raise Forbidden(f"{lg_code} takes reports with an api_key only. Its office gives keys out.")


def _words(typed: Mapping[str, str]) -> str:
    """The description; a picture elsewhere is kept as its address, for the officer to open or not: we fetch nothing."""
    words = (typed.get("description", ""), typed.get("media_url", ""))
    return model.clean("\n".join(part for part in words if part), 2 * model.WORDS_LIMIT)


def _contact(typed: Mapping[str, str]) -> model.Contact:
    name = " ".join(part for key in ("last_name", "first_name") if (part := typed.get(key, "").strip()))
    form = {"name": name, "phone": typed.get("phone", ""), "mail": typed.get("email", "")}
    if mistakes := model.contact_mistakes(form):
        names = {"mail": "email", "name": "first_name, last_name"}
        raise Invalid(" ".join(f"{names.get(key, key)}: {sentence}" for key, sentence in mistakes.items()))
    return model.contact_of(form)


async def _jurisdiction(conn: Connection, given: Mapping[str, str]) -> str | None:
    named = given.get("jurisdiction_id") or None
    if named and named not in {town.lg_code for town in await identity.municipalities(conn)}:
        raise NotFound(
            "jurisdiction_id was not found. It is a municipality's six-digit code; leave it out for the region."
        )
    return named


def _list(query: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in query.get(name, "").split(",") if part.strip()]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < len(str(1 << 31))


def _stem(name: str) -> str:
    stem, _, _ = name.rpartition(".")
    return stem


def _states(statuses: list[str]) -> list[str] | None:
    if set(statuses) - {"open", "closed"}:
        raise Invalid("status is open or closed, or both with a comma.")
    return [state for state in model.STATES if ("open" if state in model.OPEN else "closed") in statuses] or None


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "").strip().replace(" ", "+")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{name} is a time like 2026-11-20T00:00:00Z.") from None


def _span(query: Mapping[str, str]) -> tuple[datetime, datetime]:
    since, until = _moment(query, "start_date"), _moment(query, "end_date")
    try:
        until = until or (min(since + SPAN, clock.now()) if since else clock.now())
        since = since or until - SPAN
    except OverflowError:
        raise Invalid("start_date and end_date must lie within the calendar.") from None
    if until - since > SPAN:
        raise Invalid("start_date and end_date may not span more than 90 days.")
    return since, until


def _language(request: Asked) -> str:
    return choose(request.headers.get("accept-language", ""))


async def _answer_with(request: Asked, conn: Connection, found: list[Report]) -> Response[bytes]:
    language = _language(request)
    towns = {town.lg_code: town.name(language) for town in await identity.municipalities(conn)}
    url = request.app.state.settings.url
    return answer(request, "service_requests", [_seen(report, url, language, towns) for report in found])


def _seen(report: Report, url: str, language: str, towns: Mapping[str, str]) -> dict[str, Any]:
    """A report in Open311's words, as far as everybody may know it."""
    kind, state = model.KINDS[report.kind], model.STATES[report.state][language]
    longitude, latitude = report.place or (None, None)
    return {
        "service_request_id": str(report.number),
        "status": "open" if report.is_open else "closed",
        "status_notes": f"{state}: {report.note}" if report.note else state,
        "service_name": kind.names[language],
        "service_code": kind.code,
        "description": (report.words or None) if report.words_public else None,
        "agency_responsible": report.forwarded_to or towns.get(report.lg_code, report.lg_code),
        "service_notice": None,
        "requested_datetime": _w3(report.reported),
        "updated_datetime": _w3(report.changed),
        "expected_datetime": None,
        "address": (report.landmark or None) if report.words_public else None,
        "address_id": None,
        "zipcode": None,
        "lat": latitude,
        "long": longitude,
        "media_url": f"{url}/reports/{report.number}/photo" if report.shows_photo else None,
    }


def _w3(moment: datetime) -> str:
    return clock.iso(moment.replace(microsecond=0))


def _wrong(request: Asked, error: Exception) -> Response[bytes]:
    """What is wrong, in the specification's own form; a key that is wrong is 403 there."""
    document = problems.document_of(error)
    status = 403 if document["status"] == 401 else document["status"]  # noqa: PLR2004 - Unauthorized
    if status >= 500 and not isinstance(error, Problem):  # noqa: PLR2004 - server errors begin there
        return problems.problem(request, error)  # type: ignore[return-value]  # logged there
    described = document.get("detail") or document["title"]
    return answer(request, "errors", [{"code": status, "description": described}], status)


ROUTES = Router(
    "/open311", route_handlers=[discovery, services, definition, requests, one_request, token, report],
    exception_handlers={Exception: _wrong}, tags=["Open311"],
)  # fmt: skip
