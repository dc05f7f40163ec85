"""What stands against a registration: others that hold the same for themselves, and what is held here (§4.3.6.3, §5.9.2.4).

One that leads back here is none of it: who uses it hears of the loop (§6.3.17), by whatever name it comes back.
"""

from collections.abc import Iterable

from hiroba.base.errors import Forbidden
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.errors import Conflict
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Question, Selector
from hiroba.exchange.broker.sources.matching import Entities, may_mean
from hiroba.exchange.broker.sources.model import PROXIED, Information, Registration
from hiroba.exchange.broker.sources.operations import WRITES


def must_be_trusted(made: Registration, admitted: Pass) -> None:
    """Nothing, or the problem that a source would take over, or be sent, what other organisations write."""
    if not admitted.everywhere and (made.mode in PROXIED or made.operations & WRITES):
        raise Forbidden(
            "A source that takes over or is sent what others write is registered by the operator; "
            "an organisation registers inclusive and auxiliary sources that are read."
        )


def must_not_clash(made: Registration, others: Iterable[Registration]) -> None:
    """Nothing, or the problem that an exclusive registration holds what another one proxies too."""
    for other in others:
        if other.id != made.id and {made.mode, other.mode} in ({"exclusive"}, {"exclusive", "redirect"}):
            exclusive, proxied = (made, other) if made.mode == "exclusive" else (other, made)
            if any(_shared(one, two) for one in exclusive.information for two in proxied.information):
                raise Conflict(f"{other.id} is {other.mode} for some of the same attributes of the same entity.")


def _shared(exclusive: Information, proxied: Information) -> bool:
    if proxied.attributes and not exclusive.attributes & proxied.attributes:
        return False
    if not proxied.entities:
        return True
    return any(
        other.id == one.id or may_mean(other, Entities(ids=(one.id,), of=frozenset(one.types)))
        for one in exclusive.entities
        for other in proxied.entities
    )


def held_here(made: Registration) -> list[Question]:
    """Questions that find entities of ours which a proxied registration says are elsewhere; an answer to any is a conflict."""
    return [
        Question(
            tenant=made.tenant,
            selectors=tuple(
                Selector(ids=(one.id,))
                if made.mode == "exclusive"
                else Selector(ids=(one.id,) if one.id else (), pattern=one.pattern, types=Types((one.types,)))
                for one in part.entities
            ),
            having=part.attributes or None,
            limit=1,
        )
        for part in made.information
    ]
