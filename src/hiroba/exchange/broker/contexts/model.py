"""What is known of an @context that the exchange keeps (CIM 009 §5.13.1)."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import orjson

Kind = Literal["Hosted", "Cached", "ImplicitlyCreated"]
KINDS: Final = ("Hosted", "Cached", "ImplicitlyCreated")
PATH: Final = "/ngsi-ld/v1/jsonldContexts/"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One kept @context."""

    tenant: str
    id: str
    kind: Kind
    url: str = ""
    """Where a Cached one comes from."""
    owner: str = ""
    body: str
    """The value of @context, as JSON."""
    created: datetime
    expires: datetime | None = None
    etag: str = ""
    changed: str = ""
    """Last-Modified of its download."""
    used: datetime | None = None
    hits: int = 0
    version: int = 0

    @property
    def source(self) -> Any:
        """The value of @context."""
        return orjson.loads(self.body)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A downloaded @context and how long it may be believed."""

    body: str
    expires: datetime
    etag: str = ""
    changed: str = ""
