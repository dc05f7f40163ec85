"""Whom an access token lets call (RFC 6750, RFC 9449 §7): an application, for the purposes it was given it for."""

from collections.abc import Mapping
from typing import Final, Literal

from hiroba.base.db import Connection
from hiroba.base.errors import Problem, Unauthorized
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.tokens import jose, proofs, store

Scheme = Literal["Bearer", "DPoP"]
"""How a token is sent in the Authorization header."""
PURPOSE: Final = "purpose:"
"""How the scope of a purpose begins: `purpose:health.checkup@2`."""


class InvalidToken(Unauthorized):
    """This access token is unknown, over, or revoked."""

    def __init__(self, detail: str, scheme: Scheme = "Bearer", error: str = "invalid_token", nonce: str = "") -> None:
        challenge = f'{scheme} error="{error}"'
        if scheme == "DPoP":
            challenge += f', algs="{" ".join(jose.CLIENTS_SIGN_WITH)}"'
        headers = [("WWW-Authenticate", challenge)]
        if nonce:
            headers += [("DPoP-Nonce", nonce), ("Cache-Control", "no-store")]
        super().__init__(detail, headers=headers, error=error)


async def shown(conn: Connection, scheme: Scheme, token: str, headers: Mapping[str, str]) -> store.Shown:
    """What the token stands for, its binding to a key proved where it is bound; or the problem with its challenge."""
    found = await store.shown(conn, token)
    if found is None:
        raise InvalidToken("This access token is unknown, over, or revoked.", scheme)
    return await proved(conn, found, scheme, token, headers)


async def known(conn: Connection, scheme: Scheme, token: str) -> store.Shown:
    """What the token stands for, sent in the way it has to be; a proof, which works once, is not looked at."""
    found = await store.shown(conn, token)
    if found is None:
        raise InvalidToken("This access token is unknown, over, or revoked.", scheme)
    _must_come_by(found, scheme)
    return found


async def proved(
    conn: Connection, found: store.Shown, scheme: Scheme, token: str, headers: Mapping[str, str]
) -> store.Shown:  # fmt: skip
    """The same, if it was sent in the way it has to be and, where it is bound, by who holds the key."""
    _must_come_by(found, scheme)
    if found.thumbprint is not None:
        await _prove(conn, token, found.thumbprint, headers)
    return found


def _must_come_by(found: store.Shown, scheme: Scheme) -> None:
    if scheme == "Bearer" and found.thumbprint is not None:
        raise InvalidToken("This token is bound to a key: send it as `Authorization: DPoP`, with a proof.", "DPoP")
    if scheme == "DPoP" and found.thumbprint is None:
        raise InvalidToken("This token is bound to no key: send it as `Authorization: Bearer`.", "DPoP")


async def _prove(conn: Connection, token: str, bound_to: str, headers: Mapping[str, str]) -> None:
    try:
        thumbprint = await proofs.thumbprint(conn, headers.get("dpop", ""), proofs.call_of(headers), token)
    except proofs.NonceNeeded:
        detail = "The proof has to carry the nonce that stands in DPoP-Nonce."
        raise InvalidToken(detail, "DPoP", "use_dpop_nonce", await proofs.nonce(conn)) from None
    except Problem as error:
        raise InvalidToken(error.detail or "The proof cannot be read.", "DPoP", "invalid_dpop_proof") from None
    if thumbprint != bound_to:
        raise InvalidToken("The proof is by another key than the token is bound to.", "DPoP", "invalid_dpop_proof")


def caller(found: store.Shown) -> Caller:
    """The application as a caller: with the one purpose of the token, as far as it is still given it."""
    asked = [scope.removeprefix(PURPOSE) for scope in found.scope if scope.startswith(PURPOSE)]
    names = frozenset(asked) & frozenset(found.purposes)
    return Caller("client", found.application, found.owner, names, purpose=next(iter(names), ""))
