"""What is granted over me and over those I act for: a list, and each grant with its history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.text import sentence
from hiroba.base.web.given import GivenConnection
from hiroba.door.language import here
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.gateway.grants import consents, sights
from hiroba.exchange.gateway.grants.consents import Wanted
from hiroba.exchange.gateway.grants.sights import Seen
from hiroba.exchange.identity.callers import RESIDENT
from hiroba.exchange.identity.guards import GivenCaller

MINE: Final = {"may": (RESIDENT,)}
PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
"""Nothing of this is kept by a browser or told to another site."""
STATES: Final = {
    "offered": (sentence("Waiting for your answer"), "warn"),
    "active": (sentence("May read now"), ""),
    "refused": (sentence("You refused"), "gray"),
    "withdrawn": (sentence("You took it back"), "gray"),
    "lifted": (sentence("Ended by the office"), "gray"),
    "expired": (sentence("Its time is over"), "gray"),
    "superseded": (sentence("Replaced by a newer version"), "gray"),
}
"""How a grant stands, in a few words, and the tone of its chip."""


def state_of(seen: Seen) -> str:
    """How a grant stands, as people tell it apart: an offer refused is not a consent taken back."""
    if seen.grant.state != "withdrawn":
        return seen.grant.state
    if seen.grant.basis.kind == "law":
        return "lifted"
    return "withdrawn" if seen.kept.decided else "refused"


def shown(page: Page, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """A page of this room."""
    answer = page.html(
        f"door/consents/{template}.html", status=status, states=STATES, state_of=state_of,
        day=lambda at: _day(page, at), **context,
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


def _day(page: Page, at: datetime) -> str:
    return page.catalogue.date(at.astimezone(clock.JAPAN).date())


@get("/consents", opt=MINE, include_in_schema=False)
async def mine(conn: GivenConnection, caller: GivenCaller, page: GivenPage) -> Response[str]:
    """Who may read my data?"""
    found = await sights.mine(conn, caller.subject)
    newest = _newest(found)
    return shown(
        page, "mine",
        waiting=[seen for seen in found if seen.grant.state == "offered" and seen.grant.basis.kind == "consent"],
        running=[seen for seen in found if seen.grant.state == "active"],
        over=[seen for seen in newest if seen.grant.is_over],
    )  # fmt: skip


def _newest(found: Sequence[Seen]) -> list[Seen]:
    """The newest version of each grant."""
    by_id: dict[str, Seen] = {}
    for seen in found:
        if seen.grant.id not in by_id or seen.grant.version > by_id[seen.grant.id].grant.version:
            by_id[seen.grant.id] = seen
    return list(by_id.values())


@get("/consents/new", opt=MINE, include_in_schema=False)
async def begin(
    conn: GivenConnection, caller: GivenCaller, application: FromQuery[str], purpose: FromQuery[str],
    source: FromQuery[str], *, next: FromQuery[str] = "",  # noqa: A002 - the parameter's usual name
) -> Redirect:  # fmt: skip
    """An application sends the person here to be asked; whoever comes twice finds the same offer."""
    kept = await consents.begin(conn, Wanted(recipient=application, purpose=purpose, source=source), caller.subject)
    query = f"?next={quote(here(next), safe='/')}" if next else ""
    return Redirect(f"/consents/{kept.grant.id}{query}", status_code=303)


@get("/consents/{id_:str}", opt=MINE, include_in_schema=False)
async def one(
    conn: GivenConnection,
    caller: GivenCaller,
    page: GivenPage,
    id_: FromPath[str],
    *,
    next: FromQuery[str] = "",  # noqa: A002 - the parameter's usual name
) -> Response[str]:
    """One grant: a question while it waits for an answer, else what it says and all its versions."""
    versions = [seen for seen in await sights.mine(conn, caller.subject) if seen.grant.id == id_]
    if not versions:
        raise sights.NoSuchGrant
    versions.sort(key=lambda seen: seen.grant.version, reverse=True)
    if versions[0].grant.state == "offered" and versions[0].grant.basis.kind == "consent":
        return asked(page, versions[0], next)
    active = [seen for seen in versions if seen.grant.state == "active"]
    seen = (active or versions)[0]
    return shown(page, "one", seen=seen, notice=seen.notice(page.language), versions=versions)


def asked(page: Page, seen: Seen, next_: str, wrong: dict[str, str] | None = None) -> Response[str]:
    """The question: all of it, some of it, or nothing?"""
    notice = seen.notice(page.language)
    return shown(
        page, "asked", status=422 if wrong else 200, seen=seen, notice=notice, sha256=notice.as_shown().sha256,
        next_=here(next_) if next_ else "", wrong=wrong or {}, several=sum(len(part.items) for part in notice.data) > 1,
    )  # fmt: skip


ROUTES = [mine, begin, one]
