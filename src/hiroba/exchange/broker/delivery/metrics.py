"""Figures for Prometheus, at /metrics: of this process, but for the length of the queue."""

from typing import Final

from prometheus_client import Counter, Gauge

_NOTIFICATIONS = Counter("hiroba_notifications", "Notifications, by what became of them", ["outcome"])
DELIVERED: Final = _NOTIFICATIONS.labels("delivered")
FAILED: Final = _NOTIFICATIONS.labels("failed")
"""Attempts; the notification stays owed."""
SUPERSEDED: Final = _NOTIFICATIONS.labels("superseded")
"""By a newer state of the same entity, within the period of throttling."""
DEAD: Final = _NOTIFICATIONS.labels("dead")
OWED: Final = Gauge("hiroba_notifications_waiting", "Notifications that are owed, in the whole database")
UNDER_WAY: Final = Gauge("hiroba_notifications_under_way", "Attempts under way in this process")
