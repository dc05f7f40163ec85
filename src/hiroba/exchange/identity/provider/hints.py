"""An ID token that comes back to us (`id_token_hint`): ours, whoever brings it, and however long ago it expired."""

import msgspec

from hiroba.base.db import Connection
from hiroba.exchange.identity.organisations.model import ALGORITHMS
from hiroba.exchange.identity.provider import keys
from hiroba.exchange.identity.tokens import jose


class Hint(msgspec.Struct, frozen=True):
    """Whom an ID token was about, for which application, in which of its sessions."""

    application: str
    subject: str
    sid: str


async def read(conn: Connection, token: str, issuer: str) -> Hint | None:
    """What an ID token of ours says; None where it is not ours."""
    try:
        claims = jose.read(token, await keys.key_set(conn), ALGORITHMS).claims
        if claims.get("iss") != issuer:
            return None
        return Hint(jose.text(claims, "aud"), jose.text(claims, "sub"), str(claims.get("sid", "")))
    except jose.TokenUnreadable:
        return None
