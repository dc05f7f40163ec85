"""The same list for programs of the person's choice, in the shape of Estonia's data tracker (e-gov/AJ, findUsage v2)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from hiroba.base import clock
from hiroba.base.text import in_language
from hiroba.base.web.given import GivenConnection
from hiroba.door.log.kinds import LOOKS
from hiroba.door.log.lines import lines
from hiroba.door.log.mine import whose
from hiroba.door.pages import GivenPage, Page
from hiroba.exchange.audit.people import store
from hiroba.exchange.gateway.log.explaining import explained, told
from hiroba.exchange.identity.callers import ANYONE, RESIDENT
from hiroba.exchange.identity.guards import GivenCaller

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC)
MOST = 1000


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """One use of the person's data."""

    logtime: str
    action: str
    """What was done and why, in words."""
    receiver_code: str
    receiver_name: str
    receiver_system: str


class Usages(msgspec.Struct, frozen=True, rename="camel"):
    """Uses of a period, the latest first, and how many there are in all."""

    total_usages: int
    usages: list[Usage]


class Period(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """From when on there are records; up to now."""

    period_start: str


class Beat(msgspec.Struct, frozen=True):
    """Whether the service answers."""

    status: str
    message: str


@get("/api/v1/findUsage", opt={"may": (RESIDENT,)}, tags=["Log"], summary="Who used my data")
async def find_usage(
    conn: GivenConnection, caller: GivenCaller, page: GivenPage, *,
    period_start: Annotated[datetime | None, QueryParameter(name="periodStart", description="Not before.")] = None,
    period_end: Annotated[datetime | None, QueryParameter(name="periodEnd", description="Before.")] = None,
    offset: Annotated[int, QueryParameter(ge=0, le=10**9)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = MOST,
) -> Usages:  # fmt: skip
    """Every use of the caller's data, refused ones too, the latest first; words in the language the request asks for."""
    person = await whose(conn, caller, "")
    total, seen = await store.uses(
        conn, person.subject, _aware(period_start) or FIRST, _aware(period_end) or LAST, list(LOOKS), offset=offset, limit=limit
    )  # fmt: skip
    events = [told(one) for one in seen]
    words = await explained(conn, events)
    usages = []
    for one, event in zip(seen, events, strict=True):
        (line,) = lines(page, [one], words)
        party = words.parties.get(event.recipient)
        usages.append(
            Usage(
                logtime=clock.iso(one.at),
                action=f"{line.sentence}: {line.why}" if line.why else line.sentence,
                receiver_code=party.organisation_code if party is not None else event.recipient,
                receiver_name=_named(page, party.organisation if party is not None else {}, event.recipient),
                receiver_system=_named(page, party.name if party is not None else {}, event.recipient),
            )
        )
    return Usages(total, usages)


@get("/api/v1/usagePeriod", opt={"may": (RESIDENT,)}, tags=["Log"], summary="Since when there are records")
async def usage_period(conn: GivenConnection, caller: GivenCaller) -> Period:
    """The moment of the caller's first record; without one, now."""
    person = await whose(conn, caller, "")
    return Period(clock.iso(await store.first(conn, person.subject) or clock.now()))


@get("/api/v1/heartbeat", opt={"may": (ANYONE,)}, tags=["Log"], summary="Whether the records can be asked")
async def heartbeat(conn: GivenConnection) -> Beat:
    """OK while the tables answer."""
    await store.first(conn, "")
    return Beat("OK", "The records can be asked.")


def _named(page: Page, names: dict[str, str], code: str) -> str:
    return in_language(names, page.language) or code


def _aware(moment: datetime | None) -> datetime | None:
    """A moment without a zone is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


ROUTES = [find_usage, usage_period, heartbeat]
