"""A registration as it leaves: as it was given, names in the caller's context (CIM 009 §5.2.9, §5.10)."""

from collections.abc import Iterable, Mapping
from typing import Any

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.sources.model import Information, Registration, Tally


def write(
    made: Registration,
    context: Context,
    *,
    information: Iterable[Information] | None = None,
    tally: Tally | None = None,
    system: bool = False,
    secrets: bool = True,
) -> dict[str, Any]:
    """The document of a registration.

    `information`: only these parts of it; `tally`: how it went so far; `system`: with createdAt and modifiedAt; `secrets`:
    with what is conveyed when the source is called, which is nobody's but the owner's.
    """
    written: dict[str, Any] = {"id": made.id, "type": "ContextSourceRegistration"}
    for name, value in made.document.items():
        if name == "information":
            parts = made.information if information is None else information
            written[name] = [_information(part, context) for part in parts]
        elif name != "contextSourceInfo" or secrets:
            written[context.compact(name) if ":" in name else name] = value
    if tally is not None:
        written |= _counted(tally)
    if system:
        written |= {"createdAt": clock.iso(made.created), "modifiedAt": clock.iso(made.modified)}
    return written


def _information(part: Information, context: Context) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if part.entities:
        written["entities"] = [_entity(one.types, one.id, one.pattern, context) for one in part.entities]
    for name, iris in (("propertyNames", part.properties), ("relationshipNames", part.relationships)):
        if iris:
            written[name] = [context.compact(iri) for iri in iris]
    return written


def _entity(types: tuple[str, ...], id_: str, pattern: str, context: Context) -> dict[str, Any]:
    names = [context.compact(name) for name in types]
    written: dict[str, Any] = {"id": id_} if id_ else {}
    if pattern:
        written["idPattern"] = pattern
    return written | {"type": names[0] if len(names) == 1 else names}


def _counted(tally: Tally) -> Mapping[str, Any]:
    """The members that say how it went; a source that was never called has none."""
    if not tally.sent:
        return {}
    counted: dict[str, Any] = {"status": tally.status, "timesSent": tally.sent, "timesFailed": tally.failed}
    if tally.last_success is not None:
        counted["lastSuccess"] = clock.iso(tally.last_success)
    if tally.last_failure is not None:
        counted["lastFailure"] = clock.iso(tally.last_failure)
    return counted
