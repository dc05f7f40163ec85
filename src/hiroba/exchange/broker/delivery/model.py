"""What is owed, and where it goes: frozen values, no I/O."""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["Notification", "ContextSourceNotification"]


class Address(msgspec.Struct, frozen=True, order=True):
    """Which subscription something is owed to: an entity subscription or one to context sources."""

    kind: Kind
    tenant: str
    subscription: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a subscription wants its notifications (CIM 009 §5.2.14, §5.2.15)."""

    uri: str
    """http, https, mqtt or mqtts."""
    accept: str = "application/json"
    """application/json, application/ld+json or application/geo+json."""
    receiver_info: tuple[tuple[str, str], ...] = ()
    """Headers the receiver wants (MQTT: members of `metadata`)."""
    notifier_info: tuple[tuple[str, str], ...] = ()
    """Settings of the protocol: MQTT-Version, MQTT-QoS, …"""
    context: str = ""
    """Address of the @context that a JSON notification names in its Link header."""
    timeout: float | None = None
    """Seconds an answer is waited for."""
    cooldown: float | None = None
    """Seconds of rest after a failure."""
    throttling: float = 0.0
    """Seconds that lie at least between two notifications."""
    active: bool = True
    """False where it is paused or has expired: nothing is sent, what was owed is dropped."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing owed: what one event means to one subscription."""

    address: Address
    entity: str
    """What it is about, an entity's or a registration's id: order is kept, and throttling keeps only the newest of each."""
    at: datetime
    trigger: str = ""
    """ContextSourceNotification's triggerReason; empty for the others."""
    data: bytes
    """One item of the notification's `data`, as JSON in the form that is wanted (a Feature where GeoJSON is)."""
    subject: str | None = None
    """Whose data it is about, in a tenant of personal data: then `data` is sealed, and made when it is sent."""
    together: bool = False
    """Sent in one notification with the other such notices of the same call and subscription, as what the clock sends is."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One notification owed, as the table holds it."""

    number: int
    """Of one entity: the order of its changes."""
    address: Address
    entity: str
    trigger: str
    at: datetime
    data: bytes
    subject: str | None = None
    """Whose data it is about; then it is not sent as it is."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries to a subscription went (CIM 009 §5.2.14.2)."""

    sent: int = 0
    failed: int = 0
    ok: bool | None = None
    """How the last attempt ended; None before the first."""
    last_notification: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    failures: int = 0
    """Attempts that failed one after the other, up to now."""
    reason: str = ""
    """Why the last attempt failed, as a sentence; empty where it went well."""


class Tally(msgspec.Struct):
    """What is to be added to a subscription's State."""

    sent: int = 0
    failed: int = 0
    ok: bool | None = None
    """How the last attempt ended; None where it has only begun."""
    last_notification: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    failures: int = 0
    reason: str = ""
