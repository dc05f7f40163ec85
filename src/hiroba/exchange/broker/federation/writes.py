"""A write of one entity, distributed: to whom each part of it belongs, and what became of all (CIM 009 §5.6)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import evolution_writing, writing
from hiroba.exchange.broker.edits import Change
from hiroba.exchange.broker.errors import ResourceNotFound
from hiroba.exchange.broker.federation import outcomes
from hiroba.exchange.broker.federation.federation import Federation
from hiroba.exchange.broker.federation.forwarding import Call, entity_path
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.federation.outcomes import Leg
from hiroba.exchange.broker.federation.splitting import Attributes, Part, split
from hiroba.exchange.broker.model import Fragment, Instance, dataset
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.sources.matching import Entities, Wanted
from hiroba.exchange.broker.sources.model import Registration

_OF_FRAGMENT: Final = {
    "createEntity": ("POST", ()),
    "replaceEntity": ("PUT", ("",)),
    "mergeEntity": ("PATCH", ("",)),
    "appendAttrs": ("POST", ("", "attrs/")),
    "updateEntity": ("PATCH", ("", "attrs/")),
    "upsertTemporal": ("POST", ()),
    "appendAttrsTemporal": ("POST", ("", "attrs/")),
}
"""Operations whose body is an entity or a fragment of one: method, and whether the path names the entity and what of it."""
_OF_ATTRIBUTE: Final = {"updateAttrs": "PATCH", "replaceAttrs": "PUT", "deleteAttrs": "DELETE"}


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A write as the federation sees it."""

    operation: str
    """Its name in table 4.20-1."""
    id: str
    types: Types = Types()
    """The types the caller says the entity has to be of."""
    of: frozenset[str] = frozenset()
    """The types it has, where they are known."""
    attributes: Attributes
    past: bool = False
    """Whether the past is written, which sources of the present have no part in and those of the past have."""
    call: Callable[[Registration, Attributes, Context], Call]
    """The part of it with these attributes, for a source, in the words of a context."""


def of_fragment(operation: str, id_: str, fragment: Fragment, params: tuple[tuple[str, str], ...] = ()) -> Write:
    """The write of an entity or of attributes of it."""
    method, path = _OF_FRAGMENT[operation]

    def call(registration: Registration, attributes: Attributes, context: Context) -> Call:
        document = writing.fragment(reduced(fragment, attributes, registration.datasets), context)
        where = "/entities" if not path else entity_path(id_) + "".join(f"/{part}" for part in path if part)
        return Call(method=method, path=where, params=params, document=document)

    return Write(
        operation=operation, id=id_, of=frozenset(fragment.types), attributes=frozenset(fragment.doc), call=call
    )  # fmt: skip


def of_attribute(
    operation: Literal["updateAttrs", "replaceAttrs", "deleteAttrs"],
    id_: str,
    name: str,
    instances: list[Instance] | None = None,
    *,
    params: tuple[tuple[str, str], ...] = (),
) -> Write:
    """The write of one attribute; `instances` None: it has no body."""

    def call(registration: Registration, attributes: Attributes, context: Context) -> Call:
        del registration, attributes
        document: Any = None if instances is None else writing.attribute(instances, context)
        short = name if name == "scope" else context.compact(name)
        return Call(
            method=_OF_ATTRIBUTE[operation], path=entity_path(id_, "attrs", short), params=params, document=document
        )

    return Write(operation=operation, id=id_, attributes=frozenset({name}), call=call)


def of_entity(id_: str, params: tuple[tuple[str, str], ...] = ()) -> Write:
    """The deletion of an entity."""

    def call(registration: Registration, attributes: Attributes, context: Context) -> Call:
        del registration, attributes, context
        return Call(method="DELETE", path=entity_path(id_), params=params)

    return Write(operation="deleteEntity", id=id_, attributes=None, call=call)


def of_evolution(operation: Literal["upsertTemporal", "appendAttrsTemporal"], id_: str, fragment: Fragment) -> Write:
    """What is added to the past of an entity (§5.6.11, §5.6.12)."""
    method, path = _OF_FRAGMENT[operation]

    def call(registration: Registration, attributes: Attributes, context: Context) -> Call:
        document = evolution_writing.fragment(reduced(fragment, attributes, registration.datasets), context)
        where = entity_path(id_, "attrs/") if path else "/entities"
        return Call(method=method, path=f"/temporal{where}", document=document)

    return Write(
        operation=operation,
        id=id_,
        of=frozenset(fragment.types),
        attributes=frozenset(fragment.doc),
        past=True,
        call=call,
    )


def of_past(
    operation: Literal[
        "deleteTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal", "deleteAttrInstanceTemporal"
    ],
    id_: str,
    name: str = "",
    instance: str = "",
    *,
    stored: Instance | None = None,
    params: tuple[tuple[str, str], ...] = (),
) -> Write:
    """What is corrected or deleted of the past of an entity (§5.6.13 to §5.6.16)."""

    def call(registration: Registration, attributes: Attributes, context: Context) -> Call:
        del registration, attributes
        short = name if name == "scope" else context.compact(name)
        parts = [part for part in (short, instance) if part]
        return Call(
            method="DELETE" if stored is None else "PATCH",
            path=f"/temporal{entity_path(id_, *(['attrs', *parts] if parts else []))}",
            params=params,
            document=None if stored is None else {short: [evolution_writing.told(stored, context, name)]},
        )

    attributes = frozenset({name}) if name else None
    return Write(operation=operation, id=id_, attributes=attributes, past=True, call=call)


def reduced(fragment: Fragment, attributes: Attributes, datasets: frozenset[str] = frozenset()) -> Fragment:
    """The fragment with these attributes alone, and of these datasets where any are named."""
    if not datasets and (attributes is None or attributes.issuperset(fragment.doc)):
        return fragment
    doc = {name: instances for name, instances in fragment.doc.items() if attributes is None or name in attributes}
    if datasets:
        doc = {
            name: kept for name, parts in doc.items() if (kept := [one for one in parts if dataset(one) in datasets])
        }
    return msgspec.structs.replace(fragment, doc=doc)


async def distribute(
    federation: Federation, origin: Origin, write: Write, here: Callable[[Attributes], Awaitable[Change]]
) -> list[Leg]:
    """Do each part of a write where it belongs; `here` writes what is to be written in this broker."""
    entities = Entities(ids=(write.id,), types=write.types, of=write.of)
    wanted = Wanted(entities=(entities,), attributes=write.attributes or frozenset(), past=write.past)
    matches = federation.concerned(origin, wanted)
    if not matches:
        return [outcomes.of_change(await here(write.attributes))]
    federation.must_not_have_come_back(origin)
    plan = split(matches, write.attributes, (write.operation,), federation.avoided(origin))
    asked = [part for part in plan.parts if part.fate == "asked"]
    is_here = plan.is_here or write.attributes is None
    replies, local = await asyncio.gather(
        federation.ask(origin, [(part.registration, _words(write, part)) for part in asked]),
        _here(here, plan.here) if is_here else _nowhere(),
    )
    legs = [leg for part in plan.parts if (leg := outcomes.of_part(part)) is not None]
    legs += [
        leg for part, reply in zip(asked, replies, strict=True) if (leg := outcomes.of_reply(part, reply)) is not None
    ]
    is_held_elsewhere = write.attributes is None and any(part.is_proxied for part in plan.parts)
    if local is not None and not (is_held_elsewhere and isinstance(local.problem, ResourceNotFound)):
        legs.append(local)
    return legs


def _words(write: Write, part: Part) -> Callable[[Context], Call]:
    return lambda context: write.call(part.registration, part.attributes, context)


async def _here(here: Callable[[Attributes], Awaitable[Change]], attributes: Attributes) -> Leg:
    try:
        return outcomes.of_change(await here(attributes))
    except Problem as problem:
        return outcomes.of_problem(problem, attributes or ())


async def _nowhere() -> None:
    return None
