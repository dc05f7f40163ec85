"""What a subscription to context sources asks, in the terms by which registrations are matched (CIM 009 §5.11.2.4, §5.12)."""

from typing import Any
from urllib.parse import unquote

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.query import q, scopes, temporal, types
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.sources.discovery import Discovery
from hiroba.exchange.broker.sources.matching import Entities, Wanted
from hiroba.exchange.broker.subscriptions.checking import place_of
from hiroba.exchange.broker.subscriptions.model import Stored


def asked(stored: Stored, context: Context) -> Discovery:
    """The registrations a subscription waits for; `context` says what the names in its filter mean."""
    document = stored.document
    expand = context.expand
    watched, told = document.watched_attributes, document.notification.attributes
    return Discovery(
        wanted=Wanted(
            tenant=stored.tenant,
            entities=tuple(
                Entities(ids=one.ids, pattern="" if one.ids else one.id_pattern, types=types.parse(one.type))
                for one in document.entities
            ),
            attributes=frozenset((*watched, *told)) if watched and told else frozenset(),
            datasets=frozenset("" if name == "@none" else name for name in document.dataset_id),
            scopes=scopes.parse(document.scope_q) if document.scope_q else None,
            place=place_of(document.geo_q) if document.geo_q is not None else None,
            time=_time(document.temporal_q) if document.temporal_q is not None else None,
            stated=True,
        ),
        csf=resolve(q.parse(unquote(document.csf), "csf"), expand, expand) if document.csf else None,
    )


def _time(said: dict[str, Any]) -> temporal.Temporal:
    return temporal.parse(
        said["timerel"], said["timeAt"], said.get("endTimeAt", ""), said.get("timeproperty", "observedAt")
    )
