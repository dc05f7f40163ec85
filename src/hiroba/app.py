"""The only composition root: `build` joins the rooms of the house into one ASGI application."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from litestar import Litestar, Request
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

import hiroba
from hiroba.base import clock, db, logs
from hiroba.base.db import Connection
from hiroba.base.db.migrations import Migration
from hiroba.base.db.migrations import found as migrations_in
from hiroba.base.egress import LOOPBACK, Egress
from hiroba.base.jobs import Periodic
from hiroba.base.web import cookies
from hiroba.base.web.head import as_get
from hiroba.door import headers, routes
from hiroba.door.account import fake_upstream
from hiroba.door.account.outside import outside
from hiroba.door.developers.reference import api_documents
from hiroba.door.pages import Page, Templates
from hiroba.door.region import Regions
from hiroba.door.service import Service
from hiroba.door.service import found as services_found
from hiroba.exchange.audit.keeping import keeping
from hiroba.exchange.broker import reads, writes
from hiroba.exchange.broker.access import Open
from hiroba.exchange.broker.contexts import store as kept_contexts
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.library import MEMORY
from hiroba.exchange.broker.delivery.engine import Engine
from hiroba.exchange.broker.delivery.outbox import Outbox
from hiroba.exchange.broker.delivery.receivers import Receivers
from hiroba.exchange.broker.delivery.store import letters
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import store as federation
from hiroba.exchange.broker.federation.calls import Caller
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.identity import Identity
from hiroba.exchange.broker.federation.tallies import Tallies
from hiroba.exchange.broker.forwarded.forwarder import Forwarder
from hiroba.exchange.broker.forwarded.model import PATH as FORWARDED
from hiroba.exchange.broker.forwarded.planning import Around
from hiroba.exchange.broker.forwarded.receiving import Receiver
from hiroba.exchange.broker.history.keeping import keep, retention
from hiroba.exchange.broker.history.recorder import record
from hiroba.exchange.broker.maps import store as maps
from hiroba.exchange.broker.ngsi_ld.application import NgsiLd
from hiroba.exchange.broker.ngsi_ld.inbox import Inbox
from hiroba.exchange.broker.snapshots import store as snapshots
from hiroba.exchange.broker.sources import store as registrations
from hiroba.exchange.broker.sources.subscribers import Subscribers
from hiroba.exchange.broker.subscriptions import store as subscription_rows
from hiroba.exchange.broker.subscriptions.registry import Subscriptions
from hiroba.exchange.broker.subscriptions.sealed import Unsealer
from hiroba.exchange.gateway import dead_letters, public
from hiroba.exchange.gateway.access import RELEASES, Gateway
from hiroba.exchange.gateway.grants import api as grants_api
from hiroba.exchange.gateway.grants import consents
from hiroba.exchange.gateway.log import published, witnessing
from hiroba.exchange.gateway.log.disclosing import disclose_what_is_due
from hiroba.exchange.gateway.purposes import api as purposes_api
from hiroba.exchange.gateway.sight.mentions import note_mentions
from hiroba.exchange.gateway.tenants import api as tenants
from hiroba.exchange.identity import operator_api, store
from hiroba.exchange.identity.guards import GivenCaller, declared, known
from hiroba.exchange.identity.organisations import api as organisations
from hiroba.exchange.identity.provider import api as provider
from hiroba.exchange.identity.provider import browser, keys, lasting, leaving
from hiroba.exchange.identity.tokens import proofs
from hiroba.exchange.identity.tokens.outside import Issuer
from hiroba.settings import Settings, read

Face = Callable[[HTTPScope, Receive, Send], Awaitable[None]]
"""A thin ASGI application of the exchange's own."""
LANES = reads.LANES + writes.LANES
"""Reads and writes by key that are under way at once."""


def migrations(services: Sequence[Service]) -> list[Migration]:
    """Every room's migrations, storeys upward."""
    house = files("hiroba")
    rooms = [
        ("base", house / "base" / "db" / "schema"),
        ("audit", house / "exchange" / "audit" / "migrations"),
        ("identity", house / "exchange" / "identity" / "migrations"),
        ("broker", house / "exchange" / "broker" / "migrations"),
        ("gateway", house / "exchange" / "gateway" / "migrations"),
    ]
    rooms += [(service.name, service.migrations) for service in services if service.migrations is not None]
    return [migration for room, folder in rooms for migration in migrations_in(room, folder)]


def jobs(services: Sequence[Service], settings: Settings) -> list[Periodic]:
    """What the house and every service do by the clock, named room/function."""
    ours = [
        Periodic("broker/forget_old_letters", timedelta(hours=1), letters.forget_old),
        Periodic("broker/forget_expired_snapshots", timedelta(minutes=10), snapshots.forget_expired_snapshots),
        Periodic("broker/forget_expired_maps", timedelta(minutes=10), maps.forget_expired_maps),
        Periodic("broker/forget_gone_registrations", timedelta(hours=1), registrations.forget_gone),
        Periodic("broker/forget_gone_contexts", timedelta(hours=1), kept_contexts.forget_gone_contexts),
        Periodic("broker/forget_deleted_subscriptions", timedelta(hours=1), subscription_rows.forget_deleted),
        Periodic("broker/keep_history", timedelta(hours=1), partial(keep, kept=retention(settings.history_days))),
        Periodic("gateway/end_what_is_over", timedelta(minutes=1), consents.end_what_is_over),
        Periodic("gateway/disclose_what_is_due", timedelta(hours=1), disclose_what_is_due),
        Periodic("identity/forget_what_is_over", timedelta(hours=1), store.forget_what_is_over),
        Periodic("identity/forget_tokens", timedelta(minutes=10), lasting.forget_what_is_over),
        Periodic("identity/rotate_keys", timedelta(days=1), keys.rotate),
        Periodic(
            "identity/tell_of_ended_sessions",
            timedelta(seconds=5),
            partial(leaving.tell, issuer=settings.url, egress=partial(Egress, allowed(settings), settings.egress_ca)),
        ),
    ]
    theirs = [
        Periodic(f"{service.name}/{job.run.__name__}", job.every, job.run)
        for service in services
        for job in service.jobs
    ]
    return ours + theirs


def allowed(settings: Settings) -> tuple[str, ...]:
    """The networks that may be called besides public ones."""
    return (*settings.egress_allow, *(LOOPBACK if settings.open else ()))


class Working(Protocol):
    """What has something to do while the house is open."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Finish what is under way."""


@asynccontextmanager
async def working(room: Working) -> AsyncIterator[None]:
    """`room` at work until the block ends."""
    await room.start()
    try:
        yield
    finally:
        await room.stop()


async def conn(state: State) -> AsyncIterator[Connection]:
    """A handler's connection: one request, one transaction, committed when the handler has answered."""
    async with db.transaction(state.pool) as connection:
        yield connection


async def exchange(state: State) -> Exchange:
    """The exchange, for pages and services of the house."""
    found: Exchange = state.exchange
    return found


async def page(request: Request[Any, Any, Any], state: State, caller: GivenCaller) -> Page:
    """The page of this request."""
    templates: Templates = state.templates
    return templates.page(request, caller, await state.regions.now())


class House:
    """The house as one ASGI application: the exchange's own thin ones by the beginning of their paths, Litestar for the rest."""

    def __init__(self, litestar: Litestar, faces: Mapping[str, Face], *, secure: bool) -> None:
        self.litestar = litestar
        self._faces = faces
        self._secure = secure
        self._of_programs = headers.of_programs(secure=secure)

    def open_with(self, settings: Settings) -> None:
        """Which database and folder it is opened on next time; all else stays what it was built with."""
        self.litestar.state.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it is for."""
        if scope["type"] == ScopeType.HTTP:
            if scope["method"] == "HEAD":
                scope, send = as_get(scope, send)
            for prefix, face in self._faces.items():
                if scope["path"].startswith(prefix):
                    await face(scope, receive, headers.adding(self._of_programs, send))
                    return
            if self._secure:
                scope, send = cookies.inside(scope), cookies.outside(send)
        await self.litestar(scope, receive, send)


def build(settings: Settings, services: Sequence[Service]) -> House:
    """The house of these settings and services."""
    secure = settings.url.startswith("https")
    faces: dict[str, Face] = {}

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        settings: Settings = app.state.settings
        pool = await db.connect(settings.database_url)
        by_key = await db.connect(settings.database_url, size=LANES, plans=db.BY_KEY)
        by_person = await db.connect(settings.database_url, size=RELEASES, name="hiroba people", plans=db.BY_KEY)
        egress = Egress(allowed(settings), settings.egress_ca)
        receivers = Receivers(egress)
        book = Book(egress, settings.url, pool, Path(settings.contexts) if settings.contexts else None)
        outbox = Outbox()
        subscriptions = Subscriptions(pool, book, outbox)
        subscribers = Subscribers(pool, book, outbox, f"{settings.url}{FORWARDED}")
        core = Exchange(
            pool,
            book.house,
            [record, subscriptions.listener, note_mentions],
            subscriptions,
            subscribers,
            url=settings.url,
            temporal_page=settings.instances_of_a_page,
            egress=egress,
            by_key=by_key,
            by_person=by_person,
        )
        log = await keeping(settings.database_url, egress, settings.data / "log.key", settings.url)
        issuer = Issuer(settings.token_issuer.rstrip("/"), settings.url, egress) if settings.token_issuer else None
        access = Open() if settings.open else Gateway(by_person, log.log, issuer)
        delivery = Engine(
            pool,
            outbox,
            {kept.kind: kept.target_of for kept in (subscriptions, subscribers)},
            receivers.send,
            [subscriptions.tick, subscribers.tick, core.sources.tick],
            unseal=Unsealer(pool, access, subscriptions.index, subscriptions.wordings),
        )
        core.follower.follow(MEMORY, book.refresh)
        tallies = Tallies(pool)
        app.state.update(pool=pool, log=log.log, keeping=log, exchange=core, egress=egress, regions=Regions(pool, core))
        app.state.issuer = issuer
        async with pool.acquire() as connection:
            csrf.secret = await store.secret(connection, "csrf")
            await proofs.ready(connection)
            identity = Identity(await federation.own_name(connection), clock.now())
        core.federation = Federation(core.sources, book, Caller(egress, tell=tallies.tell), identity)
        around = Around(pool, core.follower, subscriptions, core.sources, core.federation, f"{settings.url}{FORWARDED}")
        core.forwarder = Forwarder(around)
        faces.update(
            {
                FORWARDED: Inbox(Receiver(around, core.forwarder.planner, outbox), book),
                "/ngsi-ld/": NgsiLd(core, access, book),
            }
        )
        # what starts last stops first: who writes or calls, before what that needs
        async with AsyncExitStack() as rooms:
            for close in (pool.close, by_key.close, by_person.close, egress.close):
                rooms.push_async_callback(close)
            below: list[Working] = [log, core, book]
            for room in below:
                await rooms.enter_async_context(working(room))
            rooms.push_async_callback(receivers.close)
            outwards: list[Working] = [delivery, tallies, core.forwarder]
            for room in outwards:
                await rooms.enter_async_context(working(room))
            yield

    csrf = CSRFConfig(
        secret="", cookie_name="hiroba_csrf", cookie_httponly=True, cookie_samesite="lax",
        cookie_secure=secure,
    )  # fmt: skip
    litestar = Litestar(
        route_handlers=[
            *routes.ROUTES,
            *(fake_upstream.ROUTES if settings.fake_upstream else ()),
            public.house_context,
            public.ngsi_ld_document,
            tenants.Tenants,
            *published.ROUTES,
            *witnessing.ROUTES,
            dead_letters.DeadLetters,
            operator_api.Municipalities,
            operator_api.end_sessions,
            purposes_api.Purposes,
            *grants_api.ROUTES,
            organisations.Organisations,
            organisations.Applications,
            provider.Programs,
            *browser.ROUTES,
            *(route for service in services for route in service.routes),
        ],
        guards=[declared],
        dependencies={
            "caller": Provide(known),
            "conn": Provide(conn),
            "exchange": Provide(exchange),
            "page": Provide(page),
        },
        lifespan=[running, outside],
        exception_handlers={Exception: routes.problem},
        before_send=[headers.Headers(settings.tiles, secure=secure)],
        csrf_config=csrf,
        logging_config=None,
        openapi_config=api_documents(hiroba.__version__, settings.url),
        request_max_body_size=20 << 20,
        state=State(
            {
                "settings": settings,
                "services": services,
                "templates": Templates(services, {"tiles": settings.tiles, "url": settings.url}),
            }
        ),
    )

    return House(litestar, faces, secure=secure)


def serve() -> House:
    """What a server worker runs: the house of this environment."""
    logs.to_standard_error()
    app = build(read(), services_found())
    gc.freeze()  # what is there now stays; looking through it again and again cost a twentieth of each request
    gc.set_threshold(50_000, 20, 50)
    return app
