"""What of a subscription a context source gets: reduced to what it is registered for, in its words (CIM 009 §5.8.1.4). Pure."""

import hashlib
from typing import Any, Final

import msgspec
from msgspec import UNSET

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import narrowing
from hiroba.exchange.broker.query import projection, q, types
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.projection import Chosen
from hiroba.exchange.broker.query.write import write
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.matching import Match
from hiroba.exchange.broker.subscriptions import writing
from hiroba.exchange.broker.subscriptions.model import (
    Endpoint,
    EntitySelector,
    NotificationParams,
    Stored,
    Subscription,
)

HEAD: Final = frozenset({"id", "type", "scope"})


def selectors(document: Subscription) -> tuple[Selector, ...]:
    """Which entities a subscription is about; none: those with its watched attributes."""
    return tuple(
        Selector(ids=one.ids, pattern="" if one.ids else one.id_pattern, types=types.parse(one.type))
        for one in document.entities
    )


def reduced(stored: Stored, match: Match, receiver: str) -> Stored | None:
    """The copy for a source, told to notify `receiver`; None where it would watch nothing that the source has.

    What the subscriber is to see is settled here, so that every source is asked for the normalized form, which all of them
    know (§4.3.6.1): format, language, joins and the like stay behind, and so do its name and whom it is for.
    """
    document = stored.document
    registration = match.registration
    watched = frozenset(document.watched_attributes)
    share = match.attributes(watched)
    chosen = narrowing.selectors(match, selectors(document))
    if not chosen or (share is not None and not share):
        return None
    is_split = document.split_entities is True
    datasets = _datasets(document, registration.datasets)
    if datasets == ():
        return None
    wanted = document.notification
    copy = Subscription(
        id=document.id,
        entities=() if chosen == (Selector(),) and share else tuple(map(_selector, chosen)),
        watched_attributes=() if document.time_interval else tuple(sorted(share or ())),
        notification_trigger=document.notification_trigger,
        q="" if is_split else document.q,
        geo_q=None if is_split else document.geo_q,
        scope_q="" if is_split else document.scope_q,
        dataset_id=datasets or (),
        is_active=document.is_active,
        local_only=registration.management.local_only or UNSET,
        split_entities=document.split_entities,
        expires_at=document.expires_at,
        throttling=document.throttling,
        time_interval=document.time_interval,
        notification=NotificationParams(
            endpoint=Endpoint(uri=receiver, accept="application/json"),
            attributes=_told(wanted, match, is_split=is_split),
            show_changes=wanted.show_changes,
            sys_attrs=True if is_split else wanted.sys_attrs,
        ),
    )
    return msgspec.structs.replace(stored, document=copy, question=stored.question if copy.q else "", via="")


def _selector(one: Selector) -> EntitySelector:
    ids = one.ids[0] if len(one.ids) == 1 else one.ids
    return EntitySelector(type=str(one.types), id=ids or "", id_pattern=one.pattern)


def _datasets(document: Subscription, registered: frozenset[str]) -> tuple[str, ...] | None:
    """The datasets both speak of; None: all; (): none."""
    asked = frozenset("" if name == "@none" else name for name in document.dataset_id)
    if not asked and not registered:
        return None
    both = asked & registered if asked and registered else asked or registered
    return tuple(sorted(name or "@none" for name in both))


def _told(wanted: NotificationParams, match: Match, *, is_split: bool) -> tuple[str, ...]:
    """The attributes a notification is to have, never more than the source is registered for; (): all.

    Of a split entity all that the source has, since its conditions are looked at here.
    """
    chosen = () if is_split else wanted.attributes or wanted.pick
    named = projection.parse(",".join(chosen)) if chosen else ()
    share = match.attributes(frozenset(one.name for one in named) - HEAD)
    if share is not None and not share:
        share = match.attributes()  # nothing of it is to be seen, but its changes are to be told
    return tuple(str(Chosen(name)) for name in sorted(share or ()))


def digest(copy: Stored) -> bytes:
    """The same for copies that say the same."""
    return hashlib.sha256(msgspec.json.encode((copy.document, copy.question))).digest()


def words(copy: Stored, id_: str, context: Context) -> dict[str, Any]:
    """The document of a copy as its source reads it, by the names of this context."""
    document = writing.write(copy, None, context, copy.created, triggers=())
    del document["status"]
    if copy.question:
        document["q"] = write(resolve(q.parse(copy.question), context.compact, context.compact))
    return document | {"id": id_}
