"""The page where a person types the code that a device at a counter shows, and says whether the device may know them."""

from typing import Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from hiroba.base.web.given import GivenConnection
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.identity.callers import ANYONE, RESIDENT
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.provider import devices
from hiroba.exchange.identity.provider.browser import UNSEEN


class Said(msgspec.Struct, frozen=True):
    """What the person says to a device."""

    code: str
    answer: Literal["agree", "refuse"]


@get("/device", opt={"may": (ANYONE,)}, include_in_schema=False)
async def ask(conn: GivenConnection, page: GivenPage, caller: GivenCaller, code: FromQuery[str] = "") -> Response[Any]:
    """Ask for the code, and then whether the device that shows it may know who is there."""
    if caller.kind != "resident":
        here = f"/device?code={quote(code)}" if code else "/device"
        return Redirect(f"/sign-in?next={quote(here)}", status_code=303, headers=UNSEEN)
    shown = await devices.look(conn, code) if code else None
    return _page(page, "ask" if shown else "type", code, shown)


@post("/device", opt={"may": (RESIDENT,)}, include_in_schema=False, status_code=200)
async def say(
    conn: GivenConnection, page: GivenPage, caller: GivenCaller, data: URLEncodedBody[Said]
) -> Response[str]:  # fmt: skip
    """Take the answer; the device learns it when it asks next."""
    shown = await devices.look(conn, data.code)
    if shown is None:
        return _page(page, "type", data.code, None)
    await devices.say(conn, data.code, caller, yes=data.answer == "agree")
    return _page(page, data.answer, data.code, shown)


def _page(page: Page, step: str, code: str, shown: devices.Shown | None) -> Response[str]:
    answer = page.html(
        "door/account/device.html",
        step=step,
        code=code[:20],
        wrong=step == "type" and bool(code),
        application=shown.application if shown else None,
        organisation=shown.organisation if shown else None,
        status=422 if step == "type" and code else 200,
    )
    answer.headers.update(UNSEEN)
    return answer


ROUTES = [ask, say]
