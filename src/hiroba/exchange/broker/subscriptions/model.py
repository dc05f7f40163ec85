"""What a subscription says (CIM 009 §5.2.12 to §5.2.15), as it is stored: every name in it an IRI, its queries as they were sent.

Subscriptions to context sources say the same and are read by the same rules.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Trigger = Literal[
    "entityCreated", "entityUpdated", "entityDeleted", "attributeCreated", "attributeUpdated", "attributeDeleted"
]
DEFAULT_TRIGGERS: tuple[Trigger, ...] = ("attributeCreated", "attributeUpdated")
"""What triggers a notification where the subscription does not say."""
UPDATES: tuple[Trigger, ...] = ("attributeCreated", "attributeUpdated", "attributeDeleted")
"""What `entityUpdated` stands for."""
Number = int | float


class _Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A part of the document; what was not said is not stored."""


class Pair(_Said, frozen=True, kw_only=True):
    """A key and its value (§5.2.22)."""

    key: str
    value: str


class Endpoint(_Said, frozen=True, kw_only=True):
    """Where notifications go (§5.2.15)."""

    uri: str
    accept: Literal["", "application/json", "application/ld+json", "application/geo+json"] = ""
    cooldown: Number = 0
    """Milliseconds."""
    timeout: Number = 0
    """Milliseconds."""
    receiver_info: tuple[Pair, ...] = ()
    notifier_info: tuple[Pair, ...] = ()


class NotificationParams(_Said, frozen=True, kw_only=True):
    """What a notification holds (§5.2.14)."""

    endpoint: Endpoint
    attributes: tuple[str, ...] = ()
    format: Literal["", "normalized", "concise", "simplified", "keyValues"] = ""
    join: Literal["", "flat", "inline", "@none"] = ""
    join_level: int = 0
    omit: tuple[str, ...] = ()
    pick: tuple[str, ...] = ()
    show_changes: bool | UnsetType = UNSET
    sys_attrs: bool | UnsetType = UNSET


class EntitySelector(_Said, frozen=True, kw_only=True):
    """Which entities (§5.2.33)."""

    type: str
    """A selection of types (§4.17)."""
    id: str | tuple[str, ...] = ""
    id_pattern: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids it names."""
        if isinstance(self.id, tuple):
            return self.id
        return (self.id,) if self.id else ()


class GeoQuery(_Said, frozen=True, kw_only=True):
    """How entities must lie (§5.2.13)."""

    georel: str
    geometry: str
    coordinates: str | list[Any]
    geoproperty: str = ""


class Subscription(_Said, frozen=True, kw_only=True):
    """A subscription's document (§5.2.12)."""

    id: str = ""
    subscription_name: str = ""
    description: str = ""
    entities: tuple[EntitySelector, ...] = ()
    watched_attributes: tuple[str, ...] = ()
    notification_trigger: tuple[Trigger, ...] = ()
    q: str = ""
    geo_q: GeoQuery | None = None
    scope_q: str = ""
    temporal_q: dict[str, Any] | None = None
    csf: str = ""
    dataset_id: tuple[str, ...] = ()
    lang: str = ""
    expand_values: str = ""
    json_keys: str = ""
    is_active: bool | UnsetType = UNSET
    local_only: bool | UnsetType = UNSET
    split_entities: bool | UnsetType = UNSET
    ngsild_conformance: str = ""
    jsonld_context: str = ""
    sent_with: str = ""
    """Address of the @context it came with, kept where `jsonldContext` is not said and need not be: never told, never taken."""
    expires_at: str = ""
    throttling: Number = 0
    """Seconds."""
    time_interval: Number = 0
    """Seconds."""
    notification: NotificationParams

    @property
    def words(self) -> str:
        """The address of the @context that notifications are in."""
        return self.jsonld_context or self.sent_with

    @property
    def triggers(self) -> frozenset[str]:
        """What triggers a notification, `entityUpdated` spelled out."""
        said = frozenset(self.notification_trigger or DEFAULT_TRIGGERS)
        return said | frozenset(UPDATES) if "entityUpdated" in said else said


class Stored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A subscription as it is kept."""

    tenant: str
    document: Subscription
    question: str = ""
    """`q` with IRIs for names."""
    owner: str = ""
    expires: datetime | None = None
    created: datetime
    modified: datetime
    via: str = ""
    """Through which brokers it came: none of them gets a copy of it (§6.3.18)."""

    @property
    def id(self) -> str:
        """The subscription's id."""
        return self.document.id

    def status(self, now: datetime) -> Literal["active", "paused", "expired"]:
        """Whether notifications are sent (§5.2.12)."""
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "paused" if self.document.is_active is False else "active"
