"""Asking sources: several at once but not too many, each within its time, none again right after it failed.

What was answered before is used again where the registration allows it (CIM 009 §5.2.34, §6.3.17).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Protocol

import msgspec
import orjson

from hiroba.base.egress import AnswerTooLong, CallFailed, CallRefused, Egress
from hiroba.base.errors import Problem
from hiroba.exchange.broker.federation.forwarding import Outgoing
from hiroba.exchange.broker.federation.origin import Origin
from hiroba.exchange.broker.sources.model import Registration

AT_ONCE: Final = 8
"""Sources of one request that are asked at the same time."""
PATIENCE: Final = 5.0
"""Seconds for an answer where the registration names none."""
LONGEST: Final = 60.0
"""Seconds that no registration can make a caller wait beyond."""
LARGEST: Final = 16 << 20
"""Bytes of an answer."""
KEPT: Final = 32 << 20
"""Bytes of answers that are kept for `cacheDuration`."""

BROKEN: Final = frozenset({401, 403, 500, 502, 503, 504})
"""Answers that say the source cannot be used, whatever is asked."""
Trouble = Literal["", "silent", "closed", "invalid", "kept back"]
"""Why there is no answer to use: none came in time; it is not to be asked now; it cannot be read; it may not leave."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking one source."""

    registration: Registration
    status: int = 0
    """0 where there was no answer."""
    headers: Mapping[str, str] = {}
    document: Any = None
    trouble: Trouble = ""
    detail: str = ""
    stale: bool = False
    """Whether it was answered before and kept."""

    @property
    def is_fine(self) -> bool:
        """Whether the source did what it was asked."""
        return not self.trouble and 200 <= self.status < 300  # noqa: PLR2004 - the range of success


class Leaving(Protocol):
    """May this request leave the house? Everything that is forwarded is asked about here, and nowhere else."""

    def __call__(self, outgoing: Outgoing, origin: Origin) -> None:
        """Nothing, or the Problem that it may not."""


def anything_may_leave(outgoing: Outgoing, origin: Origin) -> None:
    """The rule of a house that keeps no personal tenants."""
    del outgoing, origin


class Tell(Protocol):
    """What the tally of a source is kept from."""

    def __call__(self, registration: Registration, *, succeeded: bool) -> None:
        """It was called, and this is how it ended."""


class Caller:
    """The calls of one process."""

    def __init__(self, egress: Egress, may_leave: Leaving = anything_may_leave, tell: Tell | None = None) -> None:
        self._egress = egress
        self._may_leave = may_leave
        self._tell = tell
        self._failed: dict[tuple[str, str], float] = {}
        """When an endpoint's tenant failed last, as long as it has not answered well since."""
        self._kept = _Kept()

    async def ask(self, outgoing: Iterable[Outgoing], origin: Origin) -> list[Reply]:
        """The replies, in the order of the requests."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(request: Outgoing) -> Reply:
            async with places:
                return await self._one(request, origin)

        return list(await asyncio.gather(*map(one, outgoing)))

    async def _one(self, outgoing: Outgoing, origin: Origin) -> Reply:
        registration = outgoing.registration
        try:
            self._may_leave(outgoing, origin)
        except Problem as problem:
            return Reply(registration=registration, trouble="kept back", detail=problem.detail)
        if (kept := self._kept.get(outgoing)) is not None:
            return msgspec.structs.replace(kept, stale=True)
        place = (registration.endpoint, registration.remote_tenant)
        cooldown = registration.management.cooldown or 0.0
        if place in self._failed and time.monotonic() - self._failed[place] < cooldown:
            return Reply(registration=registration, trouble="closed", detail="it failed just now and is left in peace")
        reply = await self._call(outgoing)
        if not (reply.trouble or reply.status in BROKEN):
            self._failed.pop(place, None)
        elif cooldown:
            self._failed[place] = time.monotonic()
        if self._tell is not None:
            self._tell(registration, succeeded=reply.is_fine or reply.status == 404)  # noqa: PLR2004 - Not Found is no failure (§6.3.17)
        self._kept.put(outgoing, reply)
        return reply

    async def _call(self, outgoing: Outgoing) -> Reply:
        registration = outgoing.registration
        seconds = min(registration.management.timeout or PATIENCE, LONGEST)
        try:
            answer = await self._egress.call(
                outgoing.method,
                outgoing.url,
                headers=outgoing.headers,
                body=outgoing.body,
                limit=LARGEST,
                seconds=seconds,
            )
        except AnswerTooLong as excess:
            return Reply(registration=registration, trouble="invalid", detail=excess.detail)
        except CallFailed as failure:
            return Reply(registration=registration, trouble="silent", detail=failure.detail)
        except CallRefused as refusal:
            return Reply(registration=registration, trouble="kept back", detail=refusal.detail)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        try:
            document = orjson.loads(answer.body) if answer.body.strip() else None
        except orjson.JSONDecodeError:
            if answer.status < 300:  # noqa: PLR2004 - what an error says is not needed
                return Reply(
                    registration=registration, status=answer.status, headers=headers, trouble="invalid",
                    detail="the answer is no JSON",
                )  # fmt: skip
            document = None
        return Reply(registration=registration, status=answer.status, headers=headers, document=document)


class _Kept:
    """Answers that may be used again, the least used go first."""

    def __init__(self) -> None:
        self._replies: OrderedDict[bytes, tuple[float, int, Reply]] = OrderedDict()
        self._size = 0

    def get(self, outgoing: Outgoing) -> Reply | None:
        """The answer to the same request, if it is fresh."""
        if outgoing.method != "GET" or not outgoing.registration.management.cache:
            return None
        key = _key(outgoing)
        until, _, reply = self._replies.get(key, (0.0, 0, None))
        if reply is None or until < time.monotonic():
            self._drop(key)
            return None
        self._replies.move_to_end(key)
        return reply

    def put(self, outgoing: Outgoing, reply: Reply) -> None:
        """Keep a good answer as long as the registration says."""
        seconds = outgoing.registration.management.cache
        if outgoing.method != "GET" or not seconds or not reply.is_fine:
            return
        key = _key(outgoing)
        self._drop(key)
        size = len(key) + len(orjson.dumps(reply.document))
        self._replies[key] = (time.monotonic() + seconds, size, reply)
        self._size += size
        while self._size > KEPT:
            self._drop(next(iter(self._replies)))

    def _drop(self, key: bytes) -> None:
        _, size, _ = self._replies.pop(key, (0.0, 0, None))
        self._size -= size


def _key(outgoing: Outgoing) -> bytes:
    """What makes two requests the same: who is asked, what, in whose name; not through whom."""
    headers = sorted((name, value) for name, value in outgoing.headers.items() if name != "Via")
    registration = outgoing.registration
    return orjson.dumps([registration.tenant, registration.id, registration.modified, outgoing.url, headers])
