"""A subscription's document as it leaves: names in the caller's words, status and deliveries told (CIM 009 §5.2.12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.delivery.model import State
from hiroba.exchange.broker.query import projection, types
from hiroba.exchange.broker.subscriptions.model import DEFAULT_TRIGGERS, Stored


def write(
    stored: Stored,
    state: State | None,
    context: Context,
    now: datetime,
    *,
    system: bool = False,
    triggers: Sequence[str] = DEFAULT_TRIGGERS,
) -> dict[str, Any]:
    """The document that is given back; `triggers` is what holds where it names none."""
    said: dict[str, Any] = msgspec.to_builtins(stored.document)
    said.pop("sentWith", None)
    written: dict[str, Any] = {"id": said.pop("id"), "type": "Subscription", **said}
    for selector in written.get("entities", ()):
        selector["type"] = str(types.parse(selector["type"]).resolve(context.compact))
    if "watchedAttributes" in written:
        written["watchedAttributes"] = [context.compact(name) for name in written["watchedAttributes"]]
    if "geoproperty" in written.get("geoQ", {}):
        written["geoQ"]["geoproperty"] = context.compact(written["geoQ"]["geoproperty"])
    notification = written["notification"]
    for member in ("attributes", "pick", "omit"):
        if member in notification:
            notification[member] = list(_projection(notification[member], context))
    if triggers:
        written.setdefault("notificationTrigger", list(triggers))
    written["status"] = stored.status(now)
    if state is not None:
        notification |= _deliveries(state)
    if system:
        written |= {"createdAt": clock.iso(stored.created), "modifiedAt": clock.iso(stored.modified)}
    return written


def _projection(items: Iterable[str], context: Context) -> Iterable[str]:
    for chosen in projection.resolve(projection.parse(",".join(items)), context.compact):
        yield str(chosen) if chosen.inner else chosen.name


def _deliveries(state: State) -> dict[str, Any]:
    """How deliveries went (§5.2.14.2), and why the last one failed, as NGSIv2 tells it; what never happened is not told."""
    told: dict[str, Any] = {"timesSent": state.sent, "timesFailed": state.failed}
    if state.ok is not None:
        told["status"] = "ok" if state.ok else "failed"
    times = {
        "lastNotification": state.last_notification,
        "lastSuccess": state.last_success,
        "lastFailure": state.last_failure,
    }
    told |= {name: clock.iso(at) for name, at in times.items() if at is not None}
    told["lastFailureReason"] = state.reason
    return {name: value for name, value in told.items() if value}
