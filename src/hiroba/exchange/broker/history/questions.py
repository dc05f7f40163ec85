"""Questions about the past: which entities, which of their instances, a page of them (CIM 009 §5.7.3, §5.7.4)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.broker import people
from hiroba.exchange.broker.access import Sight
from hiroba.exchange.broker.errors import TooManyResults
from hiroba.exchange.broker.history.model import SCOPE
from hiroba.exchange.broker.history.store import reading
from hiroba.exchange.broker.history.store.reading import Head, Rows, Slice, Through
from hiroba.exchange.broker.model import HOME, Key
from hiroba.exchange.broker.query import geo
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.names import attributes
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.temporal import Temporal
from hiroba.exchange.broker.query.tree import Query
from hiroba.exchange.broker.questions import MOST, Selector, selected

TimeProperty = Literal["", "observedAt", "createdAt", "modifiedAt", "deletedAt"]
_TIMES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "": (("h.observed", "h.observed is not null"), ("h.at", "h.observed is null")),
    "observedAt": (("h.observed", "h.observed is not null"),),
    "createdAt": (("h.created", "true"),),
    "modifiedAt": (("coalesce(h.modified, h.at)", "true"),),
    "deletedAt": (("h.deleted", "h.deleted is not null"),),
}
"""What the time of an instance is, by the temporal property that is asked for; without one, whichever it has."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """When, and by which of the times an instance has; empty bounds are open."""

    timeproperty: TimeProperty = ""
    start: datetime | None = None
    end: datetime | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which instances of the entities that are chosen."""

    period: Period = Period()
    names: frozenset[str] | None = None
    """Only these attributes (IRIs, or `scope`); None: all."""
    omitted: frozenset[str] = frozenset()
    datasets: frozenset[str] | None = None
    last: int | None = None


class PastQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question about entities over time; every name in it is an IRI."""

    tenant: str = HOME
    sight: Sight | None = None
    """Through what the past of people is seen; None: only what is nobody's is."""
    ids: tuple[str, ...] | None = None
    """Only these entities, whatever else is asked."""
    selectors: tuple[Selector, ...] = ()
    having: frozenset[str] | None = None
    """At least one of these attributes has an instance in the period."""
    q: Query | None = None
    scopes: Scopes | None = None
    place: geo.Geo | None = None
    wanted: Wanted = Wanted()
    limit: int = 20
    offset: int = 0
    count: bool = False
    descending: bool = False


class PastPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entities, how many there are where it was asked for."""

    heads: list[Head]
    count: int | None = None


async def entities(conn: Connection, question: PastQuestion) -> PastPage:
    """The entities a question selects, by id."""
    compiler = Compiler(alias="v")
    through = _through(compiler, question)
    where, ranges = _where(compiler, question, through)
    if question.place is not None:
        return await _placed(conn, question, compiler, where, ranges=ranges, through=through)
    count = await reading.count(conn, where, compiler.values, through) if question.count else None
    if question.limit == 0:
        return PastPage(heads=[], count=count)
    found = await reading.heads(
        conn,
        where,
        compiler.values,
        through=through,
        ranges=ranges,
        limit=question.limit,
        offset=question.offset,
        down=question.descending,
    )
    return PastPage(heads=found, count=count)


async def matching(conn: Connection, question: PastQuestion) -> list[Key]:
    """Every entity a question selects."""
    found = await entities(conn, msgspec.structs.replace(question, limit=MOST + 1, offset=0, count=False))
    if len(found.heads) > MOST:
        raise TooManyResults(f"More than {MOST} entities come into question; narrow it by type, time or q.")
    return [head.key for head in found.heads]


async def head(conn: Connection, key: Key, sight: Sight | None) -> Head | None:
    """One entity over time as a caller sees it, or None where there is nothing to see."""
    if sight is None:
        return await reading.head_of(conn, key)
    found = await entities(conn, PastQuestion(tenant=key.tenant, sight=sight, ids=(key.id,), limit=1))
    return found.heads[0] if found.heads else None


async def people_of(conn: Connection, question: PastQuestion) -> set[str]:
    """Everybody of whose past something is selected, however many pages that is."""
    found = await entities(conn, msgspec.structs.replace(question, limit=MOST + 1, offset=0, count=False))
    if len(found.heads) > MOST:
        raise TooManyResults(f"More than {MOST} entities come into question; narrow it by type, time or q.")
    return {head.subject for head in found.heads if head.subject is not None}


async def instances(conn: Connection, heads: list[Head], wanted: Wanted, most: int, sight: Sight | None = None) -> Rows:
    """The instances of these entities, a page of at most about `most`."""
    rows = await reading.instances(conn, heads, slice_of(wanted, sight), most)
    scoped = [head for head in heads if head.ranges is not None]
    start = wanted.period.start
    if scoped and start is not None and SCOPE not in wanted.omitted and (wanted.names is None or SCOPE in wanted.names):
        # the scope that holds when the period begins is part of what was asked for, whenever it was set (C.5.16)
        before = await reading.scopes_at(conn, scoped, start, SCOPE)
        rows = Rows([*before, *rows.rows], rows.named | {(row.key, row.name) for row in before}, partial=rows.partial)
    return rows


def slice_of(wanted: Wanted, sight: Sight | None = None) -> Slice:
    """What is wanted as conditions."""
    compiler = Compiler()
    value, bound = "h.value", ""
    if sight is not None:
        value = sight.table(sight.value, compiler.bind)
        # statements that do not look at values bind what values need all the same, and PostgreSQL wants to see it
        bound = f"cardinality(array[{', '.join(f'${n + 1}::text' for n in range(len(compiler.values)))}]) > 0 and "
    where = f"{bound}{_during(wanted.period, compiler.bind)}{_in_datasets(wanted.datasets, compiler.bind)}"
    return Slice(
        branches=_TIMES[wanted.period.timeproperty],
        where=where,
        values=tuple(compiler.values),
        names=None if wanted.names is None else tuple(sorted(wanted.names)),
        omitted=tuple(sorted(wanted.omitted)),
        last=wanted.last,
        value=value,
    )


async def _placed(
    conn: Connection, question: PastQuestion, compiler: Compiler, where: str, *, ranges: str, through: Through
) -> PastPage:
    """Where a place decides: the geometries of every candidate are looked at, then the page is cut."""
    place = question.place
    candidates = await reading.heads(
        conn, where, compiler.values, through=through, ranges=ranges, limit=MOST + 1, down=question.descending
    )
    if len(candidates) > MOST or place is None:
        raise TooManyResults(f"More than {MOST} entities come into question; narrow it by type, time or q.")
    seen: set[Key] = set()
    wanted = Wanted(period=question.wanted.period, names=frozenset({place.geoproperty}))
    for key, geometry in await reading.values(conn, candidates, slice_of(wanted), MOST):
        if key not in seen and place.refine(geometry):
            seen.add(key)
    matching = [head for head in candidates if head.key in seen]
    page = matching[question.offset : question.offset + question.limit]
    return PastPage(heads=page, count=len(matching) if question.count else None)


def _during(period: Period, bind: Callable[[Any, str], str]) -> str:
    if period.start is None and period.end is None:
        return "true"
    return Temporal(period.start, period.end).sql("{time}", bind)


def _in_datasets(datasets: frozenset[str] | None, bind: Callable[[Any, str], str]) -> str:
    return "" if datasets is None else f" and h.dataset = any({bind(sorted(datasets), 'text[]')})"


def _through(compiler: Compiler, question: PastQuestion) -> Through:
    """Through what the statement of a question reads."""
    if question.sight is None:
        return reading.TABLES
    whose = None
    if question.ids is not None:
        whose = {key for id_ in question.ids if (key := people.key_of(id_)) is not None}
    elif question.selectors and all(one.ids for one in question.selectors):
        whose = {key for one in question.selectors for id_ in one.ids if (key := people.key_of(id_)) is not None}
    return reading.through(question.sight, compiler.bind, whose)


def _where(compiler: Compiler, question: PastQuestion, through: Through) -> tuple[str, str]:
    """The condition on a row `v` of evolutions, and when its scopes were those that are asked for."""
    bind = compiler.bind
    conditions = [f"v.tenant = {bind(question.tenant, 'text')}"]
    if question.ids is not None:
        conditions.append(f"v.id = any({bind(list(question.ids), 'text[]')})")
    if question.selectors:
        conditions.append(f"({' or '.join(selected(compiler, selector) for selector in question.selectors)})")
    if question.having is not None:
        conditions.append(f"v.names && {bind(sorted(question.having), 'text[]')}")
    named = f" and h.name = any({bind(sorted(question.having), 'text[]')})" if question.having is not None else ""
    during = " or ".join(
        f"({present} and {_during(question.wanted.period, bind).format(time=time)})"
        for time, present in _TIMES[question.wanted.period.timeproperty]
    )
    ranges = "null"
    if question.scopes is not None:
        ranges = _ranges(compiler, question.scopes, through)
        during = " or ".join(
            f"({during}) and {time} <@ ({ranges})" for time, _ in _TIMES[question.wanted.period.timeproperty]
        )
    conditions.append(reading.exists(f"({during}){named}{_in_datasets(question.wanted.datasets, bind)}", through))
    if question.q is not None:
        inner = Compiler(alias="d", start=compiler.start + len(compiler.values), links=0)
        condition = inner.query(question.q)
        compiler.values += inner.values
        names = bind(sorted(attributes(question.q)), "text[]")
        conditions.append(reading.fulfils(f"({during}) and h.name = any({names})", condition, through))
    return " and ".join(conditions), ranges


def _ranges(compiler: Compiler, scopes: Scopes, through: Through) -> str:
    inner = Compiler(alias="x", start=compiler.start + len(compiler.values))
    condition = inner.scopes(scopes)
    compiler.values += inner.values
    return reading.in_scopes(condition, SCOPE, through)
