"""What an organisation and an application are, and which statements about an application are refused. Pure."""

from collections.abc import Iterable
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from hiroba.base.errors import Invalid
from hiroba.exchange.identity.tokens import jose

AuthMethod = Literal["none", "client_secret_basic", "private_key_jwt"]
State = Literal["sandbox", "production", "suspended"]
Algorithm = Literal["RS256", "ES256"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
Grant = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
]
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts to which a browser may be sent without TLS (RFC 8252 §7.3)."""


class Organisation(msgspec.Struct, frozen=True):
    """Somebody who answers for applications."""

    id: str
    """`org:` and a name: `org:mutsu`."""
    title: dict[str, str]
    """Language map; `ja` at least."""
    owns: str = ""
    """The owner of entities its applications write: the code of its municipality; empty: its id."""
    url: str = ""
    contact: str = ""

    @property
    def owner(self) -> str:
        """What the exchange writes as the owner of its entities."""
        return self.owns or self.id


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A program that may sign people in, call the exchange, or both (names of its metadata: RFC 7591 §2)."""

    id: str
    """The client_id."""
    organisation: str
    title: dict[str, str]
    """Language map; people read it when they are asked for consent."""
    state: State = "sandbox"
    """`sandbox`: tried out, and people are told so; `production`: approved; `suspended`: nothing it holds works."""
    sector: str = ""
    """Under which sector people are known to it; empty: its own. Fixed once registered."""
    auth_method: AuthMethod = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    grants: tuple[Grant, ...] = ("authorization_code", "refresh_token")
    purposes: tuple[str, ...] = ()
    """What it may call the exchange for, each `name@version`; asked as the scope `purpose:name@version`."""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    policy_uri: str = ""
    """Where people read what it does with what it learns."""
    signing_alg: Algorithm = "RS256"
    dpop_bound: bool = False
    """Whether its tokens are always bound to a key of its own (RFC 9449)."""
    pushed_only: bool = False
    """Whether its authorization requests have to be pushed (RFC 9126)."""

    @property
    def is_public(self) -> bool:
        """Whether it can keep no secret (RFC 6749 §2.1)."""
        return self.auth_method == "none"

    def with_sector(self) -> "Application":
        """The same with its sector filled in: its own, unless it declares its organisation's."""
        sector = self.sector or f"app:{self.id}"
        return msgspec.structs.replace(self, sector=sector)


def check(application: Application) -> None:
    """Nothing, or the problem with what is stated about an application."""
    if not application.title.get("ja"):
        raise Invalid("The title needs a text in Japanese (ja): people read it when they are asked for consent.")
    if application.sector not in ("", f"app:{application.id}", f"app:{application.organisation}"):
        raise Invalid(
            f"The sector is its own (app:{application.id}) or its organisation's: app:{application.organisation}."
        )
    _check_keys(application)
    _check_grants(application)
    for uri in application.redirect_uris:
        _check_browser_address(uri, private_scheme=application.is_public)
    for uri in application.post_logout_redirect_uris:
        _check_browser_address(uri, private_scheme=application.is_public)
    for uri in filter(None, (application.backchannel_logout_uri, application.policy_uri)):
        _check_browser_address(uri, private_scheme=False)


def _check_keys(application: Application) -> None:
    if application.auth_method == "private_key_jwt":
        jose.public_keys(application.jwks)
    elif application.jwks is not None:
        raise Invalid("Keys (jwks) are those of private_key_jwt; this application authenticates otherwise.")


def _check_grants(application: Application) -> None:
    grants = application.grants
    if application.is_public and "client_credentials" in grants:
        raise Invalid("An application that can keep no secret has no credentials of its own (RFC 6749 §4.4).")
    if "authorization_code" in grants and not application.redirect_uris:
        raise Invalid("Signing people in needs at least one redirect_uri.")
    if any(not purpose or " " in purpose or not purpose.isprintable() for purpose in application.purposes):
        raise Invalid("A purpose is one word: name@version.")


def _check_browser_address(uri: str, *, private_scheme: bool) -> None:
    """An address a browser may be sent to: https, http on this very device, or an app's own scheme (RFC 8252 §7)."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(f"{uri[:200]} is no address.") from None
    whole = uri.isascii() and uri.isprintable() and not set(uri) & set(' <>"\\^`{|}*') and not parts.fragment
    web = (
        host and "@" not in parts.netloc and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    )
    own = private_scheme and "." in parts.scheme and not parts.netloc
    if not whole or uri.endswith("#") or not (web or own):
        raise Invalid(f"{uri[:200]} has to be https, or http on loopback, complete and without a fragment.")


def scopes_of(purposes: Iterable[str]) -> list[str]:
    """The scopes by which purposes are asked for."""
    return [f"purpose:{purpose}" for purpose in purposes]
