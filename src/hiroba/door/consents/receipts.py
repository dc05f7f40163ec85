"""The receipt of a consent, to keep: a signed file, and the published keys with which anybody can check it."""

from typing import Any

from litestar import Response, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.door.consents.mine import MINE, PRIVATE
from hiroba.exchange.gateway.grants import receipts, sights
from hiroba.exchange.gateway.grants.sights import Seen
from hiroba.exchange.gateway.grants.store import papers
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people.subjects import translate


@get("/consents/{id_:str}/receipt", opt=MINE, include_in_schema=False)
async def receipt(
    conn: GivenConnection, caller: GivenCaller, state: State, id_: FromPath[str], *, version: FromQuery[int | None] = None
) -> Response[str]:  # fmt: skip
    """The receipt as a compact JWS, for the person's own papers."""
    seen = await sights.one(conn, caller.subject, id_, version)
    if seen.grant.basis.kind != "consent" or seen.kept.decided is None:
        raise NotFound("There is a receipt of what you agreed to, and of nothing else.")
    signed = await _signed(conn, seen, state.settings.url)
    name = f"consent-{seen.grant.id}-{seen.grant.version}.jws"
    return Response(
        signed, media_type="application/jose",
        headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )  # fmt: skip


@get(
    "/api/v1/consent-receipts/keys",
    opt={"may": (ANYONE,)},
    tags=["Consents"],
    summary="Keys that receipts are checked with",
)
async def keys(conn: GivenConnection) -> dict[str, Any]:
    """Every key that ever signed a receipt of a consent, as a JWK Set (RFC 7517)."""
    return receipts.published(await papers.keys(conn))


async def _signed(conn: Connection, seen: Seen, house: str) -> str:
    assert seen.grant.notice  # noqa: S101 - whatever was agreed to was shown first
    notice = await papers.shown(conn, seen.grant.notice.sha256)
    application = await organisations.application(conn, seen.grant.recipient)
    if application is None:
        raise NotFound("The application this was granted to is not registered any more.")
    here, there = f"tenant:{seen.kept.tenant}", application.with_sector().sector
    names = await translate(conn, [seen.grant.subject], here, there)
    content = receipts.document(seen.kept, notice, names[seen.grant.subject], house)
    return receipts.signed(content, await papers.signing_key(conn, clock.now()))


ROUTES = [receipt, keys]
