"""Types and attributes that sources have, beside those held here (CIM 009 §5.7.5 to §5.7.11)."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import reads
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted


class Known(msgspec.Struct, kw_only=True):
    """What is known of a type or of an attribute."""

    count: int = 0
    """Entities that have it."""
    kinds: set[str] = msgspec.field(default_factory=set)
    """Of an attribute: Property, Relationship, …"""
    beside: dict[str, "Known"] = msgspec.field(default_factory=dict)
    """Of a type: its attributes; of an attribute: the types it occurs in."""


Catalogue = dict[str, Known]
"""By IRI."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six operations."""

    operation: str
    """Its name in table 4.20-1."""
    collection: str
    """`types` or `attributes`."""
    name: str = ""
    """The one that is asked for, as an IRI; empty: all."""
    details: bool = False


async def extend(federation: Federation, origin: Origin, asked: Asked, known: Catalogue) -> None:
    """Add what sources know to what is known here."""
    is_type = asked.collection == "types"
    wanted = Wanted(
        entities=(Entities(of=frozenset({asked.name})),) if asked.name and is_type else (),
        attributes=frozenset({asked.name}) if asked.name and not is_type else frozenset(),
    )
    scope = reads.concerned(federation, origin, wanted, (asked.operation,))
    told = await federation.documents(origin, [(match.registration, _words(asked)) for match in scope.matches])
    for match, (document, context) in zip(scope.matches, told, strict=True):
        for name, one in _read(document, asked, context):
            if _may_tell(match, name, is_type=is_type):
                _add(known.setdefault(name, Known()), one)


def _words(asked: Asked) -> Callable[[Context], Call]:
    def words(context: Context) -> Call:
        path = f"/{asked.collection}" + (f"/{quote(context.compact(asked.name), safe='')}" if asked.name else "")
        return Call(method="GET", path=path, params=(("details", "true"),) if asked.details else ())

    return words


def _may_tell(match: Match, name: str, *, is_type: bool) -> bool:
    """Whether a source is registered for what it tells of."""
    offered = match.types() if is_type else match.attributes()
    return offered is None or name in offered


def _add(known: Known, more: Known) -> None:
    known.count += more.count
    known.kinds |= more.kinds
    for name, one in more.beside.items():
        _add(known.beside.setdefault(name, Known()), one)


def _read(document: Any, asked: Asked, context: Context) -> Iterator[tuple[str, Known]]:
    """What a source's answer says, whatever of it can be understood."""
    if isinstance(document, list):
        for one in document:
            if isinstance(one, dict):
                yield from _read(one, asked, context)
        return
    if not isinstance(document, dict):
        return
    for listed in _names(document.get("typeList")) | _names(document.get("attributeList")):
        yield context.expand(listed), Known()
    name = document.get("typeName", document.get("attributeName"))
    if not isinstance(name, str):
        return
    beside = {
        context.expand(one): Known()
        for one in _names(document.get("attributeNames")) | _names(document.get("typeNames"))
    }
    for one in document.get("attributeDetails") or ():
        if isinstance(one, dict) and isinstance(one.get("attributeName"), str):
            beside[context.expand(one["attributeName"])] = Known(kinds=_names(one.get("attributeTypes")))
    count = document.get("entityCount", document.get("attributeCount", 0))
    yield (
        context.expand(name),
        Known(
            count=count if isinstance(count, int) else 0, kinds=_names(document.get("attributeTypes")), beside=beside
        ),
    )


def _names(found: Any) -> set[str]:
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()
