"""A subscription's document as it arrives → `Subscription`: types checked, names expanded (CIM 009 §5.2.12, §5.8.1, §5.8.2)."""

import math
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import NULL
from hiroba.exchange.broker.query import projection, q, types
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.tree import Like, Path, Query
from hiroba.exchange.broker.query.write import write
from hiroba.exchange.broker.subscriptions.checking import LONGEST_INTERVAL, check, words
from hiroba.exchange.broker.subscriptions.model import EntitySelector, Subscription
from hiroba.exchange.broker.subscriptions.rendering import form

MOST: Final = 1000
"""Items of one list in a subscription."""
FOLLOWED: Final = 20
"""Relationships that the q of a periodic subscription may follow one after another."""
_LISTS: Final = ("entities", "watchedAttributes", "notificationTrigger", "datasetId")
_NOTIFICATION_LISTS: Final = ("attributes", "pick", "omit")


class Read(NamedTuple):
    """What was read: the document, its `q` with IRIs for names, and when it ends."""

    document: Subscription
    question: str
    expires: datetime | None


def created(document: Any, context: Context, now: datetime) -> Read:
    """A subscription to be made (§5.8.1); it may still lack an id."""
    said = _members(document)
    if "type" not in said:
        raise BadRequestData('A subscription says its type: "Subscription".')
    nothing = next((name for name, value in said.items() if value is None or value == NULL), None)
    if nothing is not None:
        raise BadRequestData(f"{nothing} is null; there is nothing to delete yet.")
    return _read(said, said.keys(), "", context, now)


def patched(before: Subscription, question: str, fragment: Any, context: Context, now: datetime) -> Read:
    """The subscription after a fragment's members replaced its own; null ones go (§5.8.2, §5.5.8)."""
    said = _members(fragment)
    if said.get("id", before.id) != before.id:
        raise BadRequestData(f"The id of a subscription stays {before.id}.")
    merged: dict[str, Any] = {"type": "Subscription", **msgspec.to_builtins(before)}
    for name, value in said.items():
        if value is None or value == NULL:
            merged.pop(name, None)
        else:
            merged[name] = value
    return _read(merged, said.keys(), "" if "q" in said else question, context, now)


def _members(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or not document:
        raise BadRequestData("A subscription is a JSON object with at least one member.")
    said = {name: value for name, value in document.items() if name not in {"@context", "sentWith"}}
    for keyword, name in (("@id", "id"), ("@type", "type")):
        if keyword in said:
            said[name] = said.pop(keyword)
    return said


def _read(said: dict[str, Any], fresh: Collection[str], question: str, context: Context, now: datetime) -> Read:
    """Check the whole, expand what is `fresh` by this request's context."""
    if said.get("type") != "Subscription":
        raise BadRequestData(f'type is "Subscription", not {show(said.get("type"))}.')
    if "id" in said:
        names.uri(said["id"], "The subscription's id")
    _must_hold_something(said)
    try:
        document = msgspec.convert(said, Subscription)
    except msgspec.ValidationError as error:
        raise BadRequestData(f"The subscription is not as it should be: {error}.") from error
    document = _expanded(document, fresh, context)
    if document.q and (not question or "expandValues" in fresh):
        asked = q.parse(unquote(document.q))
        expand_values = frozenset(words(document.expand_values, "expandValues"))
        question = _question(resolve(asked, context.expand, context.expand, expand_values))
    check(document)
    form(document, context)
    if document.time_interval:
        _must_be_answerable(document, question)
    expires = names.moment(document.expires_at, "expiresAt") if document.expires_at else None
    if "expiresAt" in fresh and expires is not None and expires <= now:
        raise BadRequestData(f"expiresAt is a moment to come; {document.expires_at} is over.")
    return Read(document, question if document.q else "", expires)


def _question(asked: Query) -> str:
    """A query with IRIs for names as it is kept: text that is read as the same query again."""
    text = write(asked)
    if q.parse(text) != asked:
        raise BadRequestData("q: the IRIs of its names hold signs of the query language.")
    return text


def _must_be_answerable(document: Subscription, question: str) -> None:
    """Nothing, or the problem that stored entities cannot be asked this, as the clock will have to."""
    compiler = Compiler(links=FOLLOWED)
    if document.q:
        compiler.query(q.parse(question))
    for selector in document.entities:
        if selector.id_pattern:
            compiler.query(Like(Path(("id",)), selector.id_pattern))


def _must_hold_something(said: dict[str, Any]) -> None:
    """Nothing, or the problem of a list or text that is there but empty, or longer than anybody needs."""
    notification = said.get("notification")
    inner = notification if isinstance(notification, dict) else {}
    for name, value in [
        *((name, said.get(name)) for name in _LISTS),
        *((name, inner.get(name)) for name in _NOTIFICATION_LISTS),
    ]:
        if value == []:
            raise BadRequestData(f"{name} is a list with at least one item.")
        if isinstance(value, list) and len(value) > MOST:
            raise BadRequestData(f"{name} has at most {MOST} items.")
    for name in ("q", "csf", "scopeQ", "lang", "jsonldContext", "expiresAt", "ngsildConformance"):
        if said.get(name) == "":
            raise BadRequestData(f"{name} is empty; leave it out.")
    for name in ("throttling", "timeInterval"):
        _positive(said.get(name), name)
    _positive(inner.get("joinLevel"), "joinLevel")
    endpoint = inner.get("endpoint")
    for name in ("cooldown", "timeout"):
        _positive(endpoint.get(name) if isinstance(endpoint, dict) else None, name)


def _positive(value: Any, name: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not (math.isfinite(value) and 0 < value <= LONGEST_INTERVAL * 1000):
        raise BadRequestData(f"{name} is a number greater than 0, not {show(value)}.")


def _expanded(document: Subscription, fresh: Collection[str], context: Context) -> Subscription:
    """The document with IRIs for the names in its fresh members."""
    changes: dict[str, Any] = {}
    if "entities" in fresh:
        changes["entities"] = tuple(_selector(one, context) for one in document.entities)
    if "watchedAttributes" in fresh:
        changes["watched_attributes"] = tuple(
            dict.fromkeys(names.iri(context, name, "watchedAttributes") for name in document.watched_attributes)
        )
    if "geoQ" in fresh and document.geo_q is not None and document.geo_q.geoproperty:
        geoproperty = names.iri(context, document.geo_q.geoproperty, "geoQ.geoproperty")
        changes["geo_q"] = msgspec.structs.replace(document.geo_q, geoproperty=geoproperty)
    if "notification" in fresh:
        params = document.notification
        changes["notification"] = msgspec.structs.replace(
            params,
            attributes=_projected(params.attributes, "notification.attributes", context.expand, nested=False),
            pick=_projected(params.pick, "notification.pick", context.expand),
            omit=_projected(params.omit, "notification.omit", context.expand),
        )
    return msgspec.structs.replace(document, **changes) if changes else document


def _selector(selector: EntitySelector, context: Context) -> EntitySelector:
    selected = types.parse(selector.type, "entities.type").resolve(context.expand)
    if types.parse(str(selected), "entities.type") != selected:
        raise BadRequestData(f"entities.type: the IRIs of {show(selector.type)} hold signs of the selection language.")
    return msgspec.structs.replace(selector, type=str(selected))


def _projected(
    chosen: tuple[str, ...], where: str, attribute: Callable[[str], str], *, nested: bool = True
) -> tuple[str, ...]:
    if not chosen:
        return ()
    parsed = projection.parse(",".join(chosen), where, nested=nested)
    resolved = projection.resolve(parsed, attribute)
    written = tuple(map(str, resolved))
    if projection.parse(",".join(written), where) != resolved:
        raise BadRequestData(f"{where}: the IRIs of its names hold signs of the projection language.")
    return written
