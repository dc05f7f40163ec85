"""What the operator sees and does of notifications that could not be delivered."""

from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import Parameter

from hiroba.base import clock
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.broker.delivery.store import letters
from hiroba.exchange.broker.delivery.store.letters import Chosen, Letter
from hiroba.exchange.identity.callers import OPERATOR

Tenant = Annotated[str | None, Parameter(description="Only of this tenant; empty: the region's own.")]
Subscription = Annotated[str | None, Parameter(description="Only of this subscription.")]
Number = Annotated[int | None, Parameter(description="Only this one.")]
After = Annotated[int, Parameter(ge=0, description="Begin behind this number.")]
Limit = Annotated[int, Parameter(ge=1, le=1000, description="At most so many.")]


class Done(msgspec.Struct, frozen=True):
    """How many it were."""

    count: int


class DeadLetters(Controller):
    """Notifications that were given up."""

    path = "/api/v1/dead-letters"
    tags = ("Exchange",)
    opt = {"may": (OPERATOR,), "exclude_from_csrf": True}  # noqa: RUF012 - Litestar's own declaration

    @get(summary="Notifications that were given up")
    async def all(
        self, conn: GivenConnection, *, tenant: Tenant = None, subscription: Subscription = None,
        after: After = 0, limit: Limit = 100,
    ) -> list[Letter]:  # fmt: skip
        """Dead letters by number: why each was given up, and after how many attempts."""
        return await letters.letters(conn, Chosen(tenant, subscription), after=after, most=limit)

    @post("/replay", status_code=200, summary="Send them again")
    async def replay(
        self, conn: GivenConnection, *, tenant: Tenant = None, subscription: Subscription = None, number: Number = None
    ) -> Done:
        """Owe dead letters once more, in their order, behind whatever is owed by now."""
        return Done(await letters.replay(conn, Chosen(tenant, subscription, number), clock.now()))

    @delete(status_code=200, summary="Throw them away")
    async def throw_away(
        self, conn: GivenConnection, *, tenant: Tenant = None, subscription: Subscription = None, number: Number = None
    ) -> Done:
        """Remove dead letters; after thirty days they go by themselves."""
        return Done(await letters.throw_away(conn, Chosen(tenant, subscription, number)))
