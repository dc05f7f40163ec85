"""What this broker is called among context sources: an alias per tenant, made once and kept (CIM 009 §5.2.40, §5.15.1)."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from hiroba.base import clock


class Identity(msgspec.Struct, frozen=True):
    """The name of a house, the same in each of its processes, and since when this process answers."""

    name: str
    since: datetime

    def alias(self, tenant: str) -> str:
        """The pseudonym of one tenant: two tenants of a house are two sources, or their federation would look like a loop."""
        return f"hiroba-{self.name}" + (f".{quote(tenant, safe='-_.')}" if tenant else "")

    def document(self, tenant: str, now: datetime) -> dict[str, Any]:
        """The identity as it is told to others (table 5.2.40-1)."""
        return {
            "id": f"urn:ngsi-ld:ContextSourceIdentity:{self.alias(tenant)}",
            "type": "ContextSourceIdentity",
            "contextSourceAlias": self.alias(tenant),
            "contextSourceUptime": duration(now, self.since),
            "contextSourceTimeAt": clock.iso(now),
        }


def duration(now: datetime, since: datetime) -> str:
    """The time between two moments as ISO 8601 writes it: `P2DT3H4M5S`."""
    seconds = max(0, int((now - since).total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    return f"P{f'{days}D' if days else ''}T{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}{seconds}S"
