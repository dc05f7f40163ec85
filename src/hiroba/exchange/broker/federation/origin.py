"""The request that is distributed: what its forwarded parts take over from it."""

from collections.abc import Mapping

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.federation import via


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, in whose words, and through whom."""

    tenant: str
    context: Context
    headers: Mapping[str, str]
    """The request's headers, names in lower case."""

    @property
    def via(self) -> str:
        """The Via header as it came."""
        return self.headers.get("via", "")

    @property
    def seen(self) -> frozenset[str]:
        """Aliases of the brokers it has come through."""
        return via.pseudonyms(self.via)
