"""The exchange as the house's own pages and services call it: entities in a transaction of the caller's.

Entities come and go here in the simplified form of NGSI-LD (CIM 009 §4.5.4): plain keys and values, names of the house's
own context, GeoJSON for places, a language map for names. Programs outside use the NGSI-LD face; both end in the same
writes and queries.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from litestar.di import NamedDependency
from shapely import Point

from hiroba.base import db
from hiroba.base.db import Connection, Pool, transaction
from hiroba.base.egress import Egress
from hiroba.base.errors import Problem
from hiroba.base.versions import Follower
from hiroba.exchange.broker import edits, store
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import reading, writing
from hiroba.exchange.broker.edits import Edit
from hiroba.exchange.broker.errors import BadRequestData, NonexistentTenant, OperationNotSupported
from hiroba.exchange.broker.events import Listener, Then
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.forwarded.forwarder import Forwarder
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import HOME, Entity, Key
from hiroba.exchange.broker.query import geo, order, q
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.order import By
from hiroba.exchange.broker.query.tree import Path
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Question, Selector, answer, types
from hiroba.exchange.broker.reads import Reader
from hiroba.exchange.broker.sources.model import Change
from hiroba.exchange.broker.sources.registry import Sources
from hiroba.exchange.broker.sources.subscribers import Subscribers
from hiroba.exchange.broker.subscriptions.kept import Kept
from hiroba.exchange.broker.subscriptions.registry import Subscriptions
from hiroba.exchange.broker.sweeper import Sweeper
from hiroba.exchange.broker.writes import Writer, apply

Simplified = dict[str, Any]
TENANT_NAME = re.compile(r"[a-z0-9_]{1,50}")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the exchange."""

    types: Sequence[str] = ()
    """Any of these types, by their short names; empty: every type."""
    q: str = ""
    """The query language of CIM 009 §4.9: `floodSafe==true;name~="小学校"`."""
    near: tuple[float, float] | None = None
    """Longitude and latitude; what is found comes nearest first, each with `distance` in metres."""
    within: float | None = None
    """At most so many metres from `near`."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north: only what lies or reaches in there."""
    text: str = ""
    """Words that stand in the entity's names and address."""
    order: str = ""
    """As `orderBy` of CIM 009 §4.23 has it, for example `modifiedAt;desc`; without it by id."""
    limit: int = 20
    offset: int = 0
    count: bool = False
    """Whether the number of all matches is wanted too."""


class Found(msgspec.Struct, frozen=True):
    """An answer: this page of entities, and the number of all where it was asked for."""

    entities: list[Simplified]
    count: int | None = None


KindOf = TypeVar("KindOf", bound=Kept)


async def _nobody(conn: Connection, changes: Iterable[Change]) -> Then | None:
    """Nobody waits for changes of registrations."""
    del conn, changes
    return None


def _there(kept: KindOf | None) -> KindOf:
    if kept is None:
        raise OperationNotSupported("There are no subscriptions here.")
    return kept


class Exchange:
    """The region's entities."""

    def __init__(
        self,
        pool: Pool,
        context: Context,
        listeners: Sequence[Listener] = (),
        subscriptions: Subscriptions | None = None,
        subscribers: Subscribers | None = None,
        *,
        url: str = "",
        temporal_page: int = 1000,
        egress: Egress | None = None,
        by_key: Pool | None = None,
        by_person: Pool | None = None,
    ) -> None:
        """`by_key`: connections of their own for reads and writes by key, whose plans are kept (`db.BY_KEY`).

        `by_person`: the same for reads of people who are named, whose statements take longer to plan than to run.
        """
        self._pool = pool
        self._context = context
        self._listeners = listeners
        self._tenants: dict[str, tuple[float, bool]] = {}
        self.follower = Follower(pool)
        """Keeps what this process remembers of the database in step with what others write."""
        self._subscriptions = subscriptions
        self._subscribers = subscribers
        for kept in (subscriptions, subscribers):
            if kept is not None:
                self.follower.follow(kept.memory, kept.refresh)
        self.url = url
        self.sources = Sources(pool, self.follower, subscribers.tell if subscribers is not None else _nobody)
        self.temporal_page = temporal_page
        """Attribute instances of one answer about the past."""
        self.writer = Writer(by_key or pool, listeners)
        self.reader = Reader(by_key or pool)
        self._by_person = by_person or pool
        self._sweeper = Sweeper(pool, self.writer)
        self.federation: Federation
        """Other brokers, and what this one is called among them."""
        self.forwarder: Forwarder
        """Subscriptions that go on to them."""
        self.egress = egress or Egress()
        """The way to other places."""
        self._later: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to take reads and writes."""
        await self.follower.start()
        self.writer.start()
        self.reader.start()
        self._sweeper.start()

    async def stop(self) -> None:
        """Finish what was taken."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._sweeper.stop()
        await self.writer.stop()
        await self.reader.stop()
        await self.follower.stop()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the answer; it ends with this process, whatever it has come to."""
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    @property
    def subscriptions(self) -> Subscriptions:
        """Who waits for changes; only where there is a process that delivers."""
        return _there(self._subscriptions)

    @property
    def subscribers(self) -> Subscribers:
        """Who waits for context sources; likewise."""
        return _there(self._subscribers)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection for a question."""
        await self._sweeper.catch_up()
        async with db.reading(self._pool) as conn:
            yield conn

    @asynccontextmanager
    async def reading_people(self) -> AsyncIterator[Connection]:
        """A connection for a question about people who are named."""
        await self._sweeper.catch_up()
        async with db.reading(self._by_person) as conn:
            yield conn

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A transaction of one request."""
        async with transaction(self._pool) as conn:
            yield conn

    async def must_have_tenant(self, name: str, *, make: bool = False) -> bool:
        """Whether a tenant is one of personal data, or the problem that there is no such tenant; with `make` it is made."""
        if name == HOME:
            return False
        until, personal = self._tenants.get(name, (0.0, False))
        if until > time.monotonic():
            return personal
        if not TENANT_NAME.fullmatch(name):
            raise BadRequestData("A tenant's name has 1 to 50 lower case letters, digits or _.")
        async with transaction(self._pool) as conn:
            if make:
                await store.add_tenant(conn, name)
            tenants = await store.tenants(conn)
        if name not in tenants:
            raise NonexistentTenant(f"There is no tenant {name}.")
        self._tenants[name] = time.monotonic() + 1.0, tenants[name]
        return tenants[name]

    async def put(self, conn: Connection, entities: Sequence[Simplified], *, owner: str) -> None:
        """Create or wholly replace entities, in the caller's transaction."""
        await self._put(conn, HOME, entities, owner, lambda edit: edit)

    async def _put(
        self, conn: Connection, tenant: str, entities: Sequence[Simplified], owner: str, as_edit: Callable[[Edit], Edit]
    ) -> None:
        writes = []
        for entity in entities:
            fragment = reading.fragment(entity, self._context, whole=True)
            edit = as_edit(edits.only_of(owner, edits.upsert(fragment, owner)))
            writes.append((Key(tenant, "", fragment.id), edit))
        outcomes, _ = await apply(conn, writes, self._listeners)
        for outcome in outcomes:
            if isinstance(outcome, Problem):
                raise outcome

    async def put_of(
        self, conn: Connection, tenant: str, subject: str, entities: Sequence[Simplified], *, owner: str
    ) -> None:
        """Create or wholly replace entities of one person in a tenant of personal data, in the caller's transaction."""
        people = frozenset({subject})
        await self._put(conn, tenant, entities, owner, lambda edit: edits.of_people(people, edit))

    async def remove(self, conn: Connection, ids: Sequence[str]) -> int:
        """Delete entities, in the caller's transaction; how many there were."""
        outcomes, _ = await apply(conn, [(Key(HOME, "", id_), edits.delete()) for id_ in ids], self._listeners)
        return sum(1 for outcome in outcomes if not isinstance(outcome, Problem))

    async def entity(self, conn: Connection, id_: str) -> Simplified | None:
        """One entity, or None."""
        key = Key(HOME, "", id_)
        entity = (await store.entities(conn, [key])).get(key)
        return None if entity is None else self._simplified(entity)

    async def find(self, conn: Connection, wanted: Wanted) -> Found:
        """The entities that match, in the order that is asked for, else nearest first where `near` is given, else by id."""
        expand = self._context.expand
        groups = tuple((expand(name),) for name in wanted.types)
        place = None
        if wanted.near is not None and wanted.within is not None:
            place = geo.Geo("near", Point(wanted.near), LOCATION, most=wanted.within)
        by_distance = (By(Path((LOCATION,)), distance=True),) if place else ()
        question = Question(
            selectors=(Selector(types=Types(groups)),) if groups else (),
            q=resolve(q.parse(wanted.q), expand, expand) if wanted.q else None,
            place=place,
            around=None if place or wanted.order else wanted.near,
            box=wanted.box,
            text=wanted.text,
            order=order.resolve(order.parse(wanted.order), expand) if wanted.order else by_distance,
            origin=Point(wanted.near) if wanted.near is not None else None,
            limit=wanted.limit,
            offset=wanted.offset,
            count=wanted.count,
        )
        page = await answer(conn, question)
        return Found([self._simplified(entity, page.distances.get(entity.key)) for entity in page.entities], page.count)

    async def types(self, conn: Connection) -> dict[str, int]:
        """How many entities there are of each type, by its short name."""
        return {self._context.compact(name): count for name, count in (await types(conn, HOME, None)).items()}

    def _simplified(self, entity: Entity, distance: float | None = None) -> Simplified:
        shape = writing.Shape(context=self._context, format="simplified", system=True)
        plain = {name: _unwrapped(value) for name, value in writing.write(entity, shape).items()}
        plain["owner"] = entity.owner
        return plain if distance is None else plain | {"distance": distance}


def _unwrapped(value: Any) -> Any:
    """A language map, vocab or JSON without the wrapper that tells it from a plain object: pages know which is which."""
    if isinstance(value, dict) and len(value) == 1:
        (member,) = value
        if member in {"languageMap", "vocab", "json"}:
            return value[member]
    return value


GivenExchange = NamedDependency[Exchange]
