"""How surely we know who is there: a mail link < a passkey < an upstream provider that checked who it is.

A session keeps the level it was last proved at, and when. A sensitive act asks `must_have_level`: enough of both.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from hiroba.base.errors import Problem

Level = Literal["link", "mail", "passkey", "upstream"]
ORDER: Final[tuple[Level, ...]] = ("link", "mail", "passkey", "upstream")
"""From the weakest on. `link` is what the operator's one-time link proves: that somebody had the link."""
FRESH: Final = timedelta(minutes=10)
"""How long a proof counts for a sensitive act."""


class LevelNeeded(Problem):
    """Show once more that it is you."""

    status = 401  # with the challenge of RFC 9470: the session is known, its proof does not suffice

    def __init__(self, level: Level) -> None:
        challenge = f'Bearer error="insufficient_user_authentication", acr_values="{level}", max_age={FRESH.seconds}'
        super().__init__(
            f"This needs a sign-in by {level} within the last {FRESH.seconds // 60} minutes.",
            headers=(("WWW-Authenticate", challenge),), level=level,
        )  # fmt: skip
        self.level = level


class Proof(msgspec.Struct, frozen=True):
    """What a session proved, and when."""

    level: Level
    at: datetime


def known(text: str) -> Level | None:
    """The level of that name."""
    return next((level for level in ORDER if level == text), None)


def reaches(level: Level, wanted: Level) -> bool:
    """Whether `level` is `wanted` or more."""
    return ORDER.index(level) >= ORDER.index(wanted)


def must_have_level(proof: Proof, wanted: Level, now: datetime, within: timedelta = FRESH) -> None:
    """Nothing, or the problem that leads to a step-up."""
    if not reaches(proof.level, wanted) or now - proof.at > within:
        raise LevelNeeded(wanted)
