"""An authorization request, checked (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 7636 §4.3). Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.provider import errors
from hiroba.exchange.identity.provider.errors import InvalidRequest, InvalidScope
from hiroba.exchange.identity.provider.forms import needed
from hiroba.exchange.identity.provider.metadata import LEVELS, SCOPES

LONGEST: Final = 1000
"""Characters of a state or nonce, which are kept and given back."""
SHA256: Final = 43
"""Characters of a SHA-256 in base64url: a challenge, a thumbprint."""
BASE64URL: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
OLDEST: Final = 10**9
"""Seconds of the largest max_age."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an application asks for."""

    redirect_uri: str
    scope: list[str]
    challenge: str
    state: str = ""
    nonce: str = ""
    prompt: list[str] = []
    max_age: int | None = None
    level: str = ""
    """The least level that would do, of those asked for by acr_values; "": any."""
    login_hint: str = ""
    id_token_hint: str = ""
    thumbprint: str | None = None
    """The key that whoever brings the code has to hold (RFC 9449 §10)."""
    pushed: str = ""
    """By which pushed request it came; that one is over when this one is answered."""


def redirect_uri_of(form: Mapping[str, str], application: Application) -> str:
    """The address that is answered at: exactly one of the registered ones. Without it nobody is sent anywhere."""
    asked = needed(form, "redirect_uri")
    if any(_is(asked, registered) for registered in application.redirect_uris):
        return asked
    raise InvalidRequest("This redirect_uri is not registered for the application.")


def _is(asked: str, registered: str) -> bool:
    """The same text; on the loopback of an app's own device any port will do (RFC 8252 §7.3)."""
    for loopback in ("http://127.0.0.1", "http://[::1]"):
        if registered.startswith((f"{loopback}/", f"{loopback}:")) and asked.startswith(
            (f"{loopback}/", f"{loopback}:")
        ):
            return _without_port(asked, loopback) == _without_port(registered, loopback)
    return asked == registered


def _without_port(uri: str, loopback: str) -> str:
    port, slash, path = uri.removeprefix(loopback).partition("/")
    return slash + path if port == "" or (port[0] == ":" and port[1:].isdecimal() and port.isascii()) else uri


def checked(form: Mapping[str, str], application: Application) -> Asked:
    """The request, or the error that the application is told at its redirect_uri."""
    _refuse_what_is_not_read(form)
    if "authorization_code" not in application.grants:
        raise errors.UnauthorizedClient
    if needed(form, "response_type") != "code":
        raise errors.UnsupportedResponseType
    if form.get("response_mode", "query") != "query":
        raise InvalidRequest("The response_mode is query.")
    return Asked(
        redirect_uri=redirect_uri_of(form, application),
        scope=_scope(form, application),
        challenge=_challenge(form),
        state=_bounded(form, "state"),
        nonce=_bounded(form, "nonce"),
        prompt=_prompt(form),
        max_age=_max_age(form),
        level=_level(form),
        login_hint=_bounded(form, "login_hint"),
        id_token_hint=form.get("id_token_hint", ""),
        thumbprint=_thumbprint(form),
    )


def bound(asked: Asked, thumbprint: str) -> Asked:
    """The same request, its code bound to a key (RFC 9449 §10.1)."""
    return msgspec.structs.replace(asked, thumbprint=thumbprint)


def _refuse_what_is_not_read(form: Mapping[str, str]) -> None:
    if "request" in form:
        raise errors.RequestNotSupported
    if "request_uri" in form:
        raise errors.RequestUriNotSupported
    if "registration" in form:
        raise errors.RegistrationNotSupported


def _scope(form: Mapping[str, str], application: Application) -> list[str]:
    """What is understood of the scope. `openid` has to be there; a purpose is nothing a sign-in gives."""
    asked = needed(form, "scope").split()
    if "openid" not in asked:
        raise InvalidScope("The scope has to hold openid.")
    if any(scope.startswith("purpose:") for scope in asked):
        raise InvalidScope("A purpose is asked for by client_credentials; persons agree to it as a grant.")
    offline = "refresh_token" in application.grants
    return [scope for scope in SCOPES if scope in asked and (scope != "offline_access" or offline)]


def _challenge(form: Mapping[str, str]) -> str:
    challenge = needed(form, "code_challenge")
    if form.get("code_challenge_method") != "S256":
        raise InvalidRequest("The code_challenge_method has to be S256.")
    if len(challenge) != SHA256 or not set(challenge) <= BASE64URL:
        raise InvalidRequest("The code_challenge is no SHA-256 in base64url.")
    return challenge


def _thumbprint(form: Mapping[str, str]) -> str | None:
    given = form.get("dpop_jkt")
    if given is not None and (len(given) != SHA256 or not set(given) <= BASE64URL):
        raise InvalidRequest("The dpop_jkt is no SHA-256 in base64url.")
    return given


def _bounded(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if len(value) > LONGEST:
        raise InvalidRequest(f"{name} is longer than {LONGEST} characters.")
    return value


def _prompt(form: Mapping[str, str]) -> list[str]:
    asked = form.get("prompt", "").split()
    if not set(asked) <= PROMPTS or ("none" in asked and len(asked) > 1):
        raise InvalidRequest("prompt is none, or some of login, consent and select_account.")
    return asked


def _max_age(form: Mapping[str, str]) -> int | None:
    given = form.get("max_age")
    if given is None:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > len(str(OLDEST)):
        raise InvalidRequest("max_age is a number of seconds.")
    return min(int(given), OLDEST)


def _level(form: Mapping[str, str]) -> str:
    """The weakest of the levels that would do: each of them is one the application is content with."""
    known = [level for level in LEVELS if level in form.get("acr_values", "").split()]
    return known[0] if known else ""
