"""DPoP at the token endpoint and beside it (RFC 9449 §5, §8): which key the tokens are to be bound to."""

from collections.abc import Mapping

from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.exchange.identity.provider.errors import InvalidProof, NonceNeeded
from hiroba.exchange.identity.tokens import proofs


async def thumbprint(conn: Connection, headers: Mapping[str, str]) -> str | None:
    """The thumbprint of the key that was proved to be held, or None where no proof came."""
    proof = headers.get("dpop")
    if proof is None:
        return None
    try:
        return await proofs.thumbprint(conn, proof, proofs.call_of(headers))
    except proofs.NonceNeeded:
        headers_ = (("DPoP-Nonce", await proofs.nonce(conn)),)
        raise NonceNeeded(headers=headers_) from None
    except Problem as error:
        raise InvalidProof(error.detail) from None
