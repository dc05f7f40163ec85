"""What came of the parts of a write, and what of it the client is told (CIM 009 §5.2.16 to §5.2.19, §6.3.17)."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from hiroba.base.errors import Problem
from hiroba.exchange.broker.edits import Change
from hiroba.exchange.broker.errors import AlreadyExists, BadRequestData, Conflict, NgsiLdProblem, ResourceNotFound
from hiroba.exchange.broker.federation.calls import Reply
from hiroba.exchange.broker.federation.splitting import Part
from hiroba.exchange.broker.sources.model import Registration

_KNOWN: dict[int, type[Problem]] = {404: ResourceNotFound, 409: AlreadyExists}
_MULTI_STATUS = 207


class LoopDetected(NgsiLdProblem):
    """The request came back to where it has been."""

    status: ClassVar[int] = 508


class GatewayTimeout(NgsiLdProblem):
    """A context source did not answer in time."""

    status: ClassVar[int] = 504


class BadGateway(NgsiLdProblem):
    """A context source did not do what it was asked."""

    status: ClassVar[int] = 502


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one part: here where `registration` is empty, else at a source."""

    registration: str = ""
    problem: Problem | None = None
    written: tuple[str, ...] = ()
    """Attributes (IRIs) that were written."""
    refused: tuple[tuple[str, str], ...] = ()
    """Attributes that were not, each with its reason."""
    created: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of the part was done."""
        return self.problem is None and not self.refused


def of_change(change: Change) -> Leg:
    """What was written here."""
    return Leg(written=change.updated, refused=change.refused, created=change.created)


def of_problem(problem: Problem, attributes: Iterable[str] = (), registration: str = "") -> Leg:
    """What was not written at all."""
    return Leg(
        registration=registration,
        problem=problem,
        refused=tuple((name, _reason(problem)) for name in sorted(attributes)),
    )


def of_part(part: Part) -> Leg | None:
    """What comes of a part whose source is not asked; None where it is."""
    id_ = part.registration.id
    if part.fate == "loop":
        return of_problem(LoopDetected(f"The way to {id_} leads back here."), part.attributes or (), id_)
    if part.fate == "unsupported":
        return of_problem(Conflict(f"{id_} owns this and does not take the operation."), part.attributes or (), id_)
    return None


def of_reply(part: Part, reply: Reply) -> Leg | None:
    """What a source made of its part; None where it may be passed over: an equal one that the request has come through."""
    id_ = part.registration.id
    attributes = tuple(sorted(part.attributes or ()))
    if reply.is_fine and reply.status != _MULTI_STATUS:
        return Leg(registration=id_, written=attributes, created=reply.status == 201)  # noqa: PLR2004 - Created
    if reply.status == LoopDetected.status and not part.is_proxied:
        return None
    if reply.status == _MULTI_STATUS:
        return _partly(part, reply)
    return of_problem(problem_of(reply), attributes, id_)


def problem_of(reply: Reply) -> Problem:
    """The problem that a source's failure is for the client (§6.3.17)."""
    id_ = reply.registration.id
    if reply.trouble in {"silent", "closed"}:
        return GatewayTimeout(f"{id_}: {reply.detail}.")
    if reply.trouble:
        return BadGateway(f"{id_}: {reply.detail}.")
    if reply.status == LoopDetected.status:
        return LoopDetected(f"{id_}: the way leads back to where it came from.")
    detail = reply.document.get("detail", "") if isinstance(reply.document, dict) else ""
    said = f"{id_} answers {reply.status}" + (f": {str(detail)[:500]}" if detail else ".")
    return _KNOWN.get(reply.status, BadGateway)(said)


def foreign(registration: Registration, error: Any) -> Problem:
    """The problem that a source names for one entity of a batch."""
    said = error if isinstance(error, dict) else {}
    detail = str(said.get("detail") or said.get("title") or "it could not be written")[:500]
    status = said.get("status")
    return _KNOWN.get(status if isinstance(status, int) else 0, BadGateway)(f"{registration.id}: {detail}")


def _partly(part: Part, reply: Reply) -> Leg:
    """A source's own Multi-Status: which of the attributes it wrote, as far as it says."""
    document = reply.document if isinstance(reply.document, dict) else {}
    reasons = {
        str(one.get("attributeName", "")): str(one.get("reason", ""))
        for one in document.get("notUpdated", ())
        if isinstance(one, dict)
    }
    named = {name for name in part.attributes or () if name in reasons or name.rpartition("/")[2] in reasons}
    missing = named or set(part.attributes or ())
    refused = tuple(
        (name, reasons.get(name) or reasons.get(name.rpartition("/")[2]) or "the source wrote only a part")
        for name in sorted(missing)
    )
    written = tuple(sorted((part.attributes or frozenset()) - missing))
    problem = None if refused else BadGateway(f"{part.registration.id} did only a part of it.")
    return Leg(registration=part.registration.id, problem=problem, written=written, refused=refused)


def batch_result(legs: Sequence[tuple[str, Leg]]) -> dict[str, Any]:
    """A BatchOperationResult: entities that were written somewhere, and what went wrong where."""
    success = dict.fromkeys(id_ for id_, leg in legs if leg.problem is None)
    return {"success": list(success), "errors": [_error(id_, leg) for id_, leg in legs if not leg.is_whole]}


def _error(id_: str, leg: Leg) -> dict[str, Any]:
    kind = BadGateway if leg.registration else BadRequestData
    problem = leg.problem or kind("; ".join(reason for _, reason in leg.refused))
    where = {"registrationId": leg.registration} if leg.registration else {}
    return {"entityId": id_, "error": problem.document(), **where}


def update_result(legs: Sequence[Leg]) -> dict[str, Any]:
    """An UpdateResult: attributes that were written somewhere, and which were not, why, and where."""
    updated = dict.fromkeys(name for leg in legs for name in leg.written)
    missed = [
        {"attributeName": name, "reason": reason} | ({"registrationId": leg.registration} if leg.registration else {})
        for leg in legs
        for name, reason in leg.refused
    ]
    return {"updated": list(updated), "notUpdated": missed}


def _reason(problem: Problem) -> str:
    return problem.detail or problem.document()["title"]
