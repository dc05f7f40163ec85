"""Subscriptions to entities and to context sources: create, query, retrieve, update, delete (CIM 009 §6.10 to §6.13)."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Unauthorized
from hiroba.exchange.broker.access import Personal
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.errors import OperationNotSupported, ResourceNotFound
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.ngsi_ld import distributed
from hiroba.exchange.broker.ngsi_ld.entities import BASE
from hiroba.exchange.broker.ngsi_ld.http import JSON_LD, Answer, Request, context_link, json
from hiroba.exchange.broker.ngsi_ld.pages import window
from hiroba.exchange.broker.subscriptions.kept import Kept
from hiroba.exchange.broker.subscriptions.model import Stored
from hiroba.exchange.broker.subscriptions.writing import write


class Face(msgspec.Struct, frozen=True):
    """The operations on subscriptions of one kind."""

    path: str
    kept: Callable[[Exchange], Kept]
    personal: Personal = "closed"

    async def create(self, request: Request, exchange: Exchange) -> Answer:
        """Create a subscription (§5.8.1, §5.11.2)."""
        document, context = await request.document()
        _must_follow_changes(request, document)
        distributed.must_not_have_come_back(request, exchange)
        id_ = await self.kept(exchange).create(
            request.tenant, request.admitted.owner, document, context, via=request.headers.get("via", "")
        )
        await self._written(exchange)
        return Answer(201, headers=[("location", f"{BASE}{self.path}/{quote(id_, safe=':')}")])

    async def query(self, request: Request, exchange: Exchange) -> Answer:
        """The subscriptions there are, a page of the caller's own (§5.8.4, §5.11.5)."""
        context = await request.context()
        request.negotiate()
        owner = _owner(request)
        page = window(request)
        kept = self.kept(exchange)
        total = await kept.count(request.tenant, owner)
        start = min(page.offset, max(0, total - 1))
        found = await kept.page(request.tenant, owner, limit=page.limit, offset=start)
        now, system = clock.now(), request.flag("sysAttrs")
        written = [write(stored, state, context, now, system=system, triggers=kept.triggers) for stored, state in found]
        return _answer(request, context, written, page.headers(request, self.path, total))

    async def retrieve(self, request: Request, exchange: Exchange, id_: str) -> Answer:
        """Retrieve a subscription (§5.8.3, §5.11.4)."""
        context = await request.context()
        request.negotiate()
        owner = _owner(request)
        kept = self.kept(exchange)
        stored, state = await kept.one(request.tenant, _id(id_))
        if owner is not None and stored.owner != owner:
            raise ResourceNotFound(f"There is no subscription {id_}.")
        system = request.flag("sysAttrs")
        written = write(stored, state, context, clock.now(), system=system, triggers=kept.triggers)
        return _answer(request, context, written, [])

    async def update(self, request: Request, exchange: Exchange, id_: str) -> Answer:
        """Update a subscription (§5.8.2, §5.11.3)."""
        document, context = await request.document(patch=True)
        _must_follow_changes(request, document)
        await self.kept(exchange).change(
            request.tenant, _id(id_), document, context, lambda stored: _must_own(request, stored)
        )
        await self._written(exchange)
        return Answer(204)

    async def delete(self, request: Request, exchange: Exchange, id_: str) -> Answer:
        """Delete a subscription (§5.8.5, §5.11.6)."""
        await self.kept(exchange).remove(request.tenant, _id(id_), lambda stored: _must_own(request, stored))
        await self._written(exchange)
        return Answer(204)

    async def _written(self, exchange: Exchange) -> None:
        await exchange.follower.catch_up(self.kept(exchange).memory)
        exchange.forwarder.wake()


ENTITIES: Final = Face("/subscriptions", lambda exchange: exchange.subscriptions, "subscribe")
SOURCES: Final = Face("/csourceSubscriptions", lambda exchange: exchange.subscribers)


def _must_follow_changes(request: Request, document: Any) -> None:
    """Nothing, or the problem that of people's data only changes are told."""
    if request.admitted.gate is not None and isinstance(document, dict) and document.get("timeInterval"):
        raise OperationNotSupported("Of personal data changes are told, not everything again after some time.")


def _id(id_: str) -> str:
    return names.uri(id_, "The subscription's id")


def _must_own(request: Request, stored: Stored) -> None:
    request.admitted.must_own(stored.owner)


def _owner(request: Request) -> str | None:
    """Whose subscriptions are shown, None for everybody's; they hold secrets of receivers, even in a public tenant."""
    if request.admitted.everywhere:
        return None
    if not request.admitted.owner:
        raise Unauthorized("Subscriptions are shown to those who made them. Send the key as: Authorization: Bearer KEY")
    return request.admitted.owner


def _answer(request: Request, context: Context, document: Any, headers: list[tuple[str, str]]) -> Answer:
    if request.accepts != JSON_LD:
        return json(200, document, headers=[*headers, context_link(context)])
    for one in document if isinstance(document, list) else [document]:
        one["@context"] = context.source
    return json(200, document, media_type=JSON_LD, headers=headers)
