"""`Gateway`: who calls decides. What is declared public anyone reads; all else takes the key or token of an organisation."""

import time
from collections.abc import Mapping
from typing import Final

from hiroba.base.db import Pool, reading, transaction
from hiroba.base.errors import Forbidden, Unauthorized
from hiroba.exchange.audit.log import Log
from hiroba.exchange.broker.access import Action, Pass, Personal, PersonalDataClosed
from hiroba.exchange.gateway.sight.gate import Gate, sight_of
from hiroba.exchange.gateway.sight.store import Recipient
from hiroba.exchange.gateway.tenants import store as tenants
from hiroba.exchange.gateway.tenants.rules import CLOSED, HOME, Tenant
from hiroba.exchange.identity.callers import ANYONE, NOBODY, OPERATOR, Caller, client
from hiroba.exchange.identity.credentials import caller_of, is_key
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.organisations.store import application
from hiroba.exchange.identity.tokens.outside import Issuer

MAY = {"read": (ANYONE,), "write": (OPERATOR, client("publish")), "administer": (OPERATOR,)}
"""Who may do what at the NGSI-LD face."""

REMEMBERED = 1.0
"""Seconds a key is known without asking again: the bound within which a revocation holds (grants are never remembered)."""
RELEASES: Final = 16
"""Connections of the gateway's pool: each answer about people that is on its way holds one."""


class Gateway:
    """The real access."""

    creates_tenants = False

    def __init__(self, pool: Pool, log: Log, issuer: Issuer | None = None) -> None:
        self._pool = pool
        self._log = log
        self._issuer = issuer
        self._known: dict[str, tuple[float, Caller]] = {}
        self._tenants: dict[str, tuple[float, Tenant]] = {}
        self._applications: dict[str, tuple[float, Application | None]] = {}

    async def admit(
        self, action: Action, tenant: str, headers: Mapping[str, str], personal: Personal = "closed"
    ) -> Pass:
        """The pass of the caller whose key the headers carry."""
        declared = await self._declared(tenant)
        if declared.personal:
            return await self._into_personal(declared, personal, tenant, headers)
        caller = await self._caller(headers)
        caller.must_be(MAY[action])
        if tenant:
            declared.must_let(caller, action)
        if action != "read" and caller.kind != "operator" and not caller.organisation:
            raise Forbidden("This key belongs to no organisation, so there is nothing it could own.")
        return Pass(owner=caller.organisation, everywhere=caller.kind == "operator")

    async def _declared(self, tenant: str) -> Tenant:
        """What is declared about a tenant, remembered for a second; that it is personal never changes once it is there."""
        if not tenant:
            return HOME
        until, declared = self._tenants.get(tenant, (0.0, CLOSED))
        if until < time.monotonic():
            async with reading(self._pool) as conn:
                declared = await tenants.tenant(conn, tenant)
            if len(self._tenants) > 10_000:  # noqa: PLR2004 - as below
                self._tenants.clear()
            self._tenants[tenant] = (time.monotonic() + REMEMBERED, declared)
        return declared

    async def _into_personal(
        self, declared: Tenant, personal: Personal, tenant: str, headers: Mapping[str, str]
    ) -> Pass:
        """The pass into a tenant of personal data: for registered applications alone, and for what an operation is there."""
        if personal == "closed":
            raise PersonalDataClosed
        caller = await self._caller(headers)
        caller.must_be((client(""),))
        known = await self._application(caller.id)
        if known is None:
            raise Forbidden("Personal data are for registered applications that are not suspended.")
        asked = Recipient(tenant, known.id, known.sector, caller.purpose)
        gate = Gate(self._pool, self._log, asked)
        if personal == "write":
            caller.must_be((client("publish"),))
            declared.must_let(caller, "write")
            if not caller.organisation:
                raise Forbidden("This key belongs to no organisation, so there is nothing it could own.")
            return Pass(owner=caller.organisation, gate=gate)
        if not caller.purpose or caller.purpose not in known.purposes:
            await gate.refuse("the application may not ask for this purpose")
            raise Forbidden(f"{known.id} may not ask for the purpose {caller.purpose or 'of nothing'}.")
        owner = f"{known.id} {caller.purpose}"
        if personal == "subscribe":
            return Pass(owner=owner, gate=gate)
        await gate.name_everybody()
        return Pass(owner=owner, gate=gate, sight=sight_of(asked))

    async def subscriber(self, tenant: str, owner: str) -> Pass | None:
        """The pass of an application and its purpose, which own a subscription together, as it is now."""
        application_, _, purpose = owner.partition(" ")
        known = await self._application(application_)
        if known is None or purpose not in known.purposes or not (await self._declared(tenant)).personal:
            return None
        asked = Recipient(tenant, known.id, known.sector, purpose)
        gate = Gate(self._pool, self._log, asked)
        await gate.name_everybody()
        return Pass(owner=owner, gate=gate, sight=sight_of(asked))

    async def _application(self, id_: str) -> Application | None:
        """A registered application, unless it is suspended."""
        until, known = self._applications.get(id_, (0.0, None))
        if until < time.monotonic():
            async with reading(self._pool) as conn:
                known = await application(conn, id_)
            if len(self._applications) > 10_000:  # noqa: PLR2004 - as below
                self._applications.clear()
            self._applications[id_] = (time.monotonic() + REMEMBERED, known)
        return None if known is None or known.state == "suspended" else known

    async def _caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls. A key is remembered for a second; an access token is asked for each time: its end holds at once."""
        authorization = headers.get("authorization", "")
        if not authorization:
            return NOBODY
        until, caller = self._known.get(authorization, (0.0, NOBODY))
        if until < time.monotonic():
            async with transaction(self._pool) as conn:
                caller = await caller_of(conn, headers, issuer=self._issuer)
            if caller is NOBODY:
                raise Unauthorized("Send the key as: Authorization: Bearer KEY")
            if is_key(headers):
                if len(self._known) > 10_000:  # noqa: PLR2004 - a bound on memory, not on callers
                    self._known.clear()
                self._known[authorization] = (time.monotonic() + REMEMBERED, caller)
        return caller
