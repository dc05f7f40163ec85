"""A snapshot: frozen values and what a document may say of one, no I/O (CIM 009 §5.2.41, §5.2.42)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Problem
from hiroba.base.ids import ulid
from hiroba.exchange.broker.documents.names import show, uri
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query.match import Subject

Status = Literal["preparing", "success", "partial", "empty", "failure"]
USUAL: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=7)
"""How long a snapshot lives at most, whatever is asked."""
MOST_QUERIES: Final = 20
QUERIES: Final = ("snapshotQueries", "snapshotTemporalQueries")
SAID: Final = frozenset({"snapshotLifetime", "snapshotPriority", "endpoint", "receiverInfo"})
"""Members a client may say, and say anew."""
MADE: Final = frozenset({
    "snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails", "createdAt", "modifiedAt", "expiresAt",
    "lastUsedAt",
})  # fmt: skip
"""Members the exchange makes; what a client says of them is passed over."""
MEMBERS: Final = SAID | MADE | {*QUERIES, "id", "type"}
_PRIORITY: Final = 5
_LEAST, _HIGHEST = 1, 10


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot and how it stands with it."""

    tenant: str
    id: str
    owner: str = ""
    holds: str
    """The tenant that holds its entities; no client can name it."""
    said: Mapping[str, Any]
    """What the client said, without id and type."""
    status: Status = "preparing"
    details: Mapping[str, Any] = {}
    created: datetime
    modified: datetime
    used: datetime
    expires: datetime

    def document(self) -> dict[str, Any]:
        """The snapshot as it is given."""
        return {
            "id": self.id,
            "type": "Snapshot",
            **self.said,
            "snapshotPriority": self.said.get("snapshotPriority", _PRIORITY),
            "snapshotStatus": self.status,
            **self.details,
            "createdAt": clock.iso(self.created),
            "modifiedAt": clock.iso(self.modified),
            "lastUsedAt": clock.iso(self.used),
            "expiresAt": clock.iso(self.expires),
        }

    def subject(self) -> Subject:
        """The snapshot as queries are asked of it (§5.16.7)."""
        doc = {name: [{"type": "Property", "value": value}] for name, value in self.document().items()}
        return Subject(id=self.id, types=("Snapshot",), doc=doc, created=self.created, modified=self.modified)

    def notification(self) -> dict[str, Any]:
        """What its endpoint is told (§5.3.4)."""
        told = (
            "snapshotPriority",
            "snapshotQueriesDetails",
            "snapshotTemporalQueriesDetails",
            "snapshotStatus",
            "expiresAt",
        )
        document = self.document()
        return {
            "id": f"urn:ngsi-ld:SnapshotNotification:{ulid()}",
            "type": "SnapshotNotification",
            "notifiedAt": clock.iso(clock.now()),
            "snapshotId": self.id,
            **{name: document[name] for name in told if name in document},
        }


def new(tenant: str, owner: str, document: Mapping[str, Any], lifetime: float | None) -> Snapshot:
    """A snapshot that is to be filled."""
    now = clock.now()
    id_ = document.get("id")
    return Snapshot(
        tenant=tenant,
        id=uri(id_, "id") if id_ is not None else f"urn:ngsi-ld:Snapshot:{ulid()}",
        owner=owner,
        holds=f"{tenant}@{ulid().lower()}",
        said={name: value for name, value in document.items() if name in SAID or name in QUERIES},
        created=now,
        modified=now,
        used=now,
        expires=until(lifetime),
    )


def until(lifetime: float | None) -> datetime:
    """When a snapshot that shall live so many seconds expires."""
    return clock.now() + (USUAL if lifetime is None else timedelta(seconds=min(lifetime, LONGEST.total_seconds())))


def check(document: Any, *, queries: bool) -> Mapping[str, Any]:
    """The document of a snapshot, or what is wrong with it; `queries`: some are a must, else they have no place in it."""
    if not isinstance(document, dict):
        raise BadRequestData("A snapshot is an object.")
    if unknown := sorted(document.keys() - MEMBERS - {"@context"}):
        raise BadRequestData(f"A snapshot has no {', '.join(unknown)}.")
    if document.get("type", "Snapshot") != "Snapshot":
        raise BadRequestData('The type is "Snapshot".')
    for name in QUERIES:
        _check_queries(document.get(name), name, allowed=queries)
    if queries and not any(document.get(name) for name in QUERIES):
        raise BadRequestData("A snapshot says what is in it: snapshotQueries, snapshotTemporalQueries, or both.")
    priority = document.get("snapshotPriority", _PRIORITY)
    if isinstance(priority, bool) or not isinstance(priority, int) or not _LEAST <= priority <= _HIGHEST:
        raise BadRequestData(f"snapshotPriority is a whole number from 1 to 10, not {show(priority)}.")
    if "endpoint" in document:
        uri(document["endpoint"], "endpoint")
    info = document.get("receiverInfo", [])
    if not isinstance(info, list) or not all(_is_pair(pair) for pair in info):
        raise BadRequestData('receiverInfo is a list of {"key": "…", "value": "…"}.')
    return document


def _check_queries(found: Any, name: str, *, allowed: bool) -> None:
    if found is None:
        return
    if not allowed:
        raise BadRequestData(f"{name} is said when a snapshot is made, and not again.")
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_QUERIES:
        raise BadRequestData(f"{name} is a list of 1 to {MOST_QUERIES} queries.")
    wants_time = name == "snapshotTemporalQueries"
    if not all(isinstance(query, dict) and ("temporalQ" in query) == wants_time for query in found):
        raise BadRequestData(f"Each of {name} is a Query {'with' if wants_time else 'without'} temporalQ.")


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, dict) and isinstance(pair.get("key"), str) and isinstance(pair.get("value"), str)


def result(found: int, problem: Problem | None = None) -> dict[str, Any]:
    """How one query ended (§5.2.42)."""
    if problem is not None:
        return {"resultStatus": "failure", "problemDetails": problem.document()}
    return {"resultStatus": "success" if found else "empty"}


def status(results: list[dict[str, Any]]) -> Status:
    """How it stands after all queries (§5.16.1.4)."""
    ends = {one["resultStatus"] for one in results}
    if ends == {"success"}:
        return "success"
    if "success" in ends:
        return "partial"
    return "empty" if "empty" in ends else "failure"
