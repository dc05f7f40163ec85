"""HTTP as the NGSI-LD face needs it, thin on purpose: a request read once, a context resolved, an answer sent (CIM 009 §6.3)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import orjson
from litestar.types import HTTPScope, Receive, Send

from hiroba.base.errors import Problem, TooLarge
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents.reading import check_depth
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest

LARGEST: Final = 20 << 20
"""Bytes of a request's body: a batch of a few thousand entities."""
JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
GEO_JSON: Final = "application/geo+json"
MERGE_PATCH: Final = "application/merge-patch+json"
PARAMETERS: Final = frozenset({
    "attrs", "containedBy", "coordinates", "count", "csf", "datasetId", "deleteAll", "details", "endTimeAt", "entityMap",
    "expandValues", "format", "geometry", "geometryProperty", "geoproperty", "georel", "id", "idPattern", "join", "joinLevel",
    "jsonKeys", "lang", "limit", "local", "observedAt", "offset", "omit", "options", "orderBy", "pick", "q", "scopeQ",
    "splitEntities", "sysAttrs", "timeAt", "timeproperty", "timerel", "type",
})  # fmt: skip
CONTEXT_REL: Final = "http://www.w3.org/ns/json-ld#context"


class NotAcceptable(Problem):
    """The answer cannot be given in a form that is accepted."""

    status = 406
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"


class UnsupportedMediaType(Problem):
    """The body is in a form that is not taken here."""

    status = 415
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"


class Answer(msgspec.Struct):
    """What goes back."""

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: list[tuple[str, str]] = []


class Request:
    """One request, as far as it has been looked at."""

    __slots__ = ("_params", "accepts", "admitted", "book", "headers", "method", "path", "receive", "scope", "tenant")

    def __init__(self, scope: HTTPScope, receive: Receive, book: Book, path: str) -> None:
        self.scope = scope
        self.receive = receive
        self.book = book
        self.method: str = scope["method"]
        self.path = path
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.tenant = self.headers.get("ngsild-tenant", "")
        self.admitted = Pass()
        self.accepts = JSON
        self._params: dict[str, str] | None = None

    @property
    def params(self) -> Mapping[str, str]:
        """The query parameters; one that comes twice counts by its last."""
        if self._params is None:
            try:
                self._params = dict(
                    parse_qsl(
                        self.scope["query_string"].decode(), keep_blank_values=True, max_num_fields=100, errors="strict"
                    )
                )
            except ValueError as error:
                raise BadRequestData(f"The query string cannot be read: {error}.") from error
        return self._params

    def must_know_its_parameters(self) -> None:
        """Nothing, or the problem of a parameter that no operation has (§6.3.20)."""
        for name in self.params:
            if name not in PARAMETERS:
                raise InvalidRequest(f"There is no parameter {name!r}.")

    def flag(self, name: str) -> bool:
        """Whether a parameter says true, or `options` names it."""
        value = self.params.get(name)
        if value is None:
            return name in self.options
        if value.lower() not in {"true", "false"}:
            raise BadRequestData(f"{name} is true or false, not {value!r}.")
        return value.lower() == "true"

    @property
    def options(self) -> list[str]:
        """The words of the options parameter."""
        return [word for word in self.params.get("options", "").split(",") if word]

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        """A parameter that is a whole number."""
        text = self.params.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < least:  # noqa: PLR2004 - nobody pages beyond
            raise BadRequestData(f"{name} is a whole number, at least {least}, not {text!r}.")
        return int(text)

    def said(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Those of these parameters that were given, as they were written."""
        return tuple((name, self.params[name]) for name in names if name in self.params)

    def words(self, name: str) -> list[str]:
        """A query parameter that is a list with commas."""
        return words(self.params, name)

    def negotiate(self) -> None:
        """Settle the form of the answer from Accept (§6.3.4): JSON unless JSON-LD or GeoJSON is liked better."""
        accept = self.headers.get("accept")
        if not accept or accept == "*/*":
            return
        best = (0.0, "")
        for part in accept.split(","):
            name, *parameters = (piece.strip() for piece in part.split(";"))
            weight = next((_weight(piece[2:]) for piece in parameters if piece.startswith("q=")), 1.0)
            meant = _ACCEPTED.get(name.lower())
            if meant and weight > best[0]:
                best = (weight, meant)
        if not best[1]:
            raise NotAcceptable(f"Answers come as {JSON}, {JSON_LD} or {GEO_JSON}.")
        self.accepts = best[1]

    async def body(self) -> bytes:
        """The whole body, within the limit."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > LARGEST:
            raise TooLarge(f"A body has at most {LARGEST >> 20} MB.")
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise InvalidRequest("The request ended before its body did.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > LARGEST:
                raise TooLarge(f"A body has at most {LARGEST >> 20} MB.")
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks)

    async def document(self, *, patch: bool = False) -> tuple[Any, Context]:
        """The body's JSON and the context it is to be read by (§6.3.5)."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        allowed = {JSON, JSON_LD, MERGE_PATCH} if patch else {JSON, JSON_LD}
        if kind not in allowed:
            raise UnsupportedMediaType(
                f"A body comes as {' or '.join(sorted(allowed))}, not {kind or 'without a Content-Type'}."
            )
        document = parse(await self.body())
        if kind == JSON_LD and self.link is not None:
            raise BadRequestData(
                "JSON-LD carries its @context in the body; there must be no Link header to one beside it."
            )
        if isinstance(document, list):
            return document, await self.context()
        return document, await self.context_of(document)

    async def context_of(self, document: Any) -> Context:
        """The context one document of the body is to be read by: its own where it is JSON-LD, else the Link header's."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        has_context = isinstance(document, dict) and "@context" in document
        if kind == JSON_LD and not has_context:
            raise BadRequestData("A JSON-LD body has a member @context at its top.")
        if kind == JSON and has_context:
            raise BadRequestData(f"A body with @context comes as {JSON_LD}.")
        return await self.book.context(document["@context"]) if has_context else await self.context()

    @property
    def link(self) -> str | None:
        """The context the Link header names."""
        header = self.headers.get("link")
        if not header:
            return None
        for part in header.split(","):
            address, _, parameters = part.strip().partition(">")
            if CONTEXT_REL in parameters and address.startswith("<"):
                return address[1:].strip()
        return None

    async def context(self) -> Context:
        """The context of the Link header, or the core."""
        link = self.link
        return CORE if link is None else await self.book.context(link)


_ACCEPTED: Final = {
    JSON: JSON, JSON_LD: JSON_LD, GEO_JSON: GEO_JSON, "*/*": JSON, "application/*": JSON,
}  # fmt: skip


def words(params: Mapping[str, str], name: str) -> list[str]:
    """A parameter that is a list with commas; one that is there but empty is a mistake."""
    if name not in params:
        return []
    parts = [part.strip() for part in params[name].split(",")]
    if not all(parts):
        raise BadRequestData(f"{name} is a list with commas, none of them empty.")
    return parts


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def parse(body: bytes) -> Any:
    """A body's JSON, strictly: no NaN, no numbers beyond a double, no NUL, not too deep."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is no JSON: {error}.") from error
    if b"\\u0000" in body:
        raise BadRequestData("A text holds the character U+0000, which cannot be stored.")
    check_depth(document)
    return document


def json(status: int, document: Any, *, media_type: str = JSON, headers: list[tuple[str, str]] | None = None) -> Answer:
    """An answer with a document."""
    return Answer(status, orjson.dumps(document), media_type, headers or [])


def problem(error: Problem) -> Answer:
    """An answer that says what is wrong (RFC 9457, §5.5.3)."""
    headers = [("www-authenticate", "Bearer")] if error.status == 401 else []  # noqa: PLR2004 - Unauthorized
    headers += error.headers
    return Answer(error.status, orjson.dumps(error.document()), "application/problem+json", headers)


def context_link(context: Context) -> tuple[str, str]:
    """The Link header that names an answer's context."""
    source = context.source if isinstance(context.source, str) else CORE.source
    return "link", f'<{source}>; rel="{CONTEXT_REL}"; type="{JSON_LD}"'


async def send(answer: Answer, send_: Send) -> None:
    """Put the answer on the wire."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.media_type:
        headers.append((b"content-type", answer.media_type.encode()))
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send_({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send_({"type": "http.response.body", "body": answer.body, "more_body": False})
