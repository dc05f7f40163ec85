"""What a request that waits for its person needs next: a sign-in, an agreement, an error, or its code. Pure."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from hiroba.exchange.identity.levels import Level, Proof, reaches
from hiroba.exchange.identity.provider.errors import AccessDenied, ConsentRequired, LoginRequired, OAuthProblem
from hiroba.exchange.identity.provider.requests import Asked


class SignIn(msgspec.Struct, frozen=True):
    """The person has to sign in: at this level at least, and afresh where whoever is signed in will not do."""

    level: Level | Literal[""]
    fresh: bool


class Agree(msgspec.Struct, frozen=True):
    """The person has to be asked."""


class Answer(msgspec.Struct, frozen=True):
    """The request can be answered with a code."""


class Refuse(msgspec.Struct, frozen=True):
    """The request is answered with an error."""

    error: OAuthProblem


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there, and what they said."""

    person: str
    proof: Proof
    agreed: str | None
    """Who agreed to this very request."""
    refused: bool
    scope: list[str]
    """What the person agreed to before."""
    hinted: str | None
    """The person that the request's id_token_hint names; "" for somebody unknown."""


Step = SignIn | Agree | Answer | Refuse


def step(asked: Asked, made: datetime, here: Here | None) -> Step:
    """What comes next for a request of the moment `made`."""
    if here is not None and here.refused:
        return Refuse(AccessDenied("The person said no."))
    if here is None or not _is_signed_in(asked, made, here):
        if "none" in asked.prompt:
            return Refuse(LoginRequired())
        again = here is not None and reaches(here.proof.level, _level(asked))
        return SignIn(level=asked.level, fresh=again)  # type: ignore[arg-type]  # one of the levels, or none
    if here.agreed == here.person:
        return Answer()
    if "consent" in asked.prompt or "select_account" in asked.prompt or not set(asked.scope) <= set(here.scope):
        return Refuse(ConsentRequired()) if "none" in asked.prompt else Agree()
    return Answer()


def _is_signed_in(asked: Asked, made: datetime, here: Here) -> bool:
    """Whether whoever is signed in is the right one, surely enough and freshly enough (OpenID Connect Core §3.1.2.3)."""
    if here.hinted is not None and here.hinted != here.person:
        return False
    if not reaches(here.proof.level, _level(asked)):
        return False
    if "login" in asked.prompt and here.proof.at < made:
        return False
    return asked.max_age is None or here.proof.at >= made - timedelta(seconds=asked.max_age)


def _level(asked: Asked) -> Level:
    return asked.level or "link"  # type: ignore[return-value]  # one of the levels
