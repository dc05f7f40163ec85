"""A page of entities from context sources, each walked page by page as far as the answer may need it (CIM 009 §5.7.2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import foreign
from hiroba.exchange.broker.federation import narrowing, reads, warnings, wording
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.federation.receiving import Read, Received, documents
from hiroba.exchange.broker.federation.warnings import Warned
from hiroba.exchange.broker.federation.wording import Params
from hiroba.exchange.broker.query.temporal import Temporal
from hiroba.exchange.broker.query.tree import Query
from hiroba.exchange.broker.questions import Question, Selector
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted

QUERIES: Final = ("queryEntity", "queryBatch")
PAGE: Final = 1000
"""Entities that are asked of a source at once."""
PAGES: Final = 10
PARTIAL: Final = 206


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What is queried: entities as they are, or their past."""

    operations: tuple[str, ...]
    by_get: str
    """The operation by which it is asked in an address; a source without it is asked by a document."""
    maps: str
    """The operation by which a source makes a map."""
    root: str = ""
    """Where it stands below the API's root."""
    read: Read = foreign.entity


ENTITIES: Final = Kind(operations=QUERIES, by_get="queryEntity", maps="createEntityMapQueryEntity")
PASTS: Final = Kind(
    operations=("queryTemporal",), by_get="queryTemporal", maps="createEntityMapQueryTemporal", root="/temporal",
    read=foreign.evolution,
)  # fmt: skip


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A question as sources are asked it."""

    kind: Kind = ENTITIES
    question: Question
    period: Temporal | None = None
    """Of which time, where the past is asked."""
    more: Params = ()
    """Parameters of that kind alone, the same in the words of every context."""
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
    scope = reads.concerned(federation, origin, wanted_by(wish), wish.kind.operations, wish.csf)
    if wish.only is not None:
        scope = msgspec.structs.replace(
            scope, matches=tuple(match for match in scope.matches if match.registration.id in wish.only)
        )
    enough = PAGE * PAGES if wish.maps or wish.only is not None else question.offset + question.limit
    pending = [_Course(match, wish) for match in scope.matches]
    received: list[Received] = []
    courses = pending
    maps: dict[str, str] = {}
    edges: list[str] = []
    while pending:
        asked = [(course.match.registration, course.words(enough)) for course in pending]
        replies = await federation.ask(origin, asked)
        answers = await federation.entities(origin, replies, wish.kind.read)
        edges += [reply.headers.get("content-range", "") for reply in replies if reply.status == PARTIAL]
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
    found = reads.found_in(scope, received, question.selectors)
    return msgspec.structs.replace(
        found,
        warned=(*found.warned, *cut),
        maps=maps,
        edges=tuple(edges),
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
        time=wish.period,
        past=wish.kind is PASTS,
    )


class _Course:
    """The way through the pages of one source; what several selectors ask is asked one after the other."""

    def __init__(self, match: Match, wish: Wish) -> None:
        question = wish.question
        self.match = match
        self._map = wish.linked.get(match.registration.id, "")
        self._makes_map = wish.maps and wish.kind.maps in match.registration.operations
        self.total = 0
        self.is_cut = False
        self.is_complete = True
        self._question = question
        self._kind, self._more = wish.kind, wish.more
        self._said = wish.said
        self._share = match.attributes(question.having or frozenset())
        selectors = question.selectors
        if wish.only is not None:
            ids = tuple(wish.only[match.registration.id])
            selectors = tuple(msgspec.structs.replace(one, ids=ids, pattern="") for one in selectors or (Selector(),))
        narrow = narrowing.selectors(match, selectors)
        by_get = wish.kind.by_get in match.registration.operations
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
            paging: Params = (
                reads.SYSTEM,
                *self._more,
                ("limit", str(size)),
                *((("offset", str(offset)),) if offset else ()),
            )
            if self._question.count:
                paging = (*paging, ("count", "true"))
            filters = wording.filters(self._question, self._said, context)
            if self._makes_map and offset == 0:
                paging = (*paging, ("entityMap", "true"))
            if self._by_get:
                call = reads.by_get(selectors[0], self._share, (*filters.items(), *paging), context, self._kind.root)
            else:
                call = reads.by_post(selectors, self._share, filters, paging, context)
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
