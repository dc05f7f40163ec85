"""What everybody may see of reports, and the private page behind the reporter's own link."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.broker.exchange import Exchange, GivenExchange
from hiroba.services.reports import model, store
from hiroba.services.reports.pages import PRIVATE, PUBLIC, found, jpeg, towns
from hiroba.services.reports.pages.maps import drawn


@get("/reports", opt=PUBLIC, include_in_schema=False)
async def everything(conn: GivenConnection, page: GivenPage) -> Response[str]:
    """What is known and worked on, and the way to tell of something new."""
    reports = await store.reports(conn, store.Wanted(limit=30))
    names = await towns(conn, page.language)
    return page.html(
        "reports/all.html", reports=reports, towns=names, now=clock.now(), kinds=model.KINDS, states=model.STATES
    )


@get("/reports/{number:int}", opt=PUBLIC, include_in_schema=False)
async def one(conn: GivenConnection, exchange: GivenExchange, page: GivenPage, number: FromPath[int]) -> Response[str]:
    """A report as everybody may see it."""
    return await _report(conn, exchange, page, await found(conn, number))


@get("/reports/{number:int}/photo", opt=PUBLIC, include_in_schema=False)
async def photo(conn: GivenConnection, number: FromPath[int]) -> Response[bytes]:
    """The photo of a report, once an officer let it be seen."""
    report = await found(conn, number)
    data = await store.photo(conn, report) if report.photo_public else None
    return jpeg(data, {"Cache-Control": "public, max-age=300"})


@get("/reports/follow/{token:str}", opt=PUBLIC, include_in_schema=False)
async def follow(
    conn: GivenConnection, exchange: GivenExchange, page: GivenPage, token: FromPath[str]
) -> Response[str]:
    """The reporter's own page: how far it is, and what we hold of them."""
    report = await _behind(conn, token)
    answer = await _report(conn, exchange, page, report, token=token, looks=await store.looks(conn, report))
    answer.headers.update(PRIVATE)
    return answer


@get("/reports/follow/{token:str}/photo", opt=PUBLIC, include_in_schema=False)
async def own_photo(conn: GivenConnection, token: FromPath[str]) -> Response[bytes]:
    """The reporter's own photo, public or not."""
    return jpeg(await store.photo(conn, await _behind(conn, token)), PRIVATE)


@post("/reports/follow/{token:str}/forget", opt=PUBLIC, include_in_schema=False)
async def forget(conn: GivenConnection, token: FromPath[str]) -> Redirect:
    """The reporter wants no answer any more: their contact goes at once."""
    await store.forget_contact(conn, await _behind(conn, token))
    return Redirect(f"/reports/follow/{token}", status_code=303)


async def _behind(conn: Connection, token: str) -> model.Report:
    report = await store.report_behind(conn, token)
    if report is None:
        raise NotFound("This link is not known. Check that it was copied whole.")
    return report


async def _report(
    conn: Connection,
    exchange: Exchange,
    page: Page,
    report: model.Report,
    *,
    token: str = "",
    looks: Sequence[store.Look] = (),
) -> Response[str]:
    return page.html(
        "reports/report.html", report=report, kind=model.KINDS[report.kind], states=model.STATES, token=token,
        looks=looks, towns=await towns(conn, page.language), history=await store.history(conn, report),
        contact_days=store.CONTACT_LIFE.days, asked=page.request.query_params,
        drawing=await drawn(conn, exchange, page, report.place) if report.place else None,
    )  # fmt: skip


ROUTES = (everything, one, photo, follow, own_photo, forget)
