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
from hiroba.exchange.broker.ngsi_ld import batches, discovery, entities, identity, queries, sources
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, problem, send

log = logging.getLogger("hiroba.ngsi_ld")
ANSWERS: Final = Counter("hiroba_ngsi_ld_answers", "Answers of the NGSI-LD face", ["operation", "status"])

Handler = Callable[..., Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """One operation: method, path below /ngsi-ld/v1 with {} for a part, what it needs to be allowed, what answers."""

    method: str
    path: str
    action: Action
    handler: Handler
    of_tenant: bool = True
    """Whether the tenant must be there."""


class MethodNotAllowed(Problem):
    """This address does not take that method."""

    status = 405


ROUTES: Final = (
    Route("POST", "/entities", "write", entities.create),
    Route("GET", "/entities", "read", queries.query),
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
    Route("POST", "/csourceRegistrations", "write", sources.create),
    Route("GET", "/csourceRegistrations", "read", sources.query),
    Route("GET", "/csourceRegistrations/{}", "read", sources.retrieve),
    Route("PATCH", "/csourceRegistrations/{}", "write", sources.update),
    Route("DELETE", "/csourceRegistrations/{}", "write", sources.delete),
    Route("GET", "/info/sourceIdentity", "read", identity.source_identity, of_tenant=False),
    Route("GET", "/types", "read", discovery.types),
    Route("GET", "/types/{}", "read", discovery.type_),
    Route("GET", "/attributes", "read", discovery.attributes),
    Route("GET", "/attributes/{}", "read", discovery.attribute),
)


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
        try:
            route, parts = self._find(scope)
            operation = f"{route.method} {route.path}"
            request = Request(scope, receive, self._book, route.path)
            request.must_know_its_parameters()
            request.admitted = await self._access.admit(route.action, request.tenant, request.headers)
            if route.of_tenant:
                await self._exchange.must_have_tenant(
                    request.tenant, make=self._access.creates_tenants and route.action == "write"
                )
            answer = await route.handler(request, self._exchange, *parts)
            if request.tenant:
                answer.headers = [*answer.headers, ("ngsild-tenant", request.tenant)]
        except Problem as error:
            answer = problem(error)
        except Exception:
            log.exception("unforeseen in %s", operation)
            answer = problem(InternalError("Something went wrong on our side."))
        ANSWERS.labels(operation, str(answer.status)).inc()
        await send(answer, send_)

    def _find(self, scope: HTTPScope) -> tuple[Route, list[str]]:
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
        if segments == ["entities"] and scope["path"].endswith("/") and scope["method"] in {"PUT", "PATCH", "DELETE"}:
            raise BadRequestData("The address names no id.")
        route = node.routes.get(scope["method"])
        if route is None:
            raise MethodNotAllowed(f"{scope['path']} takes {', '.join(sorted(node.routes))}.")
        return route, parts
