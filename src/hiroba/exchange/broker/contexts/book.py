"""Where contexts come from: the core's and the house's own from inside, others from their address, once and with limits."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import orjson

from hiroba.base.egress import CallFailed, CallRefused, Egress
from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.context import CORE, Context, flatten
from hiroba.exchange.broker.errors import BadRequestData, LdContextNotAvailable

LARGEST: Final = 1 << 20
"""Bytes of a remote context."""
DEEPEST: Final = 8
"""Contexts that name contexts, one inside the other."""
MOST: Final = 32
"""Contexts one request may lead to."""
MOST_TERMS: Final = 20_000
FRESH: Final = 600.0
"""Seconds a fetched context is used without asking again; when asking fails, the old one stays in use."""
KEPT: Final = 500
"""Contexts that are kept, the least used go first."""
OURS: Final = "/context/v1.jsonld"


def house_document() -> bytes:
    """The house's own context, as it is served."""
    return files("hiroba.exchange.broker.contexts").joinpath("hiroba-v1.jsonld").read_bytes()


def _names_of(url: str) -> frozenset[str]:
    """The names of this house in an address: its own, and on loopback every name of loopback."""
    parts = urlsplit(url)
    if parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.port:
        return frozenset(f"{name}:{parts.port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return frozenset({parts.netloc})


class Book:
    """Every context this process knows."""

    def __init__(self, egress: Egress, own_url: str) -> None:
        self._egress = egress
        self._own = _names_of(own_url)
        self._documents: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[Any]] = {}
        self._contexts: OrderedDict[bytes, Context] = OrderedDict()
        house = orjson.loads(house_document())["@context"]
        self._house_terms: Mapping[str, Any] = house
        self.house = Context(flatten([house]), f"{own_url}{OURS}")
        """The context of the house's own pages and services."""

    async def context(self, source: Any) -> Context:
        """The context a client names: an address, an object, or a list of these; None or an empty list is the core."""
        if not source or (isinstance(source, str) and core.IS_CORE.fullmatch(source)):
            return CORE
        key = orjson.dumps(source)
        known = self._contexts.get(key)
        if known is not None and not self._is_stale(source):
            self._contexts.move_to_end(key)
            return known
        documents: list[Mapping[str, Any]] = []
        await self._collect(source, "", documents, set(), 0)
        if sum(len(document) for document in documents) > MOST_TERMS:
            raise BadRequestData(f"The @context has more than {MOST_TERMS} terms.")
        made = Context(flatten(documents), source)
        self._contexts[key] = made
        if len(self._contexts) > KEPT:
            self._contexts.popitem(last=False)
        return made

    async def _collect(
        self, source: Any, base: str, documents: list[Mapping[str, Any]], seen: set[str], depth: int
    ) -> None:
        if depth > DEEPEST or len(seen) > MOST:
            raise BadRequestData(f"The @context leads to more than {MOST} others, or more than {DEEPEST} deep.")
        if source is None:
            return
        if isinstance(source, list):
            for part in source:
                await self._collect(part, base, documents, seen, depth)
        elif isinstance(source, Mapping):
            documents.append(source)
        elif isinstance(source, str):
            url = urljoin(base, source)
            if core.IS_CORE.fullmatch(url):
                return
            if self._is_ours(url):
                documents.append(self._house_terms)
                return
            if url in seen:
                raise BadRequestData(f"The @context {url} leads back to itself.")
            seen.add(url)
            await self._collect(await self._document(url), url, documents, seen, depth + 1)
        else:
            raise BadRequestData("An @context is an address, an object, or a list of these.")

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.path == OURS and parts.netloc in self._own

    def _is_stale(self, source: Any) -> bool:
        """Whether a remote part of a remembered context should be asked for again."""
        parts = source if isinstance(source, list) else [source]
        remote = [part for part in parts if isinstance(part, str) and part in self._documents]
        return any(self._documents[part][0] < time.monotonic() for part in remote)

    async def _document(self, url: str) -> Any:
        until, document = self._documents.get(url, (0.0, None))
        if document is not None and until > time.monotonic():
            self._documents.move_to_end(url)
            return document
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.create_task(self._fetch(url))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        try:
            fetched = await asyncio.shield(task)
        except LdContextNotAvailable:
            if document is None:
                raise
            fetched = document
        self._documents[url] = (time.monotonic() + FRESH, fetched)
        if len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        return fetched

    async def _fetch(self, url: str) -> Any:
        try:
            answer = await self._egress.call(
                "GET", url, headers={"Accept": "application/ld+json, application/json"}, limit=LARGEST
            )
        except (CallFailed, CallRefused) as error:
            raise LdContextNotAvailable(f"The @context {url} is not to be had: {error}") from error
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise LdContextNotAvailable(f"The @context {url} is not to be had: status {answer.status}.")
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(f"The @context {url} is no JSON: {error}.") from error
        if not isinstance(document, dict) or "@context" not in document:
            raise BadRequestData(f"The @context {url} has no member @context.")
        return document["@context"]
