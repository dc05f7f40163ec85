"""`Gateway`: a key decides. Public tenants are read by anyone; writes need the operator's key or an organisation's own."""

import time
from collections.abc import Mapping

from hiroba.base.db import Pool, transaction
from hiroba.base.errors import Forbidden, Unauthorized
from hiroba.exchange.broker.access import Action, Pass
from hiroba.exchange.identity.callers import ANYONE, NOBODY, OPERATOR, Caller, client
from hiroba.exchange.identity.credentials import caller_of, is_key

MAY = {"read": (ANYONE,), "write": (OPERATOR, client("publish")), "administer": (OPERATOR,)}
"""Who may do what at the NGSI-LD face."""

REMEMBERED = 1.0
"""Seconds a key is known without asking again: the bound within which a revocation holds (grants are never remembered)."""


class Gateway:
    """The real access."""

    creates_tenants = False

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[str, tuple[float, Caller]] = {}

    async def admit(self, action: Action, tenant: str, headers: Mapping[str, str]) -> Pass:
        """The pass of the caller whose key the headers carry."""
        del tenant  # personal tenants, closed to all but grants, come with the grants
        caller = await self._caller(headers)
        caller.must_be(MAY[action])
        if action != "read" and caller.kind != "operator" and not caller.organisation:
            raise Forbidden("This key belongs to no organisation, so there is nothing it could own.")
        return Pass(owner=caller.organisation, everywhere=caller.kind == "operator")

    async def _caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls. A key is remembered for a second; an access token is asked for each time: its end holds at once."""
        authorization = headers.get("authorization", "")
        if not authorization:
            return NOBODY
        until, caller = self._known.get(authorization, (0.0, NOBODY))
        if until < time.monotonic():
            async with transaction(self._pool) as conn:
                caller = await caller_of(conn, headers)
            if caller is NOBODY:
                raise Unauthorized("Send the key as: Authorization: Bearer KEY")
            if is_key(headers):
                if len(self._known) > 10_000:  # noqa: PLR2004 - a bound on memory, not on callers
                    self._known.clear()
                self._known[authorization] = (time.monotonic() + REMEMBERED, caller)
        return caller
