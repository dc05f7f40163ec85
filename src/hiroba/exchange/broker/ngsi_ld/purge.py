"""Purge: what a query finds is deleted, or some of its attributes (CIM 009 §5.6.21, §6.4.3.3)."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from hiroba.exchange.broker import edits, questions
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.edits import Edit
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.model import Key
from hiroba.exchange.broker.ngsi_ld import distributed, queries
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request
from hiroba.exchange.broker.query import projection

AT_ONCE: Final = 500
"""Entities that are found and deleted together."""


async def purge(request: Request, exchange: Exchange) -> Answer:
    """Delete the entities that match, or what drop and keep say of them; among the caller's own where it owns some only."""
    context = await request.context()
    edit = _edit(request, context)
    question = replace(queries.asked(request, context), limit=AT_ONCE, offset=0, count=False, links=0)
    dropped, kept = (_names(request, word, context) for word in ("drop", "keep"))
    legs = await distributed.purge(request, exchange, context, question, dropped=dropped, kept=kept)
    if not request.admitted.everywhere:
        question = replace(question, owner=request.admitted.owner)
        edit = edits.only_of(request.admitted.owner, edit)
    last: Key | None = None
    while True:
        async with exchange.reading() as conn:
            page = await questions.answer(conn, replace(question, after=last))
        await exchange.writer.write_all([(entity.key, edit) for entity in page.entities])
        if not page.more:
            return distributed.purged([Leg(), *legs])
        last = page.entities[-1].key


def _edit(request: Request, context: Context) -> Edit:
    dropped, kept = (_names(request, word, context) for word in ("drop", "keep"))
    if dropped is not None and kept is not None:
        raise BadRequestData("drop says which attributes go and keep which stay; use the one or the other.")
    if dropped is not None:
        return edits.prune(dropped.__contains__)
    return edits.delete() if kept is None else edits.prune(_others(kept))


def _others(kept: frozenset[str]) -> Callable[[str], bool]:
    return lambda name: name not in kept and name != "scope"


def _names(request: Request, word: str, context: Context) -> frozenset[str] | None:
    if word not in request.params:
        return None
    chosen = projection.resolve(projection.parse(request.params[word], word, nested=False), context.expand)
    names = frozenset(one.name for one in chosen)
    if own := names & {"id", "type", "createdAt", "modifiedAt"}:
        raise BadRequestData(f"{word} names attributes; {', '.join(sorted(own))} stays with its entity.")
    return names
