"""Lists that fit into memory, a page at a time: limit, offset, count, and links to the pages beside (CIM 009 §5.5.9, §6.3.10)."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from hiroba.exchange.broker.errors import BadRequestData, TooManyResults
from hiroba.exchange.broker.ngsi_ld.http import Request

LIMIT: Final = 20
MOST: Final = 1000
"""Items of one page."""
BASE: Final = "/ngsi-ld/v1"
Item = TypeVar("Item")


class Window(msgspec.Struct, frozen=True):
    """Which page is asked for, and whether the number of all is."""

    limit: int
    offset: int
    count: bool

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """The page; an offset beyond the end gives the last item (§6.3.10)."""
        start = min(self.offset, max(0, len(items) - 1))
        return items[start : start + self.limit]

    def headers(self, request: Request, path: str, total: int) -> list[tuple[str, str]]:
        """The number of all where it is asked for, and links to the pages before and after."""
        headers = [("ngsild-results-count", str(total))] if self.count else []
        if self.limit and self.offset > 0:
            headers.append(_link(request, path, "prev", self.limit, max(0, self.offset - self.limit)))
        if self.limit and self.offset + self.limit < total:
            headers.append(_link(request, path, "next", self.limit, self.offset + self.limit))
        return headers


def window(request: Request) -> Window:
    """The page a request asks for."""
    limit = request.number("limit", LIMIT)
    count = request.flag("count")
    if limit > MOST:
        raise TooManyResults(f"limit is at most {MOST}.")
    if limit == 0 and not count:
        raise BadRequestData("limit=0 asks for the number alone; say count=true with it.")
    return Window(limit, request.number("offset", 0), count)


def _link(request: Request, path: str, relation: str, limit: int, offset: int) -> tuple[str, str]:
    parameters: Mapping[str, str] = {**request.params, "limit": str(limit), "offset": str(offset)}
    return "link", f'<{BASE}{path}?{urlencode(parameters)}>;rel="{relation}";type="{request.accepts}"'
