"""An @context from its address: downloaded with limits, believed as long as HTTP says, within bounds (CIM 009 §6.3.16)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin

import orjson

from hiroba.base import clock
from hiroba.base.egress import Answer, CallFailed, CallRefused, Egress
from hiroba.exchange.broker.contexts.model import Fetched
from hiroba.exchange.broker.errors import BadRequestData, LdContextNotAvailable

LARGEST: Final = 4 << 20
"""Bytes of a remote context."""
SECONDS: Final = 10.0
"""How long an answer is waited for."""
FRESH: Final = timedelta(minutes=10)
"""How long a context is believed whose server does not say."""
LEAST: Final = timedelta(seconds=5)
"""At least so long, whatever the server says: no context is fetched for each request."""
LONGEST: Final = timedelta(days=1)
ACCEPT: Final = "application/ld+json, application/json;q=0.9, */*;q=0.1"
_AGE: Final = re.compile(r"(?:^|[\s,])(s-maxage|max-age|no-cache|no-store)(?:\s*=\s*\"?(\d{1,10}))?", re.IGNORECASE)
_ALTERNATE: Final = re.compile(r'<([^<>]+)>[^,]*rel="?alternate"?[^,]*type="?application/ld\+json"?', re.IGNORECASE)


async def fetch(egress: Egress, url: str, etag: str = "", changed: str = "") -> Fetched:
    """What an address gives now; `body` is empty where it is still what carried `etag` or `changed`."""
    headers = {"Accept": ACCEPT}
    if etag:
        headers["If-None-Match"] = etag
    elif changed:
        headers["If-Modified-Since"] = changed
    answer = await _get(egress, url, headers)
    seen = _lower(answer)
    if "json" not in seen.get("content-type", "json") and (link := _ALTERNATE.search(seen.get("link", "")[:2000])):
        answer = await _get(egress, urljoin(url, link[1]), headers)  # a page that names its context (JSON-LD 1.1 §6.2)
        seen = _lower(answer)
    unchanged = answer.status == 304 and bool(etag or changed)  # noqa: PLR2004 - Not Modified
    if not unchanged and answer.status != 200:  # noqa: PLR2004 - OK
        raise LdContextNotAvailable(f"The @context {url} is not to be had: status {answer.status}.")
    return Fetched(
        body="" if unchanged else orjson.dumps(content(answer.body, f"The @context {url}")).decode(),
        expires=clock.now() + believed(seen, clock.now()),
        etag=seen.get("etag", etag)[:200],
        changed=seen.get("last-modified", changed)[:100],
    )


async def _get(egress: Egress, url: str, headers: Mapping[str, str]) -> Answer:
    try:
        return await egress.call("GET", url, headers=headers, limit=LARGEST, seconds=SECONDS)
    except (CallFailed, CallRefused) as error:
        raise LdContextNotAvailable(f"The @context {url} is not to be had: {error}") from error


def _lower(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def content(body: bytes, what: str) -> Any:
    """The value of @context in a document; whatever stands beside it is passed over (§5.13.2.3)."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"{what} is no JSON: {error}.") from error
    if not isinstance(document, dict) or document.get("@context") is None:
        raise BadRequestData(f"{what} has no member @context.")
    return document["@context"]


def believed(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long an answer is fresh (RFC 9111): by its own words, else a tenth of its age, else ten minutes; within bounds."""
    said = {name.lower(): number for name, number in _AGE.findall(headers.get("cache-control", ""))}
    if "no-store" in said or "no-cache" in said:
        return LEAST
    date = _date(headers.get("date", "")) or now
    if seconds := said.get("s-maxage") or said.get("max-age"):
        age = headers.get("age", "")
        spent = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0  # noqa: PLR2004 - a few centuries
        found = timedelta(seconds=max(0, min(int(seconds), 10**9) - spent))
    elif "expires" in headers:
        expires = _date(headers["expires"])
        found = expires - date if expires else LEAST
    elif changed := _date(headers.get("last-modified", "")):
        found = max(FRESH, (date - changed) / 10)
    else:
        found = FRESH
    return max(LEAST, min(found, LONGEST))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
