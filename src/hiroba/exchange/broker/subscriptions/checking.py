"""The restrictions of a subscription's document: one problem each, with what would be right (CIM 009 Table 5.2.12-1)."""

from re import compile as regular
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import re2

from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.documents.projecting import depth
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.linked import DEEPEST
from hiroba.exchange.broker.query import geo, projection, q, scopes, temporal
from hiroba.exchange.broker.query.patterns import LONGEST, compiled
from hiroba.exchange.broker.subscriptions.model import (
    Endpoint,
    EntitySelector,
    GeoQuery,
    NotificationParams,
    Pair,
    Subscription,
)

LONGEST_INTERVAL: Final = 10 * 366 * 86_400
"""Seconds of the longest throttling or interval: ten years."""
ENTITY_HEAD: Final = frozenset({"id", "type", "scope"})
_VERSION: Final = regular(r"\d{1,4}\.\d{1,4}")
_HEADER: Final = regular(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}")
_CONTROL: Final = regular(r"[\x00-\x08\x0a-\x1f\x7f]")
_MQTT: Final = {"MQTT-QoS": ("0", "1", "2"), "MQTT-Version": ("mqtt3.1.1", "mqtt5.0")}


def check(document: Subscription) -> None:
    """Nothing, or the problem of a restriction that is not met (Table 5.2.12-1)."""
    _check_times(document)
    _check_queries(document)
    for selector in document.entities:
        _check_selector(selector)
    for dataset in document.dataset_id:
        if dataset != "@none":
            names.uri(dataset, "datasetId")
    if document.ngsild_conformance and not _VERSION.fullmatch(document.ngsild_conformance):
        raise BadRequestData(f"ngsildConformance is like 1.6, not {show(document.ngsild_conformance)}.")
    if document.jsonld_context:
        names.uri(document.jsonld_context, "jsonldContext")
    _check_notification(document.notification)


def _check_times(document: Subscription) -> None:
    is_local = document.local_only is True
    if not document.entities and not document.watched_attributes and not is_local:
        raise BadRequestData("A subscription has entities or watchedAttributes, or says localOnly.")
    if document.time_interval:
        if document.watched_attributes or document.throttling:
            raise BadRequestData("A subscription with timeInterval has neither watchedAttributes nor throttling.")
        if not document.entities and not is_local:
            raise BadRequestData("A subscription with timeInterval says which entities.")
    for name, seconds in (("throttling", document.throttling), ("timeInterval", document.time_interval)):
        if seconds > LONGEST_INTERVAL:
            raise BadRequestData(f"{name} is at most {LONGEST_INTERVAL} seconds.")


def _check_queries(document: Subscription) -> None:
    if document.geo_q is not None:
        place_of(document.geo_q)
    if document.scope_q:
        scopes.parse(document.scope_q)
    if document.csf:
        q.parse(unquote(document.csf), "csf")
    if document.temporal_q is not None:
        _check_temporal(document.temporal_q)
    words(document.expand_values, "expandValues")
    words(document.json_keys, "jsonKeys")


def _check_selector(selector: EntitySelector) -> None:
    for id_ in selector.ids:
        names.uri(id_, "entities.id")
    if len(selector.id_pattern) > LONGEST:
        raise BadRequestData(f"idPattern has at most {LONGEST} characters.")
    try:
        compiled(selector.id_pattern)
    except re2.error as error:
        raise BadRequestData(f"idPattern is no regular expression that is taken: {error}.") from error


def place_of(asked: GeoQuery) -> geo.Geo:
    """The place a geoquery asks about; its geoproperty is an IRI, or the default one."""
    return geo.parse(asked.georel, asked.geometry, asked.coordinates, asked.geoproperty or geo.LOCATION)


def _check_temporal(asked: dict[str, Any]) -> None:
    given = {name: asked.get(name, "") for name in ("timerel", "timeAt", "endTimeAt")}
    given["timeproperty"] = asked.get("timeproperty", "observedAt")
    if not all(isinstance(value, str) for value in given.values()):
        raise BadRequestData("temporalQ has texts: timerel, timeAt, endTimeAt, timeproperty.")
    temporal.parse(given["timerel"], given["timeAt"], given["endTimeAt"], given["timeproperty"])


def _check_notification(params: NotificationParams) -> None:
    if params.show_changes is True and params.format in {"keyValues", "simplified"}:
        raise BadRequestData("showChanges needs a format that can show them: normalized or concise.")
    if params.attributes and (params.pick or params.omit):
        raise BadRequestData("notification.attributes is the older word for pick; use the one or the others.")
    if both := set(params.pick) & set(params.omit):
        raise BadRequestData(f"{', '.join(sorted(both))} is both picked and omitted.")
    deepest = max(depth(projection.parse(",".join(one))) if one else 0 for one in (params.pick, params.omit))
    if deepest > ((params.join_level or 1) if params.join in {"flat", "inline"} else 0):
        raise BadRequestData(f"pick and omit follow relationships {deepest} deep: say join, and joinLevel={deepest}.")
    if params.join_level > DEEPEST:
        raise BadRequestData(f"joinLevel is at most {DEEPEST}.")
    if of_the_entity := set(params.attributes) & ENTITY_HEAD:
        raise BadRequestData(f"notification.attributes names attributes; {', '.join(of_the_entity)} is none.")
    _check_endpoint(params.endpoint)


def _check_endpoint(endpoint: Endpoint) -> None:
    uri = names.uri(endpoint.uri, "notification.endpoint.uri")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https", "mqtt", "mqtts"}:
        raise BadRequestData(f"notification.endpoint.uri is an http, https, mqtt or mqtts address, not {show(uri)}.")
    is_mqtt = parts.scheme.startswith("mqtt")
    if not is_mqtt and "@" in parts.netloc:
        raise BadRequestData("notification.endpoint.uri has no user name in it; send a header through receiverInfo.")
    if is_mqtt and not parts.path.strip("/"):
        raise BadRequestData("notification.endpoint.uri of MQTT ends in a topic: mqtt://host/topic.")
    for pair in endpoint.receiver_info:
        _check_header(pair)
    for pair in endpoint.notifier_info:
        if is_mqtt and pair.value not in _MQTT.get(pair.key, (pair.value,)):
            raise BadRequestData(f"{pair.key} is one of {', '.join(_MQTT[pair.key])}, not {show(pair.value)}.")


def _check_header(pair: Pair) -> None:
    """A receiver's pair travels as a header, so that it must not be able to end one."""
    if not _HEADER.fullmatch(pair.key):
        raise BadRequestData(f"receiverInfo: {show(pair.key)} is no name of a header.")
    if _CONTROL.search(pair.value):
        raise BadRequestData(f"receiverInfo: the value of {pair.key} has a control character.")


def words(text: str, where: str) -> list[str]:
    """The names in a text that is a list with commas."""
    if not text:
        return []
    words = [word.strip() for word in text.split(",")]
    if not all(names.NAME.fullmatch(word) for word in words):
        raise BadRequestData(f"{where} is a list of attribute names with commas, not {show(text)}.")
    return words
