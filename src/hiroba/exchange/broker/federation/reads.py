"""What sources have of what is read, and one entity put together from it (CIM 009 §5.7.1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import merging, narrowing, warnings, wording
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call, entity_path
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.receiving import Received
from hiroba.exchange.broker.federation.warnings import Warned
from hiroba.exchange.broker.federation.wording import Params
from hiroba.exchange.broker.model import Entity
from hiroba.exchange.broker.query.tree import Query
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.discovery import Discovery
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted

RETRIEVES: Final = ("retrieveEntity", "queryEntity", "queryBatch")
"""Operations by which one entity can be had, the best first."""
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
    edges: tuple[str, ...] = ()
    """How far in time the answers reach that are parts (Content-Range, §6.3.10)."""
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
    *,
    but: str = "",
) -> Found:
    """The versions that sources have of one entity, all sources but one where one is named (§5.7.1.4)."""
    (id_,), types = selector.ids, selector.types
    wanted = Wanted(
        entities=(Entities(ids=(id_,), types=types),),
        attributes=attributes or frozenset(),
        datasets=datasets or frozenset(),
    )
    scope = concerned(federation, origin, wanted, RETRIEVES)
    scope = msgspec.structs.replace(
        scope, matches=tuple(match for match in scope.matches if match.registration.id != but)
    )
    asked = [(match.registration, _one(match, id_, types, attributes)) for match in scope.matches]
    replies = await federation.ask(origin, asked)
    return found_in(scope, await federation.entities(origin, replies), (selector,))


def _one(match: Match, id_: str, types: Types, attributes: frozenset[str] | None) -> Callable[[Context], Call]:
    share = match.attributes(attributes or frozenset())

    def words(context: Context) -> Call:
        operations = match.registration.operations
        if "retrieveEntity" in operations:
            params = (SYSTEM, *wording.attributes(share, context), *wording.kinds(types, context))
            return Call(method="GET", path=entity_path(id_), params=params)
        narrow = narrowing.selectors(match, (Selector(ids=(id_,), types=types),))
        return (
            by_get(narrow[0], share, (SYSTEM,), context)
            if "queryEntity" in operations
            else by_post(narrow, share, {}, (SYSTEM,), context)
        )

    return words


def found_in(scope: Scope, received: Iterable[Received], wanted: Sequence[Selector]) -> Found:
    """What of the sources' answers was asked for and is theirs to give."""
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


def by_get(selector: Selector, share: frozenset[str] | None, more: Params, context: Context, root: str = "") -> Call:
    """A query in the address."""
    params = (*wording.selector(selector, context), *wording.attributes(share, context), *more)
    return Call(method="GET", path=f"{root}/entities", params=params)


def by_post(
    selectors: Iterable[Selector],
    share: frozenset[str] | None,
    filters: dict[str, str],
    params: Params,
    context: Context,
) -> Call:
    """The same in a document, where several selectors can stand."""
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
