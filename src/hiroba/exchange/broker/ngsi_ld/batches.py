"""Many entities in one request: each its own outcome (CIM 009 §5.6.7 to §5.6.10, §5.6.20)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from hiroba.base.errors import Problem
from hiroba.exchange.broker import edits
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents import names, reading
from hiroba.exchange.broker.edits import Edit
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.federation import outcomes, writes
from hiroba.exchange.broker.federation.batches import Batch, Item
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.splitting import Attributes
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.ngsi_ld import distributed
from hiroba.exchange.broker.ngsi_ld.http import JSON, Answer, Request, json, parse

MOST: Final = 10_000
"""Entities of one batch."""

Given = tuple[Item, Context] | tuple[str, Problem]
"""An entity of the batch and the context it is written in, or its id and what is wrong with it."""


async def create(request: Request, exchange: Exchange) -> Answer:
    """Create entities; those that are there already are named (§5.6.7)."""
    batch = Batch(operation="createBatch", path="/entityOperations/create", singly=("createEntity",))
    given = await _given(request, whole=True)
    legs = await _write(request, exchange, batch, given, lambda part: edits.create(part, request.admitted.owner))
    return _answer(legs, 201)


async def upsert(request: Request, exchange: Exchange) -> Answer:
    """Create entities or replace them, or with options=update add to them (§5.6.8)."""
    update = "update" in request.options
    then = ("updateEntity",) if update else ("replaceEntity",)
    batch = Batch(
        operation="upsertBatch",
        path="/entityOperations/upsert",
        params=request.said("options"),
        singly=("createEntity", *then),
        if_there=then,
    )
    owner = request.admitted.owner
    given = await _given(request, whole=True)
    legs = await _write(request, exchange, batch, given, lambda part: edits.upsert(part, owner, update=update))
    return _answer(legs, 204)


async def update(request: Request, exchange: Exchange) -> Answer:
    """Add to entities that are there (§5.6.9)."""
    overwrite = not request.flag("noOverwrite")
    batch = Batch(
        operation="updateBatch",
        path="/entityOperations/update",
        params=request.said("options"),
        singly=("updateEntity" if overwrite else "appendAttrs",),
    )
    given = await _given(request)
    legs = await _write(request, exchange, batch, given, lambda part: edits.append(part, overwrite=overwrite))
    return _answer(legs, 204)


async def merge(request: Request, exchange: Exchange) -> Answer:
    """Merge into entities that are there (§5.6.20)."""
    batch = Batch(operation="mergeBatch", path="/entityOperations/merge", singly=("mergeEntity",))
    return _answer(await _write(request, exchange, batch, await _given(request, merging=True), edits.merge), 204)


async def delete(request: Request, exchange: Exchange) -> Answer:
    """Delete entities by id (§5.6.10)."""
    batch = Batch(operation="deleteBatch", path="/entityOperations/delete", singly=("deleteEntity",))
    document = parse(await request.body())
    given: list[Given] = []
    for id_ in _checked(document, document if isinstance(document, list) else []):
        try:
            given.append((Item(id=names.uri(id_, "The entity's id")), CORE))
        except Problem as problem:
            given.append((str(id_)[:200], problem))
    return _answer(await _write(request, exchange, batch, given, lambda _: edits.delete()), 204)


def _checked(document: Any, items: list[Any]) -> list[Any]:
    if not isinstance(document, list) or not items:
        raise BadRequestData("A batch is a list with at least one item.")
    if any(item is None for item in items):
        raise BadRequestData("An item of the batch is null.")
    if len(items) > MOST:
        raise BadRequestData(f"A batch has at most {MOST} items; this one has {len(items)}.")
    return items


async def _given(request: Request, *, whole: bool = False, merging: bool = False) -> list[Given]:
    document, shared = await request.document()
    is_shared = request.media_type == JSON
    given: list[Given] = []
    for item in _checked(document, document if isinstance(document, list) else []):
        id_ = str(item.get("id", ""))[:200] if isinstance(item, dict) else ""
        try:
            has_own = not is_shared or "@context" in item
            context = await request.context_of(item) if has_own else shared
            fragment = reading.fragment(item, context, whole=whole, merging=merging)
            if not fragment.id:
                raise BadRequestData("The entity has no id.")
            given.append((Item(id=fragment.id, of=frozenset(fragment.types), fragment=fragment), context))
        except Problem as problem:
            given.append((id_, problem))
    return given


async def _write(
    request: Request, exchange: Exchange, batch: Batch, given: list[Given], edit_of: Callable[[Fragment], Edit]
) -> list[tuple[str, Leg]]:
    """Write what can be written, here and elsewhere; what came of each entity, in the order of the batch."""
    admitted = request.admitted
    wrong = [(str(id_), outcomes.of_problem(problem)) for id_, problem in given if isinstance(problem, Problem)]
    items = [item for item, _ in given if isinstance(item, Item)]

    async def here(mine: Sequence[tuple[Item, Attributes]]) -> list[Leg]:
        found = []
        for item, attributes in mine:
            edit = edit_of(writes.reduced(item.fragment or Fragment(doc={}), attributes))
            found.append((Key(request.tenant, "", item.id), edits.admitted(admitted, edit)))
        written = await exchange.writer.write_all(found)
        return [outcomes.of_problem(one) if isinstance(one, Problem) else outcomes.of_change(one) for one in written]

    context = next((context for _, context in given if isinstance(context, Context)), CORE)
    legs = await distributed.write_all(request, exchange, context, batch, items, here=here)
    place = {id_: number for number, (one, _) in enumerate(given) if (id_ := one.id if isinstance(one, Item) else one)}
    return sorted([*wrong, *legs], key=lambda pair: place.get(pair[0], -1))


def _answer(legs: Sequence[tuple[str, Leg]], fine: int) -> Answer:
    """201 or 204 when all went well, 207 with both lists when not (§5.2.16)."""
    result = outcomes.batch_result(legs)
    if result["errors"]:
        return json(207, result)
    created = dict.fromkeys(id_ for id_, leg in legs if leg.created)
    if fine == 201:  # noqa: PLR2004 - Created
        return json(201, result["success"])
    return json(201, list(created)) if created else Answer(fine)
