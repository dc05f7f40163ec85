"""Snapshots: made from queries in the background, looked at, changed, cloned, deleted (CIM 009 §5.16, §6.36 to §6.38)."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson
from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.errors import Problem
from hiroba.exchange.broker import edits, questions
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.errors import (
    AlreadyExists,
    BadRequestData,
    ResourceNotFound,
    TooManyResults,
)
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.history import provision
from hiroba.exchange.broker.history.questions import PastQuestion
from hiroba.exchange.broker.history.store import copying
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.ngsi_ld import bodies, distributed, gathering, queries, shapes, temporal
from hiroba.exchange.broker.ngsi_ld.entities import BASE
from hiroba.exchange.broker.ngsi_ld.gathering import Terms
from hiroba.exchange.broker.ngsi_ld.http import Answer, Request, json
from hiroba.exchange.broker.query import q
from hiroba.exchange.broker.query.match import matches
from hiroba.exchange.broker.query.names import attributes
from hiroba.exchange.broker.questions import Question
from hiroba.exchange.broker.snapshots import model, store
from hiroba.exchange.broker.snapshots.model import Snapshot
from hiroba.exchange.broker.sources.members import duration

log = logging.getLogger("hiroba.snapshots")
HEADER: Final = "ngsild-snapshot"
AT_ONCE: Final = 500
"""Entities that are copied together."""
MOST: Final = 100_000
"""Entities of one snapshot."""
MOST_INSTANCES: Final = 1_000_000
"""Instances of the past that one query brings into a snapshot."""
MOST_SNAPSHOTS: Final = 100
"""Snapshots of a tenant at one time."""

Asked = tuple[Question, Shape, Mapping[str, str]]
AskedPast = tuple[PastQuestion, Mapping[str, str]]


async def enter(request: Request, exchange: Exchange) -> tuple[str, str] | None:
    """Ask a request of the snapshot that its header names, and give that header back (§6.3.22)."""
    named = request.headers.get(HEADER)
    if named is None or request.path.startswith("/snapshots"):
        return None
    found = await _there(request, exchange, named)
    async with exchange.writing() as conn:
        await store.use(conn, request.tenant, found.id, clock.now())
    request.tenant = found.holds
    return HEADER, named


async def create(request: Request, exchange: Exchange) -> Answer:
    """Create a snapshot of what queries find (§5.16.1)."""
    document, context = await request.document()
    said = model.check(document, queries=True)
    asked = [_asked(request, context, query) for query in said.get("snapshotQueries", ())]
    pasts = [_asked_past(request, context, query) for query in said.get("snapshotTemporalQueries", ())]
    made = await _add(request, exchange, said)
    entities = [_found(request, exchange, context, one) for one in asked]
    exchange.later(_fill(exchange, made, entities, [_past(request, exchange, context, one) for one in pasts]))
    return _made(made)


async def clone(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Copy a snapshot (§5.16.2)."""
    original = await _there(request, exchange, id_)
    document, _ = await request.document()
    said = model.check(document, queries=False)
    made = await _add(
        request, exchange, {**said, **{name: original.said[name] for name in model.QUERIES if name in original.said}}
    )
    everything = Question(tenant=original.holds, limit=AT_ONCE)
    exchange.later(_clone(exchange, made, original, _here(exchange, everything)))
    return _made(made)


async def retrieve(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Retrieve how it stands with a snapshot (§5.16.3)."""
    return json(200, (await _there(request, exchange, id_)).document())


async def update(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Change what may be changed of a snapshot (§5.16.4)."""
    found = await _own(request, exchange, id_)
    document, _ = await request.document(patch=True)
    said = model.check(document, queries=False)
    if said.get("id", found.id) != found.id:
        raise BadRequestData(f"The document speaks of {said['id']}, the address of {id_}.")
    lifetime = _lifetime(said)
    changed = replace(
        found,
        said={**found.said, **{name: value for name, value in said.items() if name in model.SAID}},
        modified=clock.now(),
        expires=found.expires if lifetime is None else model.until(lifetime),
    )
    async with exchange.writing() as conn:
        await store.say(conn, changed)
    exchange.later(_tell(exchange, changed))
    return json(200, changed.document())


async def delete(request: Request, exchange: Exchange, id_: str) -> Answer:
    """Delete a snapshot (§5.16.5)."""
    found = await _own(request, exchange, id_)
    async with exchange.writing() as conn:
        await store.delete(conn, [found])
    return Answer(204)


async def purge(request: Request, exchange: Exchange) -> Answer:
    """Delete the snapshots that match a query over their members (§5.16.7)."""
    if "q" not in request.params:
        raise BadRequestData("Say which snapshots go: q=snapshotPriority<5, for example.")
    tree = q.parse(request.params["q"])
    if unknown := sorted(attributes(tree) - model.MEMBERS):
        raise BadRequestData(f"A snapshot has no {', '.join(unknown)}.")
    async with exchange.writing() as conn:
        found = [one for one in await store.snapshots(conn, request.tenant) if matches(tree, one.subject())]
        if not request.admitted.everywhere:
            found = [one for one in found if one.owner == request.admitted.owner]
        if found:
            await store.delete(conn, found)
    return Answer(204)


def _asked(request: Request, context: Context, query: Mapping[str, Any]) -> Asked:
    params, entities = bodies.read(query)
    selectors = tuple(queries.selector_of(entity, context) for entity in entities)
    shape = shapes.of(request, context, params)
    question = queries.question_of(request, context, params, selectors, shape)
    return replace(question, order=(), limit=AT_ONCE, offset=0, count=False), shape, params


def _asked_past(request: Request, context: Context, query: Mapping[str, Any]) -> AskedPast:
    params, entities = bodies.read(query, over_time=True)
    selectors = tuple(queries.selector_of(entity, context) for entity in entities)
    asked = temporal.asked_of(request, context, params)
    question = temporal.question_of(request, context, params, selectors, asked)
    return replace(question, descending=False, limit=questions.MOST, offset=0, count=False), params


def _lifetime(said: Mapping[str, Any]) -> float | None:
    if "snapshotLifetime" not in said:
        return None
    return duration(said["snapshotLifetime"], "snapshotLifetime")


async def _add(request: Request, exchange: Exchange, said: Mapping[str, Any]) -> Snapshot:
    made = model.new(request.tenant, request.admitted.owner, said, _lifetime(said))
    async with exchange.writing() as conn:
        if len(await store.snapshots(conn, request.tenant)) >= MOST_SNAPSHOTS:
            raise TooManyResults(f"There are {MOST_SNAPSHOTS} snapshots; delete some, or wait until they expire.")
        if not await store.add(conn, made):
            raise AlreadyExists(f"There is a snapshot {made.id} already.")
    return made


def _made(made: Snapshot) -> Answer:
    return Answer(201, headers=[("location", f"{BASE}/snapshots/{quote(made.id, safe=':')}")])


async def _found(request: Request, exchange: Exchange, context: Context, asked: Asked) -> AsyncIterator[list[Entity]]:
    """What a query finds here and at context sources, as much of it as is asked for, a batch at a time."""
    question, shape, params = asked
    found, _ = await distributed.ask(request, exchange, context, question, params)
    if not found.matches:
        async for batch in _here(exchange, question):
            yield [_shaped(entity, shape) for entity in batch]
        return
    is_more = True
    while is_more:
        async with exchange.reading() as conn:
            page = await distributed.page(conn, question, found)
        yield [_shaped(entity, shape) for entity in page.entities]
        question, is_more = replace(question, offset=question.offset + AT_ONCE), page.more


async def _past(
    request: Request, exchange: Exchange, context: Context, asked: AskedPast
) -> AsyncIterator[list[Entity]]:
    """The pasts that a query finds here and at context sources, some at a time."""
    question, params = asked
    terms = Terms(wanted=question.wanted)
    found, _ = await gathering.of_many(request, exchange, context, question, params, terms=terms)
    async for batch in gathering.everything(exchange, question, found):
        yield batch


async def _here(exchange: Exchange, question: Question) -> AsyncIterator[list[Entity]]:
    """What a query finds here, a batch at a time."""
    last: Key | None = None
    while True:
        async with exchange.reading() as conn:
            page = await questions.answer(conn, replace(question, after=last))
        yield page.entities
        if not page.more:
            return
        last = page.entities[-1].key


def _shaped(entity: Entity, shape: Shape) -> Entity:
    doc = {
        name: list(left)
        for name, instances in entity.doc.items()
        if shape.shows(name) and (left := shape.chosen(instances))
    }
    return replace(entity, doc=doc)


async def _fill(
    exchange: Exchange,
    made: Snapshot,
    found: Sequence[AsyncIterator[list[Entity]]],
    pasts: Sequence[AsyncIterator[list[Entity]]],
) -> None:
    """Copy what is found into a snapshot and say how it ended."""
    results = [await _copied(exchange, made, batches) for batches in found]
    of_pasts = [await _kept(exchange, made, batches) for batches in pasts]
    told = {"snapshotQueriesDetails": results} if results else {}
    told |= {"snapshotTemporalQueriesDetails": of_pasts} if of_pasts else {}
    await _finish(exchange, made, model.status([*results, *of_pasts]), told)


async def _clone(exchange: Exchange, made: Snapshot, original: Snapshot, found: AsyncIterator[list[Entity]]) -> None:
    """Copy a snapshot, its past too; a clone has its original's details."""
    copied = await _copied(exchange, made, found)
    status = model.status([copied])
    if status != "failure":
        async with exchange.writing() as conn:
            await copying.clone(conn, original.holds, made.holds)
    await _finish(exchange, made, "success" if status == "empty" else status, original.details)


async def _finish(exchange: Exchange, made: Snapshot, status: model.Status, details: Mapping[str, Any]) -> None:
    async with exchange.writing() as conn:
        await store.finish(conn, made, status, details)
        finished = await store.snapshot(conn, made.tenant, made.id)
    if finished is not None:
        await _tell(exchange, finished)


async def _copied(exchange: Exchange, made: Snapshot, batches: AsyncIterator[list[Entity]]) -> dict[str, Any]:
    copied = 0
    try:
        async for batch in batches:
            copied += len(batch)
            if copied > MOST:
                raise TooManyResults(f"A snapshot has at most {MOST} entities.")
            writes = [(Key(made.holds, one.key.path, one.key.id), edits.take(one)) for one in batch]
            await exchange.writer.write_all(writes)
    except Problem as problem:
        return model.result(copied, problem)
    return model.result(copied)


async def _kept(exchange: Exchange, made: Snapshot, batches: AsyncIterator[list[Entity]]) -> dict[str, Any]:
    """Keep pasts in a snapshot; what came of it."""
    kept = instances = 0
    try:
        async for batch in batches:
            kept += len(batch)
            async with exchange.writing() as conn:
                instances += await provision.keep(conn, made.holds, made.owner, batch)
            if kept > MOST or instances > MOST_INSTANCES:
                raise TooManyResults(
                    f"A snapshot has at most {MOST} entities and {MOST_INSTANCES} instances of the past."
                )
    except Problem as problem:
        return model.result(kept, problem)
    return model.result(kept)


async def _tell(exchange: Exchange, snapshot: Snapshot) -> None:
    """Tell a snapshot's endpoint how it stands (§5.16.6); who does not listen can still ask."""
    endpoint = snapshot.said.get("endpoint")
    if endpoint is None:
        return
    info = {pair["key"]: pair["value"] for pair in snapshot.said.get("receiverInfo", ())}
    try:
        await exchange.egress.post(
            endpoint, headers={"content-type": "application/json", **info}, body=orjson.dumps(snapshot.notification())
        )
    except Problem as problem:
        log.info("%s was not told of the snapshot %s: %s", endpoint, snapshot.id, problem)


async def _there(request: Request, exchange: Exchange, id_: str) -> Snapshot:
    async with exchange.reading() as conn:
        found = await store.snapshot(conn, request.tenant, names.uri(id_, "The snapshot's id"))
    if found is None:
        raise ResourceNotFound(f"There is no snapshot {id_}.")
    return found


async def _own(request: Request, exchange: Exchange, id_: str) -> Snapshot:
    found = await _there(request, exchange, id_)
    request.admitted.must_own(found.owner, "This snapshot")
    return found
