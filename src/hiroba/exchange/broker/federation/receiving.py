"""What sources answer, as entities: checked like everything from outside (CIM 009 §6.3.17).

What cannot be read is left out, with a warning.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import foreign, names
from hiroba.exchange.broker.documents.reading import check_depth
from hiroba.exchange.broker.federation import warnings
from hiroba.exchange.broker.federation.calls import Reply
from hiroba.exchange.broker.federation.warnings import Warned
from hiroba.exchange.broker.model import Entity, Fragment, Key
from hiroba.exchange.broker.sources.model import Mode

Read = Callable[[Any, Context], Fragment]
"""A document and its context → what it says."""
NOT_FOUND: Final = 404
LOOP: Final = 508


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The entities of one source, and how far they can be believed."""

    registration: str
    mode: Mode
    entities: tuple[Entity, ...] = ()
    warned: tuple[Warned, ...] = ()
    passed_on: tuple[str, ...] = ()
    """Warnings the source itself gave, of sources behind it."""


def received(
    reply: Reply, tenant: str, contexts: Iterable[tuple[Any, Context]], read: Read = foreign.entity
) -> Received:
    """What a source says; `contexts` has each document with the context it is to be read by."""
    registration = reply.registration
    entities: list[Entity] = []
    warned = list(_warnings(reply))
    for document, context in contexts:
        try:
            check_depth(document)
            entities.append(_entity(document, tenant, read(document, context)))
        except Problem as problem:
            warned.append(Warned(warnings.INVALID, registration.id, problem.detail or "an entity cannot be read"))
    passed_on = reply.headers.get(warnings.HEADER)
    return Received(
        registration=registration.id,
        mode=registration.mode,
        entities=tuple(entities),
        warned=tuple(warned),
        passed_on=(passed_on,) if passed_on else (),
    )


def documents(reply: Reply) -> list[Any]:
    """The entities in an answer, one or a list of them, not yet read."""
    if not reply.is_fine or reply.document is None:
        return []
    return reply.document if isinstance(reply.document, list) else [reply.document]


def _warnings(reply: Reply) -> Iterator[Warned]:
    """What a reader must know of this answer (table 6.3.17-1)."""
    about = reply.registration.id
    if reply.stale:
        yield Warned(warnings.STALE, about, "kept from an earlier answer")
    elif reply.trouble == "invalid" or (reply.is_fine and reply.document is None):
        yield Warned(warnings.INVALID, about, reply.detail or "the answer holds no entity")
    elif reply.trouble == "kept back":
        yield Warned(warnings.REFUSED, about, reply.detail)
    elif reply.trouble:
        yield Warned(warnings.UNANSWERED, about, reply.detail)
    elif reply.status == LOOP:
        yield Warned(warnings.UNANSWERED, about, "the way leads back to where it came from")
    elif not reply.is_fine and reply.status != NOT_FOUND:
        yield Warned(warnings.REFUSED, about, f"the source answered {reply.status}")


def _entity(document: Any, tenant: str, fragment: Fragment) -> Entity:
    now = clock.now()
    created = names.moment(document["createdAt"], "createdAt") if "createdAt" in document else now
    modified = names.moment(document["modifiedAt"], "modifiedAt") if "modifiedAt" in document else created
    return Entity(
        key=Key(tenant, "", fragment.id),
        types=fragment.types,
        doc=fragment.doc,
        scopes=fragment.scopes or (),
        created=created,
        modified=modified,
        expires=fragment.expires,
    )
