"""Every setting of the house, read once from the environment. A room gets its own part and never reads this."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hiroba.base.egress import trusting
from hiroba.base.errors import Stop


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field per setting; `HIROBA_PORT` sets `port`, and so on. `DATABASE_URL` is read under its usual name."""

    data: Path = Path("data")
    """Where the house keeps everything: the embedded PostgreSQL, the operator's key, who runs."""
    host: str = "127.0.0.1"
    """The address the server binds to."""
    port: int = 8026
    """The port of the exchange and the door."""
    database_url: str = ""
    """A PostgreSQL of your own (15 to 18); empty: the embedded one below `data`."""
    open: bool = False
    """The exchange without access control, on loopback only: a scratch broker for tests and conformance suites."""
    public_url: str = ""
    """How residents reach the house, when a proxy stands before it; empty: http://host:port."""
    egress_allow: tuple[str, ...] = ()
    """Addresses or networks that may be called besides public ones, for example 10.1.0.0/16."""
    egress_ca: str = ""
    """A PEM file of certificate authorities that https and mqtts may use besides the system's: that of a receiver of your own."""
    contexts: str = ""
    """A folder of JSON-LD @contexts for places without a network: example.org/a.jsonld in it is https://example.org/a.jsonld."""
    sample: str = "standard"
    """The sample region of the first start: `standard`, or `none`."""
    temporal_page: int = 0
    """Attribute instances of one answer about the past, before it is a part (206); 0: 1000, or 30 with `open`."""
    history_days: tuple[str, ...] = ()
    """Days the past is kept, by recording; also by type: `365,https://…#Device=30`. Empty: for ever."""
    tiles: str = "https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png"
    """Map tiles laid over the offline base map when the network is there; empty: none."""

    mail: str = ""
    """The mail server, `smtps://user:password@host:465` or `smtp://host:587`; empty: files in `data`/mail (a stand-in)."""
    mail_from: str = "hiroba@localhost"
    """The address letters come from."""
    token_issuer: str = ""
    """Another OpenID Provider whose access tokens for this house are taken too, for example a Keycloak realm; empty: none."""
    upstream: str = ""
    """The issuer of the upstream sign-in; `none`; `fake`, the stand-in. Empty: the stand-in on loopback, none for the public."""
    upstream_client: str = ""
    """Our client id there, as the provider gave it at registration."""
    upstream_key: str = ""
    """A file with our private key there, a JWK (EC P-256 or RSA)."""
    upstream_acr: str = ""
    """Classes of authentication that are asked for there, with spaces, one of which its answer must name: `aal3`. Empty: any."""
    officers_passkey: str = ""
    """Whether officers need a passkey after the operator's link, `yes` or `no`. Empty: yes where the house has https."""

    @property
    def fake_upstream(self) -> bool:
        """Whether the upstream sign-in is the stand-in, which lets anybody in as an invented person."""
        return self.upstream == "fake" or (not self.upstream and not self.public_url and self.host in _LOOPBACK)

    @property
    def officers_need_passkeys(self) -> bool:
        """Whether an officer's link alone opens nothing."""
        return self.officers_passkey == "yes" or (not self.officers_passkey and self.url.startswith("https"))

    @property
    def instances_of_a_page(self) -> int:
        """Attribute instances of one answer about the past."""
        return self.temporal_page or (30 if self.open else 1000)

    @property
    def url(self) -> str:
        """Where the house is reached, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LISTS = frozenset({"egress_allow", "history_days"})
"""Settings that are lists with commas."""


def read(environment: Mapping[str, str] = os.environ, **given: object) -> Settings:
    """The settings: a default, over it the environment, over that what the command line gives (None: not given)."""
    found: dict[str, object] = {}
    for name in Settings.__struct_fields__:
        key = "DATABASE_URL" if name == "database_url" else f"HIROBA_{name.upper()}"
        value = environment.get(key, "")
        if value or (name == "tiles" and key in environment):  # no tiles is a choice; any other empty value is none
            found[name] = [part.strip() for part in value.split(",")] if name in _LISTS else value
    found |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(found, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise Stop(
            f"a setting cannot be read: {error}. Settings come from HIROBA_… variables and the command line."
        ) from None
    if settings.fake_upstream and (settings.host not in _LOOPBACK or settings.public_url):
        raise Stop(
            "HIROBA_UPSTREAM=fake lets anybody in as an invented person and is for loopback only. Name an issuer, or none."
        )
    if settings.egress_ca:
        trusting(settings.egress_ca)
    if settings.open and settings.host not in _LOOPBACK:
        raise Stop("--open has no access control and binds loopback only. Leave --host out, or leave --open out.")
    return settings


def write(settings: Settings) -> dict[str, str]:
    """The environment from which `read` gives the same settings: how a child process is told."""
    environment = {}
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        text = (
            ",".join(value)
            if isinstance(value, tuple)
            else "1"
            if value is True
            else ""
            if value is False
            else str(value)
        )
        environment["DATABASE_URL" if name == "database_url" else f"HIROBA_{name.upper()}"] = text
    return environment
