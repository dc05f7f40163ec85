"""HTTP as the NGSI-LD face needs it, thin on purpose: a request read once, a context resolved, an answer sent (CIM 009 §6.3)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import msgspec
import orjson
from litestar.types import HTTPScope, Receive, Send

from hiroba.base.errors import Problem, TooLarge
from hiroba.exchange.broker.access import Pass, Personal, Shown
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents.reading import check_depth
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.model import Entity

LARGEST: Final = 20 << 20
"""Bytes of a request's body: a batch of a few thousand entities."""
JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
GEO_JSON: Final = "application/geo+json"
MERGE_PATCH: Final = "application/merge-patch+json"
PARAMETERS: Final = frozenset({
    "aggrMethods", "aggrPeriodDuration", "attrs", "collation", "containedBy", "coordinates", "count", "csf", "datasetId",
    "deleteAll", "details", "drop", "endTimeAt", "entityMap", "entityMapLifetime", "expandValues", "format", "geometry",
    "geometryProperty", "geoproperty", "georel", "id", "idPattern", "join", "joinLevel", "jsonKeys", "keep", "kind", "lang",
    "lastN", "limit", "local", "observedAt", "offset", "omit", "options", "orderBy", "orderFrom", "orderGeometry", "pick",
    "q", "reload", "scopeQ", "splitEntities", "sysAttrs", "timeAt", "timeproperty", "timerel", "type",
})  # fmt: skip
GEOGRAPHIC: Final = frozenset({"/entities", "/entities/{}", "/entityOperations/query"})
"""Operations that also answer as GeoJSON (§6.3.4)."""
_LINKS: Final = re.compile(r"<([^>]*)>([^<]*)")
"""The links of a Link header, each with its parameters (RFC 8288)."""
CONTEXT_REL: Final = "http://www.w3.org/ns/json-ld#context"


class NotAcceptable(Problem):
    """The answer cannot be given in a form that is accepted."""

    status = 406
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"


class UnsupportedMediaType(Problem):
    """The body is in a form that is not taken here."""

    status = 415
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"


class LengthRequired(Problem):
    """The request does not say how long its body is."""

    status = 411
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"


class MethodNotAllowed(Problem):
    """This address does not take that method."""

    status = 405
    type = "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest"
    allowed: tuple[str, ...] = ()


class Answer(msgspec.Struct):
    """What goes back."""

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: list[tuple[str, str]] = []


class Request:
    """One request, as far as it has been looked at."""

    __slots__ = (
        "_body", "_params", "accepts", "admitted", "book", "headers", "method", "named", "outside", "path", "personal",
        "receive", "scope", "tenant", "told",
    )  # fmt: skip

    def __init__(self, scope: HTTPScope, receive: Receive, book: Book, path: str = "") -> None:
        self.scope = scope
        self.receive = receive
        self.book = book
        self.method: str = scope["method"]
        self.path = path
        """The path of the operation below /ngsi-ld/v1, {} for its parts."""
        self.personal: Personal = "closed"
        """What the operation is where the data are people's."""
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.tenant = self.headers.get("ngsild-tenant", "")
        self.admitted = Pass()
        self.accepts = JSON
        self.told: list[Shown] | None = None
        """What the answer tells of people; None: nobody has said so yet, and then it is not sent."""
        self.named: set[str] = set()
        """People whom the request names."""
        self.outside: Mapping[str, str] = {}
        """How people who are named inside otherwise are named in the answer."""
        self._params: Mapping[str, str] | None = None
        self._body: bytes | None = None

    @property
    def params(self) -> Mapping[str, str]:
        """The query parameters; one that comes twice counts by its last."""
        if self._params is None:
            self._params = _params(self.scope["query_string"])
        return self._params

    def must_know_its_parameters(self, known: frozenset[str] = PARAMETERS) -> None:
        """Nothing, or the problem of a parameter that this operation, or any, does not have (§6.3.20)."""
        for name in self.params:
            if name not in known:
                raise InvalidRequest(f"There is no parameter {name!r} here.")

    def must_say_its_length(self) -> None:
        """Nothing, or the problem of a body without Content-Length (§6.3.4)."""
        if self.method in {"POST", "PATCH", "PUT"} and "content-length" not in self.headers:
            raise LengthRequired

    @property
    def media_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def must_come_as(self, *kinds: str) -> str:
        """The media type of the body, or the problem that it is none of these (§6.3.4)."""
        kind = self.media_type
        if kind not in kinds:
            if not kind:
                raise InvalidRequest(f"A body comes with a Content-Type: {' or '.join(kinds)}.")
            raise UnsupportedMediaType(f"A body comes as {' or '.join(kinds)}, not {kind}.")
        return kind

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

    def preference(self, name: str) -> str:
        """What the Prefer header says of something, without quotes (RFC 7240); empty where it says nothing."""
        for part in self.headers.get("prefer", "").split(","):
            key, _, value = part.split(";")[0].partition("=")
            if key.strip().lower() == name:
                return value.strip().strip('"')
        return ""

    def said(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Those of these parameters that were given, as they were written."""
        return tuple((name, self.params[name]) for name in names if name in self.params)

    def words(self, name: str) -> list[str]:
        """A query parameter that is a list with commas."""
        return words(self.params, name)

    def negotiate(self) -> None:
        """Settle the form of the answer from Accept (§6.3.4): what is liked best; of equals JSON, JSON-LD, GeoJSON."""
        accept = self.headers.get("accept")
        if not accept or accept in {"*/*", JSON}:
            return
        ranges = _ranges(accept)
        offered = (JSON, JSON_LD, GEO_JSON) if self.path in GEOGRAPHIC else (JSON, JSON_LD)
        best = max(offered, key=lambda kind: _liked(kind, ranges))
        if not _liked(best, ranges):
            raise NotAcceptable(f"Answers come here as {' or '.join(offered)}.")
        self.accepts = best

    def tells(self, pairs: Iterable[tuple[Entity, Shape]]) -> None:
        """Say which entities the answer holds, and which of their attributes it shows."""
        self.told = self.told or []
        for entity, shape in pairs:
            if entity.subject is not None:
                attributes = frozenset(filter(shape.shows, entity.doc))
                self.told.append(Shown(entity.subject, frozenset(entity.types), attributes))

    def tells_of(self, people: Iterable[str], note: str) -> None:
        """Say of whom the answer tells something without showing any attribute."""
        self.told = self.told or []
        self.told += [Shown(subject, frozenset(), frozenset(), note) for subject in people]

    async def reword(self, words: Mapping[str, str]) -> None:
        """Read this request as if it named people otherwise."""
        self._params = {name: reworded(value, words) for name, value in self.params.items()}
        if self.method in {"POST", "PATCH", "PUT"}:
            self._body = reworded((await self.body()).decode("utf-8", "surrogateescape"), words).encode(
                "utf-8", "surrogateescape"
            )

    async def plain_body(self) -> str:
        """The body as text in which nothing is written in escapes that could be written plainly; "" where there is none."""
        if self.method not in {"POST", "PATCH", "PUT"}:
            return ""
        try:
            self._body = orjson.dumps(orjson.loads(await self.body()))
        except orjson.JSONDecodeError as error:
            raise InvalidRequest(f"The body is no JSON: {error}.") from error
        return self._body.decode()

    async def body(self) -> bytes:
        """The whole body, within the limit."""
        if self._body is None:
            self._body = await self._received()
        return self._body

    async def _received(self) -> bytes:
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
        kind = self.must_come_as(JSON, JSON_LD, *((MERGE_PATCH,) if patch else ()))
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
        kind = self.media_type
        has_context = isinstance(document, dict) and "@context" in document
        if kind == JSON_LD and not has_context:
            raise BadRequestData("A JSON-LD body has a member @context at its top.")
        if kind == JSON and has_context:
            raise BadRequestData(f"A body with @context comes as {JSON_LD}.")
        return await self.book.context(document["@context"], self.tenant) if has_context else await self.context()

    @property
    def link(self) -> str | None:
        """The context the Link header names."""
        for address, parameters in _LINKS.findall(self.headers.get("link", "")):
            if CONTEXT_REL in parameters:
                found: str = address.strip()
                return found
        return None

    async def context(self) -> Context:
        """The context of the Link header, or the core."""
        link = self.link
        return CORE if link is None else await self.book.context(link, self.tenant)


@lru_cache(1_000)
def _params(query_string: bytes) -> Mapping[str, str]:
    try:
        found = parse_qsl(query_string.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as error:
        raise BadRequestData(f"The query string cannot be read: {error}.") from error
    return MappingProxyType(dict(found))


def reworded(text: str, words: Mapping[str, str]) -> str:
    """A text in which people are named otherwise."""
    for word, other in words.items():
        text = text.replace(word, other)
    return text


def _ranges(accept: str) -> dict[str, float]:
    """The media ranges of an Accept header, each with its weight; one that cannot be read is 1 (RFC 9110 §12.5.1)."""
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges[name] = next((_weight(piece[2:]) for piece in parameters if piece.startswith("q=")), 1.0)
    return ranges


def _liked(kind: str, ranges: Mapping[str, float]) -> float:
    """How much a media type is liked: the range that says it most precisely counts."""
    return next((ranges[name] for name in (kind, "application/*", "*/*") if name in ranges), 0.0)


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
        weight = float(text)
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0


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
    """An answer that says what is wrong (§5.5.3): a problem document as plain JSON, for clients that know no other."""
    if isinstance(error, LengthRequired | UnsupportedMediaType):
        return Answer(error.status)  # §6.3.4: without any payload
    told = {name.lower() for name, _ in error.headers}
    asks = error.status == 401 and "www-authenticate" not in told  # noqa: PLR2004 - Unauthorized
    headers = [("www-authenticate", "Bearer")] if asks else []
    if isinstance(error, MethodNotAllowed):
        headers = [("allow", ", ".join(error.allowed))]
    return Answer(error.status, orjson.dumps(error.document()), JSON, [*headers, *error.headers])


def context_link(context: Context) -> tuple[str, str]:
    """The Link header that names an answer's context."""
    address = quote(context.address, safe=":/?#[]@!$&'()*+,;=%~")  # whatever a body named stays within its header
    return "link", f'<{address}>; rel="{CONTEXT_REL}"; type="{JSON_LD}"'


async def send(answer: Answer, send_: Send) -> None:
    """Put the answer on the wire."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.media_type:
        headers.append((b"content-type", answer.media_type.encode()))
    if answer.status != 204:  # noqa: PLR2004 - No Content, which has no length either (§6.3.6)
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send_({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send_({"type": "http.response.body", "body": answer.body, "more_body": False})
