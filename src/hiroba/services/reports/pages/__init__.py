"""Pages without JavaScript in their way: `public` for everybody, `asking` for telling of a damage, `desk` for officers."""

from typing import Final

from litestar import Response

from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import ANYONE
from hiroba.services.reports import store
from hiroba.services.reports.model import Report

PUBLIC: Final = {"may": (ANYONE,)}
PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of what only one person should see."""


def jpeg(data: bytes | None, headers: dict[str, str]) -> Response[bytes]:
    """A photo, or the problem that there is none."""
    if data is None:
        raise NotFound("There is no photo here.")
    return Response(data, media_type="image/jpeg", headers={**headers, "X-Content-Type-Options": "nosniff"})


async def found(conn: Connection, number: int) -> Report:
    """The report with this number, or the problem that there is none."""
    report = await store.report_of(conn, number)
    if report is None:
        raise NotFound(f"There is no report {number}.")
    return report


async def towns(conn: Connection, language: str) -> dict[str, str]:
    """The municipalities of the region by code, named in the reader's language."""
    return {town.lg_code: town.name(language) for town in await identity.municipalities(conn)}
