"""One entity or a page of them, from here and from context sources (CIM 009 §5.7.1, §5.7.2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import merging, narrowing, warnings, wording
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call, entity_path
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.receiving import Received, documents
from hiroba.exchange.broker.federation.warnings import Warned
from hiroba.exchange.broker.federation.wording import Params
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.query.tree import Query
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Question, Selector
from hiroba.exchange.broker.sources.discovery import Discovery
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted

RETRIEVES: Final = ("retrieveEntity", "queryEntity", "queryBatch")
"""Operations by which one entity can be had, the best first."""
QUERIES: Final = ("queryEntity", "queryBatch")
PAGE: Final = 1000
"""Entities that are asked of a source at once."""
PAGES: Final = 10
SYSTEM: Final = ("options", "sysAttrs")
"""What is asked with every read: of two instances the one that was modified last is taken (§4.5.5.3)."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What sources gave, and what is to be said of those that did not."""

    matches: tuple[Match, ...] = ()
    equal: tuple[Entity, ...] = ()
    auxiliary: tuple[Entity, ...] = ()
    warned: tuple[Warned, ...] = ()
    passed_on: tuple[str, ...] = ()
    origins: Mapping[str, Sequence[str]] = {}
    """Entity → the registrations it came by."""
    maps: Mapping[str, str] = {}
    """Registration → where the map is that its source made."""
    total: int = 0
    """How many entities the sources say they have, one that several have counted several times."""
    is_split: bool = False
    """Whether one entity may be spread over several, so that filters hold for what is put together."""
    is_complete: bool = True
    """Whether `equal` and `auxiliary` are all of them."""

    def merged(self, local: Iterable[Entity]) -> list[Entity]:
        """Everything together, by id."""
        own = (narrowing.kept(entity, self.matches) for entity in local)
        everything = [entity for entity in own if entity is not None]
        return list(merging.by_id([*everything, *self.equal], self.auxiliary, clock.now()).values())

    def headers(self, alias: str) -> list[tuple[str, str]]:
        """The warnings, for the answer."""
        return list(warnings.headers(alias, self.warned, self.passed_on))


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which sources a read concerns."""

    matches: tuple[Match, ...] = ()
    warned: tuple[Warned, ...] = ()


def concerned(
    federation: Federation, origin: Origin, wanted: Wanted, operations: Sequence[str], csf: Query | None = None
) -> Scope:
    """The sources a read concerns and that answer such reads; none where it has been here before (§5.12)."""
    fitting = Discovery(wanted=wanted, csf=csf)
    matches = [match for match in federation.concerned(origin, wanted) if fitting.lets_through(match)]
    if not matches:
        return Scope()
    if federation.has_come_back(origin):
        return Scope(warned=(Warned(warnings.UNANSWERED, origin.tenant or "here", "the request has been here before"),))
    avoided = federation.avoided(origin)
    able = [match for match in matches if match.registration.operations.intersection(operations)]
    return Scope(
        matches=tuple(
            match for match in able if not match.registration.alias or match.registration.alias not in avoided
        )
    )


async def retrieve(
    federation: Federation,
    origin: Origin,
    selector: Selector,
    attributes: frozenset[str] | None,
    datasets: frozenset[str] | None,
) -> Found:
    """The versions that sources have of one entity (§5.7.1.4)."""
    (id_,), types = selector.ids, selector.types
    wanted = Wanted(
        entities=(Entities(ids=(id_,), types=types),),
        attributes=attributes or frozenset(),
        datasets=datasets or frozenset(),
    )
    scope = concerned(federation, origin, wanted, RETRIEVES)
    asked = [(match.registration, _one(match, id_, types, attributes)) for match in scope.matches]
    replies = await federation.ask(origin, asked)
    return _found(scope, await federation.entities(origin, replies), (selector,))


def _one(match: Match, id_: str, types: Types, attributes: frozenset[str] | None) -> Callable[[Context], Call]:
    share = match.attributes(attributes or frozenset())

    def words(context: Context) -> Call:
        operations = match.registration.operations
        if "retrieveEntity" in operations:
            params = (SYSTEM, *wording.attributes(share, context), *wording.kinds(types, context))
            return Call(method="GET", path=entity_path(id_), params=params)
        narrow = narrowing.selectors(match, (Selector(ids=(id_,), types=types),))
        return (
            _by_get(narrow[0], share, (SYSTEM,), context)
            if "queryEntity" in operations
            else _by_post(narrow, share, {}, (SYSTEM,), context)
        )

    return words


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A question as sources are asked it."""

    question: Question
    said: dict[str, str] = {}
    """Parts of it that are passed on as they were written: georel, geometry, coordinates, scopeQ."""
    attributes: frozenset[str] | None = None
    """Which attributes are wanted, as far as that tells which sources are."""
    datasets: frozenset[str] | None = None
    """Which datasets are wanted; None: all."""
    csf: Query | None = None
    """What sources must be like (§4.9)."""
    maps: bool = False
    """Whether every entity is wanted, and the maps that sources make of them (§5.5.14)."""
    only: Mapping[str, Sequence[str]] | None = None
    """Only these registrations, and of each only these ids."""
    linked: Mapping[str, str] = {}
    """The maps to be used at the sources, by registration."""


async def query(federation: Federation, origin: Origin, wish: Wish) -> Found:
    """What sources have of the entities a question asks for, as far as the page may need it (§5.7.2.4)."""
    question = wish.question
    scope = concerned(federation, origin, wanted_by(wish), QUERIES, wish.csf)
    if wish.only is not None:
        scope = msgspec.structs.replace(
            scope, matches=tuple(match for match in scope.matches if match.registration.id in wish.only)
        )
    enough = PAGE * PAGES if wish.maps or wish.only is not None else question.offset + question.limit
    pending = [_Course(match, wish) for match in scope.matches]
    received: list[Received] = []
    courses = pending
    maps: dict[str, str] = {}
    while pending:
        asked = [(course.match.registration, course.words(enough)) for course in pending]
        replies = await federation.ask(origin, asked)
        answers = await federation.entities(origin, replies)
        received += answers
        maps |= {
            reply.registration.id: location for reply in replies if (location := reply.headers.get("ngsild-entitymap"))
        }
        for course in pending:
            course.use(maps.get(course.match.registration.id, ""))
        pending = [
            course
            for course, reply, answer in zip(pending, replies, answers, strict=True)
            if course.goes_on(len(documents(reply)), enough, reply.headers.get("ngsild-results-count", ""), answer)
        ]
    cut = tuple(
        Warned(
            warnings.UNANSWERED, course.match.registration.id, f"only its first {PAGE * PAGES} entities are considered"
        )
        for course in courses
        if course.is_cut
    )
    found = _found(scope, received, question.selectors)
    return msgspec.structs.replace(
        found,
        warned=(*found.warned, *cut),
        maps=maps,
        total=sum(course.total for course in courses),
        is_complete=all(course.is_complete for course in courses),
    )


def wanted_by(wish: Wish) -> Wanted:
    """Which sources a question concerns."""
    question = wish.question
    return Wanted(
        entities=tuple(Entities(ids=one.ids, pattern=one.pattern, types=one.types) for one in question.selectors),
        attributes=wish.attributes or frozenset(),
        datasets=wish.datasets or frozenset(),
        scopes=question.scopes,
        place=question.place,
    )


class _Course:
    """The way through the pages of one source; what several selectors ask is asked one after the other."""

    def __init__(self, match: Match, wish: Wish) -> None:
        question = wish.question
        self.match = match
        self._map = wish.linked.get(match.registration.id, "")
        self._makes_map = wish.maps and "createEntityMapQueryEntity" in match.registration.operations
        self.total = 0
        self.is_cut = False
        self.is_complete = True
        self._question = question
        self._said = wish.said
        self._share = match.attributes(question.having or frozenset())
        selectors = question.selectors
        if wish.only is not None:
            ids = tuple(wish.only[match.registration.id])
            selectors = tuple(msgspec.structs.replace(one, ids=ids, pattern="") for one in selectors or (Selector(),))
        narrow = narrowing.selectors(match, selectors)
        by_get = "queryEntity" in match.registration.operations
        self._rounds: list[tuple[Selector, ...]] = [(one,) for one in narrow] if by_get else [narrow]
        self._by_get = by_get
        self._at = 0
        self._got = 0
        self._is_sorted = match.registration.alias.startswith("hiroba-")
        """Brokers of our kind give entities by id, so that the first ones of each are enough for the first ones of all."""

    def words(self, enough: int) -> Callable[[Context], Call]:
        """The next request."""
        size = min(PAGE, max(enough, 1)) if self._is_sorted else PAGE
        selectors, offset = self._rounds[self._at], self._got

        def words(context: Context) -> Call:
            paging: Params = (SYSTEM, ("limit", str(size)), *((("offset", str(offset)),) if offset else ()))
            if self._question.count:
                paging = (*paging, ("count", "true"))
            filters = wording.filters(self._question, self._said, context)
            if self._makes_map and offset == 0:
                paging = (*paging, ("entityMap", "true"))
            if self._by_get:
                call = _by_get(selectors[0], self._share, (*filters.items(), *paging), context)
            else:
                call = _by_post(selectors, self._share, filters, paging, context)
            return msgspec.structs.replace(call, headers=(("NGSILD-EntityMap", self._map),)) if self._map else call

        return words

    def use(self, location: str) -> None:
        """Go on with the map that the source has made."""
        self._map = self._map or location

    def goes_on(self, number: int, enough: int, count: str, answer: Received) -> bool:
        """Take note of a page; whether there is another to ask for."""
        del answer
        size = min(PAGE, max(enough, 1)) if self._is_sorted else PAGE
        if self._got == 0:
            self.total += int(count) if count.isdigit() and len(count) < 10 else number  # noqa: PLR2004 - a count, not an attack
        self._got += number
        if number == size and not (self._is_sorted and self._got >= enough):
            if self._got < PAGE * PAGES:
                return True
            self.is_cut = True
        self.is_complete = self.is_complete and number < size
        self._at, self._got = self._at + 1, 0
        return self._at < len(self._rounds)


def _found(scope: Scope, received: Iterable[Received], wanted: Sequence[Selector]) -> Found:
    by_id = {match.registration.id: match for match in scope.matches}
    equal: list[Entity] = []
    auxiliary: list[Entity] = []
    warned = list(scope.warned)
    passed_on: list[str] = []
    origins: dict[str, list[str]] = {}
    for one in received:
        into = auxiliary if one.mode == "auxiliary" else equal
        for entity in one.entities:
            taken = narrowing.taken(entity, by_id[one.registration])
            if taken is not None and narrowing.is_selected(entity, wanted):
                into.append(taken)
                origins.setdefault(entity.key.id, []).append(one.registration)
        warned += one.warned
        passed_on += one.passed_on
    return Found(
        matches=scope.matches,
        equal=tuple(equal),
        auxiliary=tuple(auxiliary),
        warned=tuple(warned),
        passed_on=tuple(passed_on),
        origins=origins,
    )


def _by_get(selector: Selector, share: frozenset[str] | None, more: Params, context: Context) -> Call:
    params = (*wording.selector(selector, context), *wording.attributes(share, context), *more)
    return Call(method="GET", path="/entities", params=params)


def _by_post(
    selectors: Iterable[Selector],
    share: frozenset[str] | None,
    filters: dict[str, str],
    params: Params,
    context: Context,
) -> Call:
    entities = [_document(selector, context) for selector in selectors]
    document: dict[str, Any] = {"type": "Query"}
    if any(entities):
        document["entities"] = entities
    if share:
        document["attrs"] = sorted(map(context.compact, share))
    place = {name: value for name, value in filters.items() if name in _PLACE}
    document |= {name: value for name, value in filters.items() if name not in _PLACE}
    if place:
        document["geoQ"] = place
    return Call(method="POST", path="/entityOperations/query", params=params, document=document)


_PLACE: Final = frozenset({"georel", "geometry", "coordinates", "geoproperty"})


def _document(selector: Selector, context: Context) -> dict[str, Any]:
    document: dict[str, Any] = dict(wording.kinds(selector.types, context))
    if selector.ids:
        document["id"] = selector.ids[0] if len(selector.ids) == 1 else list(selector.ids)
    if selector.pattern:
        document["idPattern"] = selector.pattern
    return document
