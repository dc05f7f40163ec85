"""The NGSI-LD face as a thin ASGI application: one table of routes, each with the action it needs (CIM 009 §6).

Measured before it was chosen: a framework's router costs half the requests a worker can answer (docs/decisions).
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar.types import HTTPScope, Receive, Send
from prometheus_client import Counter

from hiroba.base.errors import Problem
from hiroba.exchange.broker.access import Access, Action
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.errors import BadRequestData, InternalError, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld import (
    batches,
    contexts,
    discovery,
    entities,
    evolutions,
    identity,
    maps,
    purge,
    queries,
    snapshots,
    sources,
    subscriptions,
    temporal,
)
from hiroba.exchange.broker.ngsi_ld.http import PARAMETERS, Answer, MethodNotAllowed, Request, problem, send
from hiroba.exchange.broker.ngsi_ld.preferences import preferred

log = logging.getLogger("hiroba.ngsi_ld")
ANSWERS: Final = Counter("hiroba_ngsi_ld_answers", "Answers of the NGSI-LD face", ["operation", "status"])

Handler = Callable[..., Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """One operation: method, path below /ngsi-ld/v1 with {} for a part, what it needs to be allowed, what answers."""

    method: str
    path: str
    action: Action
    handler: Handler
    params: frozenset[str] = PARAMETERS
    """The query parameters it takes; whatever any operation has, unless it says which."""
    of_tenant: bool = True
    """Whether the tenant must be there."""

    @property
    def creates(self) -> bool:
        """Whether it creates something, and with it its tenant where tenants come by themselves (§5.5.10)."""
        return self.action == "write" and self.method == "POST" and "{}" not in self.path


ROUTES: Final = (
    Route("POST", "/entities", "write", entities.create),
    Route("GET", "/entities", "read", queries.query),
    Route("DELETE", "/entities", "write", purge.purge),
    Route("GET", "/entities/{}", "read", entities.retrieve),
    Route("PUT", "/entities/{}", "write", entities.replace),
    Route("PATCH", "/entities/{}", "write", entities.merge),
    Route("DELETE", "/entities/{}", "write", entities.delete),
    Route("POST", "/entities/{}/attrs", "write", entities.append),
    Route("PATCH", "/entities/{}/attrs", "write", entities.update),
    Route("PATCH", "/entities/{}/attrs/{}", "write", entities.patch_attribute),
    Route("PUT", "/entities/{}/attrs/{}", "write", entities.replace_attribute),
    Route("DELETE", "/entities/{}/attrs/{}", "write", entities.delete_attribute),
    Route("POST", "/entityOperations/create", "write", batches.create),
    Route("POST", "/entityOperations/upsert", "write", batches.upsert),
    Route("POST", "/entityOperations/update", "write", batches.update),
    Route("POST", "/entityOperations/merge", "write", batches.merge),
    Route("POST", "/entityOperations/delete", "write", batches.delete),
    Route("POST", "/entityOperations/query", "read", queries.query_by_post),
    Route("POST", "/temporal/entities", "write", evolutions.upsert, frozenset({"local"})),
    Route("GET", "/temporal/entities", "read", temporal.query, temporal.PARAMETERS),
    Route("GET", "/temporal/entities/{}", "read", temporal.retrieve, temporal.OF_ONE),
    Route("DELETE", "/temporal/entities/{}", "write", evolutions.delete, frozenset({"local"})),
    Route("POST", "/temporal/entities/{}/attrs", "write", evolutions.add, frozenset({"local"})),
    Route(
        "DELETE",
        "/temporal/entities/{}/attrs/{}",
        "write",
        evolutions.delete_attribute,
        frozenset({"datasetId", "deleteAll", "local"}),
    ),
    Route("PATCH", "/temporal/entities/{}/attrs/{}/{}", "write", evolutions.replace_instance, frozenset({"local"})),
    Route("DELETE", "/temporal/entities/{}/attrs/{}/{}", "write", evolutions.delete_instance, frozenset({"local"})),
    Route("POST", "/temporal/entityOperations/query", "read", temporal.query_by_post, temporal.BESIDE),
    Route("POST", "/csourceRegistrations", "write", sources.create, frozenset()),
    Route("GET", "/csourceRegistrations", "read", sources.query, sources.PARAMETERS),
    Route("GET", "/csourceRegistrations/{}", "read", sources.retrieve, frozenset({"options", "sysAttrs"})),
    Route("PATCH", "/csourceRegistrations/{}", "write", sources.update, frozenset()),
    Route("DELETE", "/csourceRegistrations/{}", "write", sources.delete, frozenset()),
    *(
        route
        for face in (subscriptions.ENTITIES, subscriptions.SOURCES)
        for route in (
            Route("POST", face.path, "write", face.create, frozenset()),
            Route("GET", face.path, "read", face.query, frozenset({"limit", "offset", "count", "options", "sysAttrs"})),
            Route("GET", f"{face.path}/{{}}", "read", face.retrieve, frozenset({"options", "sysAttrs"})),
            Route("PATCH", f"{face.path}/{{}}", "write", face.update, frozenset()),
            Route("DELETE", f"{face.path}/{{}}", "write", face.delete, frozenset()),
        )
    ),
    Route("GET", "/temporal/entityMaps", "read", temporal.entity_map, temporal.PARAMETERS | {"entityMapLifetime"}),
    Route("POST", "/temporal/entityMaps", "read", temporal.entity_map_by_post, temporal.BESIDE),
    Route("GET", "/entityMaps", "read", queries.entity_map),
    Route("POST", "/entityMaps", "read", queries.entity_map_by_post),
    Route("GET", "/entityMaps/{}", "read", maps.retrieve),
    Route("PATCH", "/entityMaps/{}", "write", maps.update),
    Route("DELETE", "/entityMaps/{}", "write", maps.delete),
    Route("POST", "/snapshots", "write", snapshots.create, frozenset()),
    Route("DELETE", "/snapshots", "write", snapshots.purge, frozenset({"q"})),
    Route("GET", "/snapshots/{}", "read", snapshots.retrieve, frozenset()),
    Route("PATCH", "/snapshots/{}", "write", snapshots.update, frozenset()),
    Route("DELETE", "/snapshots/{}", "write", snapshots.delete, frozenset()),
    Route("POST", "/snapshots/{}/clone", "write", snapshots.clone, frozenset()),
    Route("GET", "/types", "read", discovery.types, frozenset({"details", "local"})),
    Route("GET", "/types/{}", "read", discovery.type_, frozenset({"local"})),
    Route("GET", "/attributes", "read", discovery.attributes, frozenset({"details", "local", "count"})),
    Route("GET", "/attributes/{}", "read", discovery.attribute, frozenset({"local"})),
    Route("POST", "/jsonldContexts", "write", contexts.add, frozenset()),
    Route("GET", "/jsonldContexts", "read", contexts.listing, frozenset({"details", "kind"})),
    Route("GET", "/jsonldContexts/{}", "read", contexts.serve, frozenset({"details"})),
    Route("DELETE", "/jsonldContexts/{}", "write", contexts.delete, frozenset({"reload"})),
    Route("GET", "/info/sourceIdentity", "read", identity.source_identity, frozenset(), of_tenant=False),
)


_OF_ONE: Final = (["entities"], ["jsonldContexts"])
"""Collections of which an address with nothing after the slash is one without an id, rather than the collection's own."""


class _Node:
    """A step of the path: what follows by name, what follows whatever it is called, and the operations that end here."""

    def __init__(self) -> None:
        self.named: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.routes: dict[str, Route] = {}

    def add(self, route: Route) -> None:
        """Put a route below this step."""
        node = self
        for part in route.path.strip("/").split("/"):
            if part == "{}":
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.named.setdefault(part, _Node())
        node.routes[route.method] = route

    @property
    def methods(self) -> tuple[str, ...]:
        """What this address takes."""
        return tuple(sorted({*self.routes, "OPTIONS"} | ({"HEAD"} if "GET" in self.routes else set())))

    def route(self, scope: HTTPScope) -> Route:
        """The operation of a request's method, or the problem that there is none (§6.3.2)."""
        route = self.routes.get(scope["method"])
        if route is None:
            problem = MethodNotAllowed(f"{scope['path']} takes {', '.join(self.methods)}.")
            problem.allowed = self.methods
            raise problem
        return route


class NgsiLd:
    """CIM 009 over HTTP, below /ngsi-ld/v1."""

    def __init__(self, exchange: Exchange, access: Access, book: Book) -> None:
        self._exchange = exchange
        self._access = access
        self._book = book
        self._root = _Node()
        for route in ROUTES:
            self._root.add(route)

    async def __call__(self, scope: HTTPScope, receive: Receive, send_: Send) -> None:
        """Answer one request, whatever it is."""
        operation = "none"
        request = Request(scope, receive, self._book)
        try:
            node, parts = self._find(scope)
            if scope["method"] == "OPTIONS":
                await send(Answer(204, headers=[("allow", ", ".join(node.methods))]), send_)
                return
            route = node.route(scope)
            operation = f"{route.method} {route.path}"
            request.path = route.path
            request.must_say_its_length()
            request.must_know_its_parameters(route.params)
            if route.method == "GET":
                request.negotiate()
            request.admitted = await self._access.admit(route.action, request.tenant, request.headers)
            if route.of_tenant:
                make = self._access.creates_tenants and route.creates
                await self._exchange.must_have_tenant(request.tenant, make=make)
            entered = await snapshots.enter(request, self._exchange)
            answer = await route.handler(request, self._exchange, *parts)
            if "prefer" in request.headers:
                answer = preferred(request, answer)
            if entered is not None:
                answer.headers = [*answer.headers, entered]
        except Problem as error:
            answer = problem(error)
        except Exception:
            log.exception("unforeseen in %s", operation)
            answer = problem(InternalError("Something went wrong on our side."))
        ANSWERS.labels(operation, str(answer.status)).inc()
        if request.tenant:
            answer.headers = [*answer.headers, ("ngsild-tenant", request.tenant)]
        await send(answer, send_)

    def _find(self, scope: HTTPScope) -> tuple[_Node, list[str]]:
        """Where the address leads, and the parts of it that stand for something."""
        raw: Any = scope.get("raw_path") or scope["path"].encode()
        try:
            segments = [
                unquote(part, errors="strict") for part in raw.decode("ascii", "strict").split("?")[0].split("/")[3:]
            ]
        except UnicodeDecodeError:
            raise BadRequestData("The address is no percent-encoded UTF-8.") from None
        if segments and segments[-1] == "":
            segments.pop()
        node, parts = self._root, []
        for segment in segments:
            following = node.named.get(segment)
            if following is None:
                if node.any is None:
                    raise ResourceNotFound(f"There is no {scope['path']}.")
                following = node.any
                parts.append(segment)
            node = following
        if not scope["path"].startswith("/ngsi-ld/v1/") or not node.routes:
            raise ResourceNotFound(f"There is no {scope['path']}.")
        is_for_one = scope["method"] in {"PUT", "PATCH", "DELETE"} - node.routes.keys()
        if is_for_one and segments in _OF_ONE and scope["path"].endswith("/"):
            raise BadRequestData("The address names no id.")
        return node, parts
