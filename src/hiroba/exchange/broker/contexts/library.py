"""The @contexts that a tenant keeps: added, listed, served, deleted, reloaded (CIM 009 §5.13), and how often they were used."""

import hashlib
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import msgspec
import orjson

from hiroba.base import clock, versions
from hiroba.base.db import Pool, reading, transaction
from hiroba.base.ids import ulid
from hiroba.exchange.broker.contexts import store
from hiroba.exchange.broker.contexts.model import PATH, Fetched, Kind, Stored
from hiroba.exchange.broker.errors import BadRequestData

MEMORY: Final = "contexts"
"""The name under which processes tell each other of changes."""
LARGEST: Final = 1 << 20
"""Bytes of a hosted context."""
MOST_HOSTED: Final = 1_000
"""Hosted contexts of a tenant, and as many that were made implicitly."""
MOST_CACHED: Final = 500
"""Copies a tenant keeps; the least used go first."""


def copy_of(tenant: str, url: str, fetched: Fetched, version: int = 0) -> Stored:
    """What an address gave, as it is kept."""
    return Stored(
        tenant=tenant,
        id=f"urn:ngsi-ld:Context:{ulid()}",
        kind="Cached",
        url=url,
        body=fetched.body,
        created=clock.now(),
        expires=fetched.expires,
        etag=fetched.etag,
        changed=fetched.changed,
        version=version,
    )


def believed(stored: Stored, fetched: Fetched) -> Stored:
    """A copy whose address still gives the same, believed for longer."""
    return msgspec.structs.replace(stored, expires=fetched.expires, etag=fetched.etag, changed=fetched.changed)


class Library:
    """The kept @contexts of every tenant."""

    def __init__(self, pool: Pool, own: frozenset[str], url: str) -> None:
        self._pool = pool
        self._own = own
        self._url = url
        self._uses: dict[tuple[str, str], tuple[int, datetime]] = {}

    def address_of(self, stored: Stored) -> str:
        """Where an @context is to be had: here, or where its copy came from."""
        return stored.url or f"{self._url}{PATH}{quote(stored.id, safe=':')}"

    def id_in(self, address: str) -> str:
        """The local id in one of our own addresses, or nothing."""
        parts = urlsplit(address)
        if parts.netloc in self._own and parts.path.startswith(PATH):
            return unquote(parts.path.removeprefix(PATH))
        return ""

    async def add(self, tenant: str, owner: str, source: Any, kind: Kind = "Hosted") -> Stored:
        """Keep an @context (§5.13.2); one that is made implicitly is kept once, however often it is needed."""
        body = orjson.dumps(source)
        if len(body) > LARGEST:
            raise BadRequestData(f"A hosted @context has at most {LARGEST} bytes; this one has {len(body)}.")
        async with transaction(self._pool) as conn:
            version = await versions.raise_(conn, MEMORY)
            if await store.count(conn, tenant, kind) >= MOST_HOSTED:
                raise BadRequestData(
                    f"This tenant keeps {MOST_HOSTED} @contexts already. Delete some that nobody uses."
                )
            stored = Stored(
                tenant=tenant,
                id=f"urn:ngsi-ld:Context:{ulid()}",
                kind=kind,
                owner=owner,
                body=body.decode(),
                created=clock.now(),
                version=version,
            )
            return await store.add(conn, stored, hashlib.sha256(body).hexdigest())

    async def keep(self, tenant: str, url: str, fetched: Fetched) -> Stored:
        """Keep a copy of what an address gave."""
        async with transaction(self._pool) as conn:
            stored = copy_of(tenant, url, fetched, await versions.raise_(conn, MEMORY))
            return await store.keep(conn, stored, MOST_CACHED)

    async def believe(self, stored: Stored, fetched: Fetched) -> Stored:
        """Believe a copy for longer: its address still gives the same."""
        async with transaction(self._pool) as conn:
            await store.believe(conn, stored.tenant, stored.id, fetched)
        return believed(stored, fetched)

    async def find(self, tenant: str, name: str) -> Stored | None:
        """The one of this local id, of this address of ours, or the copy of this address."""
        async with reading(self._pool) as conn:
            return await store.find(conn, tenant, self.id_in(name) or name)

    async def listing(self, tenant: str, kind: Kind | None) -> list[Stored]:
        """All of a tenant, or those of a kind (§5.13.3)."""
        async with reading(self._pool) as conn:
            return await store.listing(conn, tenant, kind)

    async def remove(self, stored: Stored) -> None:
        """Delete one (§5.13.5)."""
        async with transaction(self._pool) as conn:
            version = await versions.raise_(conn, MEMORY)
            await store.remove(conn, stored.tenant, stored.id, clock.now(), version)

    def note(self, stored: Stored, times: int = 1) -> None:
        """Count a use; it is written with others, later."""
        key = (stored.tenant, stored.id)
        self._uses[key] = (self._uses.get(key, (0, None))[0] + times, clock.now())

    async def write_uses(self) -> None:
        """Write what was counted since the last time, in one statement."""
        if self._uses:
            uses, self._uses = self._uses, {}
            async with transaction(self._pool) as conn:
                await store.use(conn, [(tenant, id_, *use) for (tenant, id_), use in sorted(uses.items())])
