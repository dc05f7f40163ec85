"""The NGSI-LD face as a thin ASGI application: one table of routes, each with the action it needs (CIM 009 §6).

Measured before it was chosen: a framework's router costs half the requests a worker can answer (docs/decisions).
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

import msgspec
from litestar.types import HTTPScope, Receive, Send
from prometheus_client import Counter

from hiroba.base import logs
from hiroba.base.errors import Problem
from hiroba.exchange.broker.access import Access, Action, Gate, Pass, Personal, PersonalDataClosed
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
from hiroba.exchange.broker.ngsi_ld.http import PARAMETERS, Answer, MethodNotAllowed, Request, problem, reworded, send
from hiroba.exchange.broker.ngsi_ld.preferences import preferred
from hiroba.exchange.broker.people import candidates

log = logging.getLogger("hiroba.ngsi_ld")
ANSWERS: Final = Counter("hiroba_ngsi_ld_answers", "Answers of the NGSI-LD face", ["operation", "status"])

SUBJECT: Final = "hiroba-subject"
"""The header of a write that says whose entities alone it is about, as the writer's own sector knows them."""

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
    personal: Personal = "closed"
    """What it is where the data are people's."""

    @property
    def creates(self) -> bool:
        """Whether it creates something, and with it its tenant where tenants come by themselves (§5.5.10)."""
        return self.action == "write" and self.method == "POST" and "{}" not in self.path


LISTED: Final = frozenset({"limit", "offset", "count", "options", "sysAttrs"})
SHOWN: Final = frozenset({"options", "sysAttrs"})
ROUTES: Final = (
    Route("POST", "/entities", "write", entities.create, personal="write"),
    Route("GET", "/entities", "read", queries.query, personal="read"),
    Route("DELETE", "/entities", "write", purge.purge),
    Route("GET", "/entities/{}", "read", entities.retrieve, personal="read"),
    Route("PUT", "/entities/{}", "write", entities.replace, personal="write"),
    Route("PATCH", "/entities/{}", "write", entities.merge, personal="write"),
    Route("DELETE", "/entities/{}", "write", entities.delete, personal="write"),
    Route("POST", "/entities/{}/attrs", "write", entities.append, personal="write"),
    Route("PATCH", "/entities/{}/attrs", "write", entities.update, personal="write"),
    Route("PATCH", "/entities/{}/attrs/{}", "write", entities.patch_attribute, personal="write"),
    Route("PUT", "/entities/{}/attrs/{}", "write", entities.replace_attribute, personal="write"),
    Route("DELETE", "/entities/{}/attrs/{}", "write", entities.delete_attribute, personal="write"),
    Route("POST", "/entityOperations/create", "write", batches.create, personal="write"),
    Route("POST", "/entityOperations/upsert", "write", batches.upsert, personal="write"),
    Route("POST", "/entityOperations/update", "write", batches.update, personal="write"),
    Route("POST", "/entityOperations/merge", "write", batches.merge, personal="write"),
    Route("POST", "/entityOperations/delete", "write", batches.delete, personal="write"),
    Route("POST", "/entityOperations/query", "read", queries.query_by_post, personal="read"),
    Route("POST", "/temporal/entities", "write", evolutions.upsert, frozenset({"local"})),
    Route("GET", "/temporal/entities", "read", temporal.query, temporal.PARAMETERS, personal="read"),
    Route("GET", "/temporal/entities/{}", "read", temporal.retrieve, temporal.OF_ONE, personal="read"),
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
    Route("POST", "/temporal/entityOperations/query", "read", temporal.query_by_post, temporal.BESIDE, personal="read"),
    Route("POST", "/csourceRegistrations", "write", sources.create, frozenset()),
    Route("GET", "/csourceRegistrations", "read", sources.query, sources.PARAMETERS),
    Route("GET", "/csourceRegistrations/{}", "read", sources.retrieve, frozenset({"options", "sysAttrs"})),
    Route("PATCH", "/csourceRegistrations/{}", "write", sources.update, frozenset()),
    Route("DELETE", "/csourceRegistrations/{}", "write", sources.delete, frozenset()),
    *(
        route
        for face in (subscriptions.ENTITIES, subscriptions.SOURCES)
        for route in (
            Route("POST", face.path, "write", face.create, frozenset(), personal=face.personal),
            Route("GET", face.path, "read", face.query, LISTED, personal=face.personal),
            Route("GET", f"{face.path}/{{}}", "read", face.retrieve, SHOWN, personal=face.personal),
            Route("PATCH", f"{face.path}/{{}}", "write", face.update, frozenset(), personal=face.personal),
            Route("DELETE", f"{face.path}/{{}}", "write", face.delete, frozenset(), personal=face.personal),
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
    Route("GET", "/types", "read", discovery.types, frozenset({"details", "local"}), personal="read"),
    Route("GET", "/types/{}", "read", discovery.type_, frozenset({"local"}), personal="read"),
    Route(
        "GET", "/attributes", "read", discovery.attributes, frozenset({"details", "local", "count"}), personal="read"
    ),
    Route("GET", "/attributes/{}", "read", discovery.attribute, frozenset({"local"}), personal="read"),
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


def _refusal(operation: str, error: Problem) -> Answer:
    """A problem on the wire; whoever was not let in is noted."""
    if error.status in logs.REFUSALS:
        logs.refused(operation, error.status, "", type(error).__name__)
    return problem(error)


async def _entered(request: Request, gate: Gate, parts: list[str]) -> list[str]:
    """Go into a tenant of personal data: what a write says of people is read as they are named inside, a read is not touched."""
    if request.personal != "write":
        request.named = {key for text in (*parts, *request.words("id")) for key in candidates(text)}
        return parts
    given = request.headers.get(SUBJECT, "")
    texts = [*parts, given, *request.params.values(), await request.plain_body()]
    words = await gate.enter(texts)
    people = frozenset({words.inside[given]} if given in words.inside else () if given else words.people)
    request.admitted = msgspec.structs.replace(request.admitted, people=people)
    request.outside = words.outside
    await request.reword(words.inside)
    return [reworded(part, words.inside) for part in parts]


async def _released(request: Request, gate: Gate, answer: Answer, send_: Send) -> None:
    """Send an answer out of a tenant of personal data: what it tells of people is in the log before, or it is not sent."""
    if request.outside:
        answer.body = reworded(answer.body.decode(), request.outside).encode()
        answer.headers = [(name, reworded(value, request.outside)) for name, value in answer.headers]
    answer.headers = [*answer.headers, ("cache-control", "no-store")]
    is_read = request.personal == "read"
    if is_read and answer.status < 300 and request.told is None:  # noqa: PLR2004 - a success
        log.error("%s does not say what it tells of people, so it is not sent", request.path)
        answer = problem(PersonalDataClosed("This operation does not say what it tells of people."))
    try:
        is_told = answer.status < 300  # noqa: PLR2004 - a success
        is_looked = is_read and (is_told or answer.status == 404)  # noqa: PLR2004 - Not Found
        async with gate.release(request.told or () if is_told else (), request.named if is_looked else ()):
            await send(answer, send_)
            return
    except Problem as error:
        answer = problem(error)
    except Exception:
        log.exception("an answer of %s could not be released", request.path)
        answer = problem(InternalError("Something went wrong on our side."))
    await send(answer, send_)


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
        request = Request(scope, receive, self._book)
        answer = await self._answer(request, scope)
        if request.tenant:
            answer.headers = [*answer.headers, ("ngsild-tenant", request.tenant)]
        if request.admitted.gate is None:
            await send(answer, send_)
        else:
            await _released(request, request.admitted.gate, answer, send_)

    async def _answer(self, request: Request, scope: HTTPScope) -> Answer:
        operation = "none"
        try:
            node, parts = self._find(scope)
            if scope["method"] == "OPTIONS":
                return Answer(204, headers=[("allow", ", ".join(node.methods))])
            route = node.route(scope)
            operation = f"{route.method} {route.path}"
            request.path, request.personal = route.path, route.personal
            request.must_say_its_length()
            request.must_know_its_parameters(route.params)
            if route.method == "GET":
                request.negotiate()
            if (
                "dpop" in request.headers
            ):  # a proof (RFC 9449) is for one method and address: what admits has to know both
                request.headers |= {":method": scope["method"], ":url": self._exchange.url + _raw(scope)}
            admitted = await self._access.admit(route.action, request.tenant, request.headers, route.personal)
            if route.of_tenant:
                await self._must_be_open(request.tenant, admitted, make=self._access.creates_tenants and route.creates)
            request.admitted = admitted
            if admitted.gate is not None:
                parts = await _entered(request, admitted.gate, parts)
            entered = await snapshots.enter(request, self._exchange)
            answer = await route.handler(request, self._exchange, *parts)
            if "prefer" in request.headers:
                answer = preferred(request, answer)
            if entered is not None:
                answer.headers = [*answer.headers, entered]
        except Problem as error:
            answer = _refusal(operation, error)
        except Exception:
            log.exception("unforeseen in %s", operation)
            answer = problem(InternalError("Something went wrong on our side."))
        ANSWERS.labels(operation, str(answer.status)).inc()
        return answer

    async def _must_be_open(self, tenant: str, admitted: Pass, *, make: bool) -> None:
        """Nothing, or the problem that there is no such tenant, or one of people's data that this call has no way into."""
        if await self._exchange.must_have_tenant(tenant, make=make) and admitted.gate is None:
            raise PersonalDataClosed

    def _find(self, scope: HTTPScope) -> tuple[_Node, list[str]]:
        """Where the address leads, and the parts of it that stand for something."""
        try:
            segments = [unquote(part, errors="strict") for part in _raw(scope, "strict").split("?")[0].split("/")[3:]]
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


def _raw(scope: HTTPScope, errors: str = "replace") -> str:
    """The path as it was sent, percent-encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("ascii", errors)
