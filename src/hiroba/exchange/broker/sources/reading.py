"""A registration document → a `Registration`: names expanded first, then every member checked (CIM 009 §5.2.9, §5.9.2.4).

What was given is kept with its names expanded, so that a patch and a process that reads the table go the same way again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec

from hiroba.base.ids import ulid
from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.model import NULL
from hiroba.exchange.broker.sources import members, operations
from hiroba.exchange.broker.sources.model import Management, Mode, Registration

TYPE: Final = f"{core.NGSI}ContextSourceRegistration"
MODES: Final = ("inclusive", "exclusive", "redirect", "auxiliary")
PLACES: Final = ("location", "observationSpace", "operationSpace")
HEAD: Final = frozenset({"id", "type", "@context"})
MADE: Final = frozenset({
    "createdAt", "modifiedAt", "lastFailure", "lastSuccess", "status", "timesFailed", "timesSent",
})  # fmt: skip
"""Members the system makes itself; what a client says of them is passed over."""
LOCAL_ONLY: Final = f"{core.NGSI}localOnly"
KNOWN: Final = frozenset({
    *PLACES, "endpoint", "information", "mode", "operations", "tenant", "contextSourceInfo", "contextSourceAlias", "datasetId",
    "description", "registrationName", "expiresAt", "management", "managementInterval", "observationInterval", "refreshRate",
    "scope",
})  # fmt: skip
"""The members of table 5.2.9-1; all others are Context Source Properties."""


def given(document: Any, context: Context, *, whole: bool) -> dict[str, Any]:
    """The members a document gives, by their core terms or, if they are none, by IRI; None: it deletes the member.

    `whole`: a registration to be made, in which nothing may be null; else a fragment.
    """
    if not isinstance(document, dict) or not document:
        raise InvalidRequest("A registration is a JSON object with at least one member.")
    kind = document.get("type")
    if (whole or "type" in document) and not (isinstance(kind, str) and context.expand(kind) == TYPE):
        raise BadRequestData(f"type is ContextSourceRegistration, not {show(kind)}.")
    found: dict[str, Any] = {}
    for term, value in document.items():
        if term in HEAD:
            continue
        name = names.iri(context, term, "a member's name")
        name = member if (member := CORE.compact(name)) in KNOWN | MADE else name
        if name in MADE:
            continue
        if value is None or value == NULL:
            if whole:
                raise BadRequestData(f"{term} is null.")
            found[name] = None
        else:
            found[name] = members.information(value, context) if name == "information" else value
    return found


def id_of(document: Mapping[str, Any]) -> str:
    """The id a document gives, or a new one."""
    return names.uri(document["id"], "id") if "id" in document else f"urn:ngsi-ld:ContextSourceRegistration:{ulid()}"


def registration(
    document: Mapping[str, Any], *, tenant: str, id_: str, owner: str, created: datetime, modified: datetime
) -> Registration:
    """The registration that expanded members make, or what is wrong with them."""
    for name in ("endpoint", "information"):
        if name not in document:
            raise BadRequestData(f"The registration has no {name}.")
    mode: Mode = _member(document, "mode", _mode) or "inclusive"
    made = Registration(
        tenant=tenant,
        id=id_,
        owner=owner,
        mode=mode,
        endpoint=endpoint(document["endpoint"]),
        remote_tenant=_member(document, "tenant", members.text) or "",
        information=members.read_information(document["information"]),
        operations=_member(document, "operations", members.operation_names) or operations.default(mode),
        datasets=_member(document, "datasetId", members.datasets) or frozenset(),
        scopes=names.scopes(document["scope"]) if "scope" in document else (),
        places={f"{core.NGSI}{name}": members.place(document[name], name) for name in PLACES if name in document},
        observation=_member(document, "observationInterval", members.interval),
        administration=_member(document, "managementInterval", members.interval),
        source_info=_member(document, "contextSourceInfo", members.source_info) or (),
        management=_management(document),
        alias=_member(document, "contextSourceAlias", members.text) or "",
        refresh=_member(document, "refreshRate", members.duration),
        expires=_member(document, "expiresAt", names.moment),
        created=created,
        modified=modified,
        document=dict(document),
    )
    for name in ("description", "registrationName"):
        _member(document, name, members.text)
    _must_fit_its_mode(made)
    return made


def _member(document: Mapping[str, Any], name: str, read: Callable[[Any, str], Any]) -> Any:
    return read(document[name], name) if name in document else None


def _management(document: Mapping[str, Any]) -> Management:
    """How the source is asked; localOnly beside management means the same: passed over, requests would go further than wished."""
    made: Management = _member(document, "management", members.management) or Management()
    beside = document.get(LOCAL_ONLY)
    return msgspec.structs.replace(made, local_only=True) if beside is True else made


def endpoint(value: Any) -> str:
    """The address of an NGSI-LD interface."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise BadRequestData(f"endpoint is an address like https://example.org/ngsi-ld/v1, not {show(value)}.")
    return names.uri(value, "endpoint")


def _mode(value: Any, where: str) -> Mode:
    if value not in MODES:
        raise BadRequestData(f"{where} is one of {', '.join(MODES)}, not {show(value)}.")
    return cast("Mode", value)


def _must_fit_its_mode(made: Registration) -> None:
    """Nothing, or the problem that an exclusive or auxiliary registration says too much (§4.3.6.3, §5.9.2.4)."""
    if made.mode == "auxiliary" and not made.operations <= operations.GROUPS["retrieveOps"]:
        raise BadRequestData(
            "An auxiliary registration offers the operations retrieveOps, retrieveEntity or queryEntity only."
        )
    if made.mode == "exclusive":
        for part in made.information:
            if not part.attributes or not part.entities or not all(one.id for one in part.entities):
                raise BadRequestData(
                    "An exclusive registration names attributes of entities by their id; "
                    "patterns and whole types are for redirect."
                )
