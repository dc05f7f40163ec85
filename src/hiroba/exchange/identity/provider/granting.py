"""The ways to tokens, one function each: what is sent is turned into an answer, or refused (RFC 6749 §4, §6)."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.ids import ulid
from hiroba.exchange.identity.organisations.model import Application, scopes_of
from hiroba.exchange.identity.provider import issuing, telling
from hiroba.exchange.identity.provider.errors import InvalidGrant, InvalidRequest, InvalidScope
from hiroba.exchange.identity.provider.forms import needed
from hiroba.exchange.identity.provider.store import codes, refreshing
from hiroba.exchange.identity.tokens import store
from hiroba.exchange.identity.tokens.store import Family

VERIFIER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""The signs of a code_verifier (RFC 7636 §4.1)."""


class Asking(msgspec.Struct, frozen=True):
    """Who asks for tokens, with what, and to which key they are to be bound."""

    issuer: str
    application: Application
    form: Mapping[str, str]
    thumbprint: str | None


async def for_itself(conn: Connection, asking: Asking) -> dict[str, Any]:
    """client_credentials (RFC 6749 §4.4): the application calls the exchange, for exactly one purpose of its own."""
    application = asking.application
    asked = asking.form.get("scope", "").split()
    if len(asked) != 1 or asked[0] not in scopes_of(application.purposes):
        raise InvalidScope("Ask for one scope, purpose:name@version, of those this application is registered for.")
    family = Family(
        id=ulid(), application=application.id, scope=asked, thumbprint=asking.thumbprint, made=clock.now()
    )  # fmt: skip
    await store.add_family(conn, family)
    return await issuing.access(conn, family, asked)


async def for_a_code(conn: Connection, asking: Asking) -> dict[str, Any]:
    """authorization_code (RFC 6749 §4.1.3) with PKCE (RFC 7636 §4.6). A second use ends what the first one brought."""
    code = await codes.code(conn, needed(asking.form, "code"))
    if code is None or code.application != asking.application.id:
        raise InvalidGrant
    if code.family is not None:
        await store.end_family(conn, code.family, code.application)
        raise InvalidGrant("The code was used before; what it was turned into has ended.")
    asked = code.asked
    if needed(asking.form, "redirect_uri") != asked.redirect_uri:
        raise InvalidGrant("The redirect_uri is another one than in the authorization request.")
    if not is_verifier(needed(asking.form, "code_verifier"), asked.challenge):
        raise InvalidGrant("The code_verifier does not fit the code_challenge.")
    if asked.thumbprint not in (None, asking.thumbprint):
        raise InvalidGrant("The code is bound to another key (dpop_jkt).")
    lives_on = "offline_access" in asked.scope
    family = Family(
        id=ulid(), application=code.application, person=code.person, session=None if lives_on else code.session,
        scope=asked.scope, level=code.level, proved=code.proved, thumbprint=asking.thumbprint, made=clock.now(),
    )  # fmt: skip
    await store.add_family(conn, family)
    await codes.use_up(conn, asking.form["code"], family.id)
    answer = await issuing.access(conn, family, asked.scope)
    if "refresh_token" in asking.application.grants:
        answer["refresh_token"] = await issuing.refresh(conn, family)
    signed_in = issuing.SignedIn(asking.issuer, asked.nonce, code.sid)
    answer["id_token"] = await issuing.id_token(conn, asking.application, family, signed_in, answer["access_token"])
    await telling.signed_in(conn, code.person, code.application, code.level)
    return answer


async def for_a_refresh_token(conn: Connection, asking: Asking) -> dict[str, Any]:
    """refresh_token (RFC 6749 §6), each used once: whoever sends an old one ends the family (RFC 9700 §4.14.2)."""
    sent = needed(asking.form, "refresh_token")
    kept = await refreshing.refresh_token(conn, sent)
    if kept is None or kept.application != asking.application.id:
        raise InvalidGrant
    if kept.used:
        await store.end_family(conn, kept.family, kept.application)
        raise InvalidGrant("The refresh token was used before; everything that came of this sign-in has ended.")
    family = await store.family(conn, kept.family)
    if family is None:
        raise InvalidGrant("The session this token belongs to is over.")
    if family.thumbprint not in (None, asking.thumbprint):
        raise InvalidGrant("The token is bound to another key.")
    scope = narrowed(asking.form.get("scope"), family.scope)
    answer = await issuing.access(conn, family, scope)
    if rotates(asking.application, family):
        await refreshing.use_up(conn, sent)
        answer["refresh_token"] = await issuing.refresh(conn, family)
    else:
        answer["refresh_token"] = sent
    if family.person is not None and "openid" in scope:
        answer["id_token"] = await issuing.id_token(
            conn, asking.application, family, issuing.SignedIn(asking.issuer), answer["access_token"]
        )
    return answer


def rotates(application: Application, family: Family) -> bool:
    """Whether a refresh token is used once. One bound to two keys of the application is not (FAPI 2.0 §5.3.2.1)."""
    return not (application.auth_method == "private_key_jwt" and family.thumbprint)


def narrowed(asked: str | None, given: list[str]) -> list[str]:
    """The scope of the new token: what was given, or the part of it that is asked for (RFC 6749 §6)."""
    if asked is None:
        return given
    wanted = asked.split()
    if not wanted or not set(wanted) <= set(given):
        raise InvalidScope("A refreshed token has no more scope than the first one.")
    return [one for one in given if one in wanted]


def is_verifier(verifier: str, challenge: str) -> bool:
    """Whether the challenge was made of this verifier (RFC 7636 §4.6, S256)."""
    if not 43 <= len(verifier) <= 128 or not set(verifier) <= VERIFIER:  # noqa: PLR2004 - RFC 7636 §4.1
        raise InvalidRequest("A code_verifier has 43 to 128 signs of A-Z a-z 0-9 - . _ ~.")
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(made, challenge)
