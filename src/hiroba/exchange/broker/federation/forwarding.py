"""A part of an operation as the HTTP request that a source gets (CIM 009 §4.3.6.4 to §4.3.6.6, §6.3.14, §6.3.18, §6.3.19). Pure.

Names are in the source's words; it is told what it asked to be told, and through whom the request has come.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import orjson

from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.federation import via
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.sources.model import Registration

API: Final = "/ngsi-ld/v1"
JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
FROM_REQUEST: Final = "urn:ngsi-ld:request"
"""The value that says: as it stands in the request that is distributed."""
STEERING: Final = frozenset({"accept", "contenttype", "jsonldcontext", "ngsildconformance"})
"""Keys of contextSourceInfo that are no headers but say how the source is spoken to (§4.3.6.6)."""
OURS: Final = frozenset({
    "accept", "connection", "content-encoding", "content-length", "content-type", "host", "keep-alive", "link", "ngsild-tenant",
    "te", "trailer", "transfer-encoding", "upgrade", "via",
})  # fmt: skip
"""Headers that a registration cannot set: they follow from the request itself."""
SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
"""Headers by which a caller proves who it is: passed on only to sources that the operator registered."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is asked, names as its context has them."""

    method: str
    path: str
    """Below the API's root, percent-encoded."""
    params: tuple[tuple[str, str], ...] = ()
    document: Any = None
    """The body, without @context."""
    headers: tuple[tuple[str, str], ...] = ()
    takes_local: bool = True
    """Whether the operation has the parameter by which it goes no further (table 6.3.18-1)."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """The request as it leaves."""

    registration: Registration
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None


def words(registration: Registration) -> str | None:
    """The context a source wants to be spoken to in, where it names one."""
    return _steering(registration).get("jsonldcontext")


def linked(context: Context) -> str | None:
    """The address of a context, for a Link header; None where it has none of its own."""
    source = context.source
    if isinstance(source, list) and len(source) == 1:
        source = source[0]
    return source if isinstance(source, str) else None


def outgoing(registration: Registration, origin: Origin, alias: str, context: Context, call: Call) -> Outgoing:
    """The request for a source; `context` gives the names in `call`."""
    stays = registration.management.local_only and call.takes_local
    params = call.params + ((("local", "true"),) if stays else ())
    query = f"?{urlencode(params, quote_via=quote, safe=':/,;*|()<>=!~@')}" if params else ""
    body, headers = _spoken(registration, context, call.document)
    headers |= {name: value for name, value in _conveyed(registration, origin) if name.lower() not in OURS}
    headers |= dict(call.headers)
    headers["Via"] = via.extended(origin.via, alias)
    if registration.remote_tenant:
        headers["NGSILD-Tenant"] = registration.remote_tenant
    url = f"{registration.endpoint.rstrip('/').removesuffix(API)}{API}{call.path}{query}"
    return Outgoing(registration=registration, method=call.method, url=url, headers=headers, body=body)


def _spoken(registration: Registration, context: Context, document: Any) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers in the media types the source takes; where it says nothing, JSON with a Link to the context."""
    steering = _steering(registration)
    headers = {"Accept": steering.get("accept", JSON)}
    link = linked(context)
    inline = (
        document is not None
        and "jsonldcontext" not in steering
        and (steering.get("contenttype") == JSON_LD or link is None)
    )
    if link is not None and (context is not CORE or "jsonldcontext" in steering) and not inline:
        headers["Link"] = f'<{link}>; rel="http://www.w3.org/ns/json-ld#context"; type="{JSON_LD}"'
    if document is None:
        return None, headers
    headers["Content-Type"] = JSON_LD if inline else JSON
    return orjson.dumps(_with_context(document, context) if inline else document), headers


def _with_context(document: Any, context: Context) -> Any:
    if isinstance(document, list):
        return [_with_context(part, context) for part in document]
    return {**document, "@context": context.source} if isinstance(document, dict) else document


def _steering(registration: Registration) -> Mapping[str, str]:
    return {key.lower(): value for key, value in registration.source_info if key.lower() in STEERING}


def _conveyed(registration: Registration, origin: Origin) -> Iterator[tuple[str, str]]:
    """The headers a registration asks for; a caller's secrets only for the operator's own registrations."""
    for key, value in registration.source_info:
        name = key.lower()
        if name in STEERING:
            continue
        if value != FROM_REQUEST:
            yield key, value
        elif name in origin.headers and (name not in SECRET or not registration.owner):
            yield key, origin.headers[name]


def entity_path(id_: str, *parts: str) -> str:
    """The path of an entity, or of something of it."""
    return "/".join(("/entities", *(quote(part, safe=":") for part in (id_, *parts))))
