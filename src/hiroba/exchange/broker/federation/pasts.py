"""What sources have of the past of an entity (CIM 009 §5.7.3). The pasts of many are asked for as entities are: queries.py."""

from collections.abc import Callable

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import foreign
from hiroba.exchange.broker.federation import reads, wording
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call, entity_path
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.queries import PARTIAL, Wish
from hiroba.exchange.broker.federation.reads import Found
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted

OPERATION = "retrieveTemporal"


async def retrieve(federation: Federation, origin: Origin, wish: Wish) -> Found:
    """The versions that sources have of the past of the one entity that is wished for (§5.7.3.4)."""
    (selector,) = wish.question.selectors
    wanted = Wanted(
        entities=(Entities(ids=selector.ids, types=selector.types),),
        attributes=wish.attributes or frozenset(),
        datasets=wish.datasets or frozenset(),
        time=wish.period,
        past=True,
    )
    scope = reads.concerned(federation, origin, wanted, (OPERATION,))
    if wish.only is not None:
        scope = msgspec.structs.replace(
            scope, matches=tuple(match for match in scope.matches if match.registration.id in wish.only)
        )
    asked = [(match.registration, _words(match, wish)) for match in scope.matches]
    replies = await federation.ask(origin, asked)
    found = reads.found_in(scope, await federation.entities(origin, replies, foreign.evolution), (selector,))
    edges = tuple(reply.headers.get("content-range", "") for reply in replies if reply.status == PARTIAL)
    return msgspec.structs.replace(found, edges=edges)


def _words(match: Match, wish: Wish) -> Callable[[Context], Call]:
    (selector,) = wish.question.selectors
    share = match.attributes(wish.attributes or frozenset())
    linked = wish.linked.get(match.registration.id, "")

    def words(context: Context) -> Call:
        return Call(
            method="GET",
            path=f"/temporal{entity_path(selector.ids[0])}",
            params=(
                reads.SYSTEM,
                *wish.more,
                *wording.attributes(share, context),
                *wording.kinds(selector.types, context),
            ),
            headers=(("NGSILD-EntityMap", linked),) if linked else (),
        )

    return words
