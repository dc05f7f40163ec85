"""Who owns which part of a write (CIM 009 §4.3.6.2, §4.3.6.3, §5.6.1.4). Pure.

Exclusive sources come first, then those that are redirected to; equal ones get what is left, as this broker does.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from hiroba.exchange.broker.sources.matching import Match
from hiroba.exchange.broker.sources.model import PROXIED, Registration

Attributes = frozenset[str] | None
"""Names of attributes, as IRIs; None: the entity as a whole, whatever it has."""
WHOLE: Final[Attributes] = None


class Part(msgspec.Struct, frozen=True):
    """What one source gets of a write."""

    registration: Registration
    attributes: Attributes
    fate: Literal["asked", "unsupported", "loop"] = "asked"

    @property
    def is_proxied(self) -> bool:
        """Whether what the source does not do is done by nobody."""
        return self.registration.mode in PROXIED


class Split(msgspec.Struct, frozen=True):
    """A write taken apart."""

    parts: tuple[Part, ...]
    here: Attributes
    """What is written here."""
    is_here: bool
    """Whether anything is."""


def split(
    matches: Iterable[Match], attributes: Attributes, operations: Sequence[str], avoided: frozenset[str] = frozenset()
) -> Split:
    """The parts of a write of these attributes.

    A source that supports none of `operations` does not get its part: that is a conflict where it owns the part, and nothing
    otherwise. So with the sources whose alias is in `avoided`, for the way to them is a loop (§6.3.17).
    """
    chosen = [match for match in matches if match.registration.mode != "auxiliary"]
    rest, is_here = attributes, True
    parts: list[Part] = []
    for mode in ("exclusive", "redirect", "inclusive"):
        takers = [match for match in chosen if match.registration.mode == mode and is_here and _takes(match, rest)]
        parts += [
            Part(match.registration, _share(match, rest), fate(match.registration, operations, avoided))
            for match in takers
        ]
        if mode == "inclusive" or not takers:
            continue
        is_here = not any(_is_everything(match) for match in takers)
        if rest:
            rest = rest.difference(*(_share(match, rest) or () for match in takers))
            is_here = is_here and bool(rest)
    kept = tuple(part for part in parts if part.is_proxied or part.fate == "asked")
    return Split(kept, rest, is_here)


def _takes(match: Match, rest: Attributes) -> bool:
    """Whether any of the rest is the source's."""
    return rest is None or _is_everything(match) or bool(rest and match.attributes(rest))


def _share(match: Match, rest: Attributes) -> Attributes:
    """What of the rest the source is registered for."""
    if rest is None:
        return match.attributes()
    return match.attributes(rest) or frozenset() if rest else rest


def _is_everything(match: Match) -> bool:
    return any(not part.attributes for part in match.information)


def fate(
    registration: Registration, operations: Sequence[str], avoided: frozenset[str]
) -> Literal["asked", "unsupported", "loop"]:
    """Whether a source is asked, or why not."""
    if registration.alias and registration.alias in avoided:
        return "loop"
    return "asked" if any(name in registration.operations for name in operations) else "unsupported"
