"""Looking at a token: what it stands for (RFC 7662), that it is given up (RFC 7009), who its person is."""

from typing import Any

from hiroba.base.db import Connection
from hiroba.exchange.identity.people.subjects import subject_of
from hiroba.exchange.identity.provider.errors import InvalidClient, OAuthProblem
from hiroba.exchange.identity.provider.forms import needed
from hiroba.exchange.identity.provider.granting import Asking
from hiroba.exchange.identity.provider.store import refreshing
from hiroba.exchange.identity.tokens import store
from hiroba.exchange.identity.tokens.store import Shown


async def introspect(conn: Connection, asking: Asking) -> dict[str, Any]:
    """Whether a token holds, told to the application it was given to; of another's nobody learns anything (RFC 7662 §2.2)."""
    if asking.application.is_public:
        raise InvalidClient("Introspection is for applications that authenticate themselves (RFC 7662 §2.1).")
    token = needed(asking.form, "token")
    if token.startswith(refreshing.PREFIX):
        return await _refresh_token(conn, asking, token)
    found = await store.shown(conn, token)
    if found is None or found.application != asking.application.id:
        return {"active": False}
    document: dict[str, Any] = {
        "active": True,
        "iss": asking.issuer,
        "client_id": found.application,
        "scope": " ".join(found.scope),
        "iat": int(found.made.timestamp()),
        "exp": int(found.expires.timestamp()),
        "token_type": "DPoP" if found.thumbprint else "Bearer",
    }
    if found.thumbprint:
        document["cnf"] = {"jkt": found.thumbprint}
    if found.person is not None:
        document |= {"sub": await subject_of(conn, found.person, found.sector), "acr": found.level}
        if found.proved is not None:
            document["auth_time"] = int(found.proved.timestamp())
    return document


async def _refresh_token(conn: Connection, asking: Asking, token: str) -> dict[str, Any]:
    kept = await refreshing.refresh_token(conn, token)
    if kept is None or kept.used or kept.application != asking.application.id:
        return {"active": False}
    if await store.family(conn, kept.family) is None:
        return {"active": False}
    return {"active": True, "iss": asking.issuer, "client_id": kept.application, "exp": int(kept.expires.timestamp())}


async def revoke(conn: Connection, asking: Asking) -> dict[str, Any]:
    """End a token. A refresh token ends its whole family (RFC 7009 §2.1); what is unknown has ended already (§2.2)."""
    token = needed(asking.form, "token")
    if await store.end_access_token(conn, token, asking.application.id):
        return {}
    kept = await refreshing.refresh_token(conn, token)
    if kept is not None:
        await store.end_family(conn, kept.family, asking.application.id)
    return {}


class InsufficientScope(OAuthProblem):
    """This access token is nobody's: it has no scope openid."""

    status = 403
    code = "insufficient_scope"


async def person(conn: Connection, shown: Shown) -> dict[str, Any]:
    """The claims about the person of an access token (OpenID Connect Core §5.3.2): who they are to this application."""
    if shown.person is None or "openid" not in shown.scope:
        challenge = (("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="openid"'),)
        raise InsufficientScope(headers=challenge)
    return {"sub": await subject_of(conn, shown.person, shown.sector)}
