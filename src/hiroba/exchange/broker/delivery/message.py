"""The notification as it is sent (CIM 009 §5.3.1, §5.3.2, §6.3.8, §7.2): pure functions from rows to bytes."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final

import msgspec
import orjson

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.delivery.model import Row, Target

GEOJSON: Final = "application/geo+json"
NOTIFICATION_ID: Final = "urn:ngsi-ld:Notification:"


class Message(msgspec.Struct, frozen=True):
    """What goes over the wire, whatever the protocol: headers (MQTT: metadata) and the notification."""

    headers: dict[str, str]
    body: bytes


def message(rows: Sequence[Row], target: Target) -> Message:
    """One notification of these rows; sent again it is the same, so that a receiver can tell that it had it already."""
    newest = rows[-1]
    items = b",".join(row.data for row in rows)
    plain = any(
        name.lower() == "prefer" and value.replace(" ", "") == "body=json" for name, value in target.receiver_info
    )
    linked = target.accept == "application/json" or (target.accept == GEOJSON and plain)
    if target.accept == GEOJSON:
        context = b"" if plain else b',"@context":' + orjson.dumps(target.context or core.URL)
        items = b'{"type":"FeatureCollection","features":[' + items + b"]" + context + b"}"
    else:
        items = b"[" + items + b"]"
    about = {
        "id": f"{NOTIFICATION_ID}{int(newest.at.timestamp() * 1000):012x}-{newest.number:x}",
        "type": newest.address.kind,
        "subscriptionId": newest.address.subscription,
        "notifiedAt": newest.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    if newest.trigger:
        about["triggerReason"] = newest.trigger
    headers = {"Content-Type": target.accept}
    if linked:
        headers["Link"] = (
            f'<{target.context or core.URL}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        )
    if newest.address.tenant:
        headers["NGSILD-Tenant"] = newest.address.tenant
    theirs = {name.lower() for name, _ in target.receiver_info}
    headers = {name: value for name, value in headers.items() if name.lower() not in theirs} | dict(
        target.receiver_info
    )
    return Message(headers, orjson.dumps(about)[:-1] + b',"data":' + items + b"}")


def enveloped(wanted: Message) -> bytes:
    """The message of protocols without headers: {metadata, body} (CIM 009 §7.2)."""
    return b'{"metadata":' + orjson.dumps(wanted.headers) + b',"body":' + wanted.body + b"}"
