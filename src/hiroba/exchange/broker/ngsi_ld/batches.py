"""Many entities in one request: each its own outcome (CIM 009 §5.6.7 to §5.6.10, §5.6.20)."""

from collections.abc import Callable
from typing import Any, Final

from hiroba.base.errors import Problem
from hiroba.exchange.broker import edits
from hiroba.exchange.broker.documents import names, reading
from hiroba.exchange.broker.edits import Change, Edit
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.model import Fragment, Key
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, json, parse

MOST: Final = 10_000
"""Entities of one batch."""

Plan = tuple[str, Edit | Problem]


async def create(request: Request, exchange: Exchange) -> Answer:
    """Create entities; those that are there already are named (§5.6.7)."""
    plans = await _plans(request, lambda fragment: edits.create(fragment, request.admitted.owner), whole=True)
    return await _run(request, exchange, plans, 201)


async def upsert(request: Request, exchange: Exchange) -> Answer:
    """Create entities or replace them, or with options=update add to them (§5.6.8)."""
    update = "update" in request.options
    plans = await _plans(
        request, lambda fragment: edits.upsert(fragment, request.admitted.owner, update=update), whole=True
    )
    return await _run(request, exchange, plans, 204)


async def update(request: Request, exchange: Exchange) -> Answer:
    """Add to entities that are there (§5.6.9)."""
    overwrite = not request.flag("noOverwrite")
    plans = await _plans(request, lambda fragment: edits.append(fragment, overwrite=overwrite))
    return await _run(request, exchange, plans, 204)


async def merge(request: Request, exchange: Exchange) -> Answer:
    """Merge into entities that are there (§5.6.20)."""
    plans = await _plans(request, edits.merge, merging=True)
    return await _run(request, exchange, plans, 204)


async def delete(request: Request, exchange: Exchange) -> Answer:
    """Delete entities by id (§5.6.10)."""
    document = parse(await request.body())
    ids = document if isinstance(document, list) else []
    plans: list[Plan] = []
    for id_ in _checked(document, ids):
        try:
            plans.append((names.uri(id_, "The entity's id"), edits.delete()))
        except Problem as problem:
            plans.append((str(id_)[:200], problem))
    return await _run(request, exchange, plans, 204)


def _checked(document: Any, items: list[Any]) -> list[Any]:
    if not isinstance(document, list) or not items:
        raise BadRequestData("A batch is a list with at least one item.")
    if any(item is None for item in items):
        raise BadRequestData("An item of the batch is null.")
    if len(items) > MOST:
        raise BadRequestData(f"A batch has at most {MOST} items; this one has {len(items)}.")
    return items


async def _plans(
    request: Request, edit_of: Callable[[Fragment], Edit], *, whole: bool = False, merging: bool = False
) -> list[Plan]:
    document, _ = await request.document()
    plans: list[Plan] = []
    for item in _checked(document, document if isinstance(document, list) else []):
        id_ = str(item.get("id", ""))[:200] if isinstance(item, dict) else ""
        try:
            fragment = reading.fragment(item, await request.context_of(item), whole=whole, merging=merging)
            if not fragment.id:
                raise BadRequestData("The entity has no id.")
            plans.append((fragment.id, edit_of(fragment)))
        except Problem as problem:
            plans.append((id_, problem))
    return plans


async def _run(request: Request, exchange: Exchange, plans: list[Plan], fine: int) -> Answer:
    """Run what can be run; 201 or 204 when all went well, 207 with both lists when not (§5.2.16)."""
    admitted = request.admitted
    writes = [
        (Key(request.tenant, "", id_), edit if admitted.everywhere else edits.only_of(admitted.owner, edit))
        for id_, edit in plans
        if not isinstance(edit, Problem)
    ]
    outcomes = iter(await exchange.writer.write_all(writes))
    success: dict[str, None] = {}
    created: dict[str, None] = {}
    errors: list[dict[str, Any]] = []
    for id_, edit in plans:
        outcome = edit if isinstance(edit, Problem) else next(outcomes)
        if isinstance(outcome, Problem):
            errors.append({"entityId": id_, "error": outcome.document()})
        elif isinstance(outcome, Change) and outcome.refused:
            success[id_] = None
            errors.append(
                {
                    "entityId": id_,
                    "error": BadRequestData("; ".join(reason for _, reason in outcome.refused)).document(),
                }
            )
        else:
            success[id_] = None
            if outcome.created:
                created[id_] = None
    if errors:
        return json(207, {"success": list(success), "errors": errors})
    if created:
        return json(201, list(created))
    return Answer(fine) if fine != 201 else json(201, list(success))  # noqa: PLR2004 - Created
