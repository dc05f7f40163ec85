"""Sources asked to make, change or delete their copies, until it is so (CIM 009 §5.8.1.4, §5.8.5.4)."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from hiroba.base import clock
from hiroba.base.db import AWAY, transaction
from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.context import CORE, Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.federation.calls import Reply
from hiroba.exchange.broker.federation.forwarding import Call
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.forwarded import copying, store
from hiroba.exchange.broker.forwarded.model import Copy
from hiroba.exchange.broker.forwarded.planning import Around, Planner
from hiroba.exchange.broker.forwarded.store import Key
from hiroba.exchange.broker.model import NULL
from hiroba.exchange.broker.sources import reading
from hiroba.exchange.broker.sources.model import Registration
from hiroba.exchange.broker.subscriptions.model import Stored

log = logging.getLogger("hiroba.forwarded")
AT_ONCE: Final = 64
"""Copies that are carried out at the same time."""
OF_ONE: Final = 8
"""Of these, at most so many at one source, so that a slow one leaves room for the others."""
LEASE: Final = timedelta(seconds=90)
"""After this time a copy whose process said nothing of it is taken up by another."""
SHORTEST, LONGEST = 2.0, 300.0
"""Seconds until a source that failed is asked again: the first time, and at most."""
FAREWELL: Final = 40
"""Attempts to delete a copy; a source that was away for hours keeps it, and its notifications are refused."""
_NOT_NOW: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Carrier:
    """What is under way in this process."""

    def __init__(self, around: Around, planner: Planner, wake: Callable[[], None]) -> None:
        self._pool, self._subscriptions, self._federation = around.pool, around.subscriptions, around.federation
        self._receiver, self._planner, self._wake = around.receiver, planner, wake
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._busy: Counter[Key] = Counter()
        self._resting: dict[Key, float] = {}

    async def carry(self) -> None:
        """Begin what is due, as far as there is room."""
        now = time.monotonic()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        closed = {*self._resting, *(key for key, count in self._busy.items() if count >= OF_ONE)}
        room = min(OF_ONE, AT_ONCE - len(self._under_way))
        if room <= 0:
            return
        at = clock.now()
        async with transaction(self._pool) as conn:
            taken = await store.take(conn, at, at + LEASE, room, closed)
        for copy in taken:
            self._busy[copy.tenant, copy.registration] += 1
            task = asyncio.create_task(self._carried(copy))
            self._under_way[task] = copy.remote
            task.add_done_callback(self._under_way.pop)
        if len(taken) == room:
            self._wake()

    async def stop(self) -> None:
        """Let go of what is under way; it is taken up again."""
        tasks, remotes = list(self._under_way), list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if remotes:
            with suppress(*AWAY):
                async with transaction(self._pool) as conn:
                    await store.let_go(conn, remotes)

    async def _carried(self, copy: Copy) -> None:
        try:
            await self._one(copy)
        except AWAY as error:
            log.warning("%s waits: %s", copy.remote, error)
        except Exception:
            log.exception("%s is not carried out at this moment", copy.remote)
        finally:
            key = (copy.tenant, copy.registration)
            self._busy[key] -= 1
            if not self._busy[key]:
                del self._busy[key]
            self._wake()

    async def _one(self, copy: Copy) -> None:
        registration = reading.registration(
            copy.source, tenant=copy.tenant, id_=copy.registration, owner=copy.owner, created=_EVER, modified=_EVER
        )
        if not copy.wanted:
            await self._delete(copy, registration)
            return
        entry = self._subscriptions.index.get(copy.tenant, copy.subscription)
        match = await self._planner.match(entry, registration) if entry is not None else None
        made = copying.reduced(entry.stored, match, self._receiver) if entry is not None and match is not None else None
        if entry is None or made is None:
            await self._fail(copy, "it is about to go", pause(copy.tries))
            return
        context = await self._subscriptions.wordings.of(entry.stored)
        origin = Origin(tenant=copy.tenant, context=context, headers={"via": entry.stored.via})
        await self._bring(copy, registration, made, origin)

    async def _bring(self, copy: Copy, registration: Registration, made: Stored, origin: Origin) -> None:
        """See to it that the source has the copy as it is to be."""
        update = copy.state == "there"
        sent: dict[str, Any] = {}
        for _ in range(2):  # one that is there after all is changed; one that is not is made
            if update and "updateSubscription" not in registration.operations:
                break
            reply = await self._ask(origin, registration, copy, _words(copy, made, sent, update=update))
            if reply.is_fine:
                copy = msgspec.structs.replace(copy, named=copy.named if update else _named(reply, copy))
                break
            if reply.status != (_NOT_FOUND if update else _CONFLICT):
                await self._failed(copy, reply, registration)
                return
            update = not update
        else:
            await self._fail(copy, "the source says that it is there and that it is not", pause(copy.tries))
            return
        done = msgspec.structs.replace(copy, members=tuple(sorted(sent)) or copy.members)
        async with transaction(self._pool) as conn:
            await store.done(conn, done)

    async def _delete(self, copy: Copy, registration: Registration) -> None:
        if "deleteSubscription" in registration.operations:
            call = Call(method="DELETE", path=_path(copy), takes_local=False)
            reply = await self._ask(
                Origin(tenant=copy.tenant, context=CORE, headers={}), registration, copy, lambda _: call
            )
            is_gone = reply.is_fine or reply.status == _NOT_FOUND
            if not is_gone and _is_for_now(reply) and copy.tries < FAREWELL:
                await self._failed(copy, reply, registration)
                return
            if not is_gone:
                log.warning("%s is still at %s: %s", copy.remote, registration.id, _trouble(reply))
        async with transaction(self._pool) as conn:
            await store.forget(conn, copy)

    async def _ask(
        self, origin: Origin, registration: Registration, copy: Copy, words: Callable[[Context], Call]
    ) -> Reply:
        try:
            (reply,) = await self._federation.ask(origin, [(registration, words)])
        except Problem as problem:
            return Reply(registration=registration, trouble="kept back", detail=problem.detail)
        if reply.trouble in {"silent", "closed"}:
            self._resting[copy.tenant, copy.registration] = time.monotonic() + pause(copy.tries)
        return reply

    async def _failed(self, copy: Copy, reply: Reply, registration: Registration) -> None:
        trouble = _trouble(reply)
        log.info("%s has no copy of %s as it should: %s", registration.id, copy.subscription, trouble)
        await self._fail(copy, trouble, pause(copy.tries) if _is_for_now(reply) else None)

    async def _fail(self, copy: Copy, trouble: str, seconds: float | None) -> None:
        again = None if seconds is None else clock.now() + timedelta(seconds=seconds)
        state = "there" if copy.state == "there" else "unsure"
        async with transaction(self._pool) as conn:
            await store.failed(conn, msgspec.structs.replace(copy, state=state), trouble, again)


def pause(tries: int) -> float:
    """Seconds of rest after so many failures, never the same for many at once."""
    rest: float = min(LONGEST, SHORTEST * 2 ** min(tries, 16)) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return rest


def _words(copy: Copy, made: Stored, sent: dict[str, Any], *, update: bool) -> Callable[[Context], Call]:
    """The request that makes or changes the copy; `sent` is filled with its document."""

    def words(context: Context) -> Call:
        document = copying.words(made, copy.named if update else copy.remote, context)
        sent.clear()
        sent.update(document)
        if not update:
            return Call(method="POST", path="/subscriptions", document=document, takes_local=False)
        gone = dict.fromkeys(name for name in copy.members if name not in document)
        patch = {name: value for name, value in document.items() if name != "id"} | dict.fromkeys(gone, NULL)
        return Call(method="PATCH", path=_path(copy), document=patch, takes_local=False)

    return words


def _path(copy: Copy) -> str:
    return f"/subscriptions/{quote(copy.named, safe=':')}"


def _named(reply: Reply, copy: Copy) -> str:
    """The id the source gave the copy."""
    said = unquote(reply.headers.get("location", "").rstrip("/").rpartition("/")[2])
    return said if names.is_uri(said) else copy.remote


def _is_for_now(reply: Reply) -> bool:
    """Whether the same may be taken later."""
    return reply.trouble in {"silent", "closed"} or (not reply.trouble and reply.status in _NOT_NOW)


def _trouble(reply: Reply) -> str:
    return (reply.detail or f"the source answers {reply.status}")[:500]
