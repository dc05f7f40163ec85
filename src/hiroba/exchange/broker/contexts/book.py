"""Every @context this process knows, ready to use: the core's and the house's own from inside, kept ones, others by address.

What a request names is worked out once and remembered, with the documents it was made of; when one of these is stale or was
changed anywhere, it is worked out again. An address is asked by one task at a time. What it gave stays in use when it fails.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import asyncpg
import msgspec
import orjson

from hiroba.base import clock
from hiroba.base.db import Connection, Pool
from hiroba.base.egress import Egress
from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts import core, remote, store
from hiroba.exchange.broker.contexts.context import CORE, Context, address_of, flatten
from hiroba.exchange.broker.contexts.folder import Folder
from hiroba.exchange.broker.contexts.library import Library, believed, copy_of
from hiroba.exchange.broker.contexts.model import Stored
from hiroba.exchange.broker.errors import BadRequestData, LdContextNotAvailable, OperationNotSupported

log = logging.getLogger("hiroba.contexts")
DEEPEST: Final = 8
"""Contexts that name contexts, one inside the other."""
MOST: Final = 32
"""Contexts one context may lead to."""
KEPT: Final = 500
"""Contexts that are kept ready, and documents they are made of; the least used go first."""
AGAIN: Final = timedelta(seconds=5)
"""How long an address that failed is not asked again."""
COUNTED: Final = 5.0
"""Seconds after which uses are written down."""
OURS: Final = "/context/v1.jsonld"
Address = tuple[str, str]
"""Tenant and address."""


def house_document() -> bytes:
    """The house's own context, as it is served."""
    return files("hiroba.exchange.broker.contexts").joinpath("hiroba-v1.jsonld").read_bytes()


def _names_of(url: str) -> frozenset[str]:
    """The names of this house in an address: its own, and on loopback every name of loopback."""
    parts = urlsplit(url)
    if parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.port:
        return frozenset(f"{name}:{parts.port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return frozenset({parts.netloc})


class _Document:
    """A document in memory: the value of its @context, and until when it is believed."""

    __slots__ = ("source", "stored", "until")

    def __init__(self, source: Any, until: datetime | None, stored: Stored | None) -> None:
        self.source = source
        self.until = until
        self.stored = stored


class _Made(msgspec.Struct):
    """A context that is ready, and the documents it was made of."""

    context: Context
    parts: dict[Address, _Document]
    uses: int = 0


class Book:
    """The contexts of one process. Without a pool nothing is kept beyond the process."""

    def __init__(self, egress: Egress, own_url: str, pool: Pool | None = None, folder: Path | None = None) -> None:
        self._egress = egress
        self._own = _names_of(own_url)
        self._folder = Folder(folder)
        self.library = Library(pool, self._own, own_url) if pool is not None else None
        self._documents: OrderedDict[Address, _Document] = OrderedDict()
        self._asking: dict[Address, asyncio.Task[_Document]] = {}
        self._failed: OrderedDict[Address, tuple[datetime, Problem]] = OrderedDict()
        self._made: OrderedDict[tuple[str, bytes], _Made] = OrderedDict()
        self._writing: asyncio.Task[None] | None = None
        self._house_terms: Mapping[str, Any] = orjson.loads(house_document())["@context"]
        self.house = Context(flatten([self._house_terms]), f"{own_url}{OURS}")
        """The context of the house's own pages and services."""
        self.since = clock.now()

    async def start(self) -> None:
        """Begin to write down uses."""
        self._writing = asyncio.create_task(self._write_uses())

    async def stop(self) -> None:
        """Write down the last uses."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._try_to_write_uses()

    async def context(self, source: Any, tenant: str = "") -> Context:
        """The context a client names: an address, an object, or a list of these; None or an empty list is the core."""
        if source is None or source in ("", [], {}) or (isinstance(source, str) and core.IS_CORE.fullmatch(source)):
            return CORE
        key = (tenant, orjson.dumps(source))
        made = self._made.get(key)
        if made is None or not self._is_fresh(made):
            before = made
            made = self._made[key] = await self._make(source, tenant)
            made.uses = before.uses if before is not None else 0
            if len(self._made) > KEPT:
                self._note(self._made.popitem(last=False)[1])
        self._made.move_to_end(key)
        made.uses += 1
        return made.context

    async def check(self, source: Any, tenant: str) -> None:
        """Nothing, or the problem of a context that could not be used; what cannot be had just now is no problem yet."""
        check_inline(source)
        with suppress(LdContextNotAvailable):
            await self._make(source, tenant)

    async def _make(self, source: Any, tenant: str) -> _Made:
        parts: dict[Address, _Document] = {}
        found = _Collected(self, tenant, parts)
        await found.add(source, "", ())
        return _Made(Context(flatten(found.documents), source), parts)

    def _is_fresh(self, made: _Made) -> bool:
        now = clock.now()
        return all(
            self._documents.get(address) is document and (document.until is None or document.until > now)
            for address, document in made.parts.items()
        )

    def own_terms(self, url: str) -> Mapping[str, Any] | None:
        """The house's own terms where the address is theirs."""
        parts = urlsplit(url)
        return self._house_terms if parts.path == OURS and parts.netloc in self._own else None

    async def document(self, tenant: str, url: str) -> _Document:
        """The document of an address: as it is known, or as it is had now."""
        address = (tenant, url)
        known = self._documents.get(address)
        if known is not None and (known.until is None or known.until > clock.now()):
            self._documents.move_to_end(address)
            return known
        failed = self._failed.get(address)
        if failed is not None and failed[0] > clock.now():
            raise type(failed[1])(failed[1].detail)
        task = self._asking.get(address)
        if task is None:
            task = self._asking[address] = asyncio.create_task(self._ask(tenant, url, known))
            task.add_done_callback(lambda _: self._asking.pop(address, None))
        return await asyncio.shield(task)

    async def _ask(self, tenant: str, url: str, known: _Document | None) -> _Document:
        if self.library is not None and (id_ := self.library.id_in(url)):
            return self._remember((tenant, url), await self._kept_here(tenant, url, id_))
        if (source := self._folder.find(url)) is not None:
            return self._remember((tenant, url), _Document(source, clock.now() + remote.FRESH, None))
        stored = known.stored if known is not None else None
        if self.library is not None:
            stored = await self.library.find(tenant, url)
            if stored is not None and stored.expires is not None and stored.expires > clock.now():
                return self._remember((tenant, url), _Document(stored.source, stored.expires, stored))
        try:
            stored = await self._downloaded(tenant, url, stored)
        except Problem as problem:
            if stored is not None:  # what it gave once stays in use
                return self._remember((tenant, url), _Document(stored.source, clock.now() + AGAIN, stored))
            self._failed[tenant, url] = (clock.now() + AGAIN, problem)
            if len(self._failed) > KEPT:
                self._failed.popitem(last=False)
            raise
        return self._remember((tenant, url), _Document(stored.source, stored.expires, stored))

    async def _kept_here(self, tenant: str, url: str, id_: str) -> _Document:
        """A context of our own: the tenant's, or the region's, which is what anybody gets who calls the address."""
        assert self.library is not None  # noqa: S101 - asked before
        stored = await self.library.find(tenant, id_) or await self.library.find("", id_)
        if stored is None or stored.kind == "Cached":
            raise LdContextNotAvailable(f"There is no @context {url}.")
        return _Document(stored.source, None, stored)

    async def _downloaded(self, tenant: str, url: str, stored: Stored | None) -> Stored:
        fetched = await remote.fetch(self._egress, url, stored.etag if stored else "", stored.changed if stored else "")
        if not fetched.body and stored is not None:
            return (
                await self.library.believe(stored, fetched) if self.library is not None else believed(stored, fetched)
            )
        check_inline(orjson.loads(fetched.body))
        if self.library is not None:
            return await self.library.keep(tenant, url, fetched)
        return copy_of(tenant, url, fetched)

    def _remember(self, address: Address, document: _Document) -> _Document:
        self._failed.pop(address, None)
        self._documents[address] = document
        self._documents.move_to_end(address)
        if len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        return document

    async def reload(self, stored: Stored) -> None:
        """Download a copy again over the one there, which stays when that fails (§5.13.5.4)."""
        try:
            await self._downloaded(stored.tenant, stored.url, msgspec.structs.replace(stored, etag="", changed=""))
        except BadRequestData as problem:
            raise LdContextNotAvailable(problem.detail) from problem
        self.forget(stored)

    async def address_for(self, source: Any, tenant: str, owner: str = "") -> str:
        """An address that gives this context: its own where it is one, else that of one made implicitly (§5.13.1)."""
        if address := address_of(source):
            return address
        if self.library is None:
            raise OperationNotSupported("No @contexts are kept here.")
        return self.library.address_of(await self.library.add(tenant, owner, source, "ImplicitlyCreated"))

    def forget(self, stored: Stored) -> None:
        """Know a kept context no longer: it is read, or asked for, when it is needed next."""
        self._failed.pop((stored.tenant, stored.url), None)
        for address, document in list(self._documents.items()):
            if document.stored is not None and document.stored.id == stored.id:
                del self._documents[address]

    async def refresh(self, conn: Connection, since: int) -> None:
        """Forget what other processes have changed: it is read again when it is needed next."""
        if not self._documents:
            return
        changed = await store.changed_since(conn, since)
        for address, document in list(self._documents.items()):
            stored = document.stored
            if stored is not None and changed.get((stored.tenant, stored.id), 0) > stored.version:
                del self._documents[address]

    def _note(self, made: _Made) -> None:
        uses, made.uses = made.uses, 0
        if uses and self.library is not None:
            for document in made.parts.values():
                if document.stored is not None:
                    self.library.note(document.stored, uses)

    async def write_uses(self) -> None:
        """Write down what was used since the last time."""
        for made in self._made.values():
            self._note(made)
        if self.library is not None:
            await self.library.write_uses()

    async def _write_uses(self) -> None:
        while True:
            await asyncio.sleep(COUNTED)
            await self._try_to_write_uses()

    async def _try_to_write_uses(self) -> None:
        try:
            await self.write_uses()
        except (Problem, asyncpg.PostgresError) as problem:
            log.warning("uses of contexts cannot be written at this moment: %s", problem)


class _Collected:
    """The objects that a context is made of, in their order, gathered from what it names."""

    def __init__(self, book: Book, tenant: str, parts: dict[Address, _Document]) -> None:
        self._book = book
        self._tenant = tenant
        self._parts = parts
        self._left = MOST
        self.documents: list[Mapping[str, Any]] = []

    async def add(self, source: Any, base: str, way: tuple[str, ...]) -> None:
        """Add what a source names; `way` holds the addresses that led here, the last one is `base`."""
        if isinstance(source, list):
            for part in source:
                if isinstance(part, list):
                    raise BadRequestData("An @context that is a list has no lists in it.")
                await self.add(part, base, way)
        elif source is None:
            self.documents.clear()
        elif isinstance(source, Mapping):
            if "@import" in source:
                await self.add(source["@import"], base, way)
            self.documents.append(source)
        elif isinstance(source, str):
            await self._address(_absolute(source, base), way)
        else:
            raise BadRequestData("An @context is an address, an object, or a list of these.")

    async def _address(self, url: str, way: tuple[str, ...]) -> None:
        if core.IS_CORE.fullmatch(url):
            return
        if (terms := self._book.own_terms(url)) is not None:
            self.documents.append(terms)
            return
        if url in way:
            raise BadRequestData(f"The @context {url} leads back to itself.")
        self._left -= 1
        if len(way) >= DEEPEST or self._left < 0:
            raise BadRequestData(f"The @context leads to more than {MOST} others, or more than {DEEPEST} deep.")
        document = await self._book.document(self._tenant, url)
        self._parts[self._tenant, url] = document
        await self.add(document.source, url, (*way, url))


def _absolute(address: str, base: str) -> str:
    try:
        url = urljoin(base, address)
        if urlsplit(url).scheme in {"http", "https"}:
            return url
    except ValueError:
        pass
    raise BadRequestData(f"The address of an @context begins with http:// or https://, unlike {address[:200]!r}.")


def check_inline(source: Any) -> None:
    """Nothing, or the problem of an @context that is none, as far as it can be seen without asking anybody."""
    parts = source if isinstance(source, list) else [source]
    for part in parts:
        if not isinstance(part, str | Mapping) and part is not None:
            raise BadRequestData("An @context is an address, an object, or a list of these.")
    flatten([part for part in parts if isinstance(part, Mapping)])
