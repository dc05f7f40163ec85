"""A copy of a subscription at a context source, as it is kept here."""

import secrets
from typing import Any, Final, Literal

import msgspec

PATH: Final = "/ngsi-ld/ex/remote-notify"
"""Where sources send what they have to tell; the standard leaves the place to the broker (§5.8.1.4)."""
State = Literal["absent", "unsure", "there"]
"""At the source: it was never sent; it was, and nobody knows what became of it; it is there."""


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy, wanted or to be deleted."""

    remote: str
    """Its id, chosen here; whoever knows it may notify, so that it is a secret between the source and this house."""
    named: str
    """The id the source says it has there."""
    tenant: str
    subscription: str
    registration: str
    source: dict[str, Any]
    """The registration's document, names expanded, as it was when it last matched."""
    owner: str = ""
    """Of the registration."""
    digest: bytes
    """Of what the source is to have."""
    revision: int = 1
    wanted: bool = True
    state: State = "absent"
    members: tuple[str, ...] = ()
    """Of the document, as the source was sent it last."""
    tries: int = 0


def new_id() -> str:
    """The id of a new copy: 128 bits of chance."""
    return f"urn:ngsi-ld:Subscription:{secrets.token_hex(16)}"
