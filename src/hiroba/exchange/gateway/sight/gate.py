"""The way of one call into a tenant of personal data and out of it: names on the way in, the log on the way out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, reading, transaction
from hiroba.base.errors import Unavailable
from hiroba.exchange.audit.log import Data, Event, Log
from hiroba.exchange.broker.access import Release, Shown, Sight, Words
from hiroba.exchange.broker.people import candidates
from hiroba.exchange.gateway.grants.names import compacted
from hiroba.exchange.gateway.sight import store
from hiroba.exchange.gateway.sight.holding import holding
from hiroba.exchange.gateway.sight.store import Held, Recipient
from hiroba.exchange.identity.people.subjects import LOG, translate


class ConsentChanged(Unavailable):
    """A grant ended while the answer was being made, so it is not sent. Ask again."""


def sight_of(asked: Recipient) -> Sight:
    """What a recipient sees."""
    values = (asked.tenant, asked.application, asked.purpose, asked.sector)
    return Sight(store.ENTITIES, store.PASTS, store.VALUE, store.AMONG, values)


class Gate:
    """One call's way in and out."""

    def __init__(self, pool: Pool, log: Log, recipient: Recipient) -> None:
        self._pool, self._log, self._recipient = pool, log, recipient

    async def name_everybody(self) -> None:
        """Let the recipient's sector have names for all whom it may read of, and for those whom they mention."""
        asked = self._recipient
        async with reading(self._pool) as conn:
            if not (missing := await store.nameless(conn, asked.sector, asked.tenant)):
                return
        async with transaction(self._pool) as conn:
            await translate(conn, missing, f"tenant:{asked.tenant}", asked.sector)
            await store.named(conn, asked.sector, asked.tenant, missing)

    async def refuse(self, why: str) -> None:
        """Log that a call was refused before anybody's data were looked at."""
        asked = self._recipient
        event = Event(at=clock.now(), kind="refused", recipient=asked.application, purpose=asked.purpose, note=why)
        await self._log.append([event])

    async def enter(self, texts: Sequence[str]) -> Words:
        """The tenant's keys of the people whom these texts name, each by the caller's."""
        found = {key for text in texts for key in candidates(text)}
        if not found:
            return Words()
        asked = self._recipient
        async with transaction(self._pool) as conn:
            inside = await translate(conn, found, asked.sector, f"tenant:{asked.tenant}")
        return Words(inside, {key: word for word, key in inside.items()})

    def release(
        self, told: Sequence[Shown], named: Collection[str], *, kind: Release = "read"
    ) -> AbstractAsyncContextManager[None]:
        """Around the sending of an answer: see broker.access.Gate."""
        return self._release(told, named, kind)

    @asynccontextmanager
    async def _release(self, told: Sequence[Shown], named: Collection[str], kind: Release) -> AsyncIterator[None]:
        people = {one.subject for one in told} | set(named)
        if not people:
            yield
            return
        asked = self._recipient
        async with holding(self._pool) as hold:
            held = await store.held(hold.conn, asked, people)
            if not {one.subject for one in told} <= {one.subject for one in held}:
                raise ConsentChanged
            events = events_of(asked, told, held, set(named), kind)
            known = {one.subject: one.logged for one in held if one.logged is not None}
            logged = await self._logged(hold.conn, {subject for subject, _ in events} - known.keys()) | known
            await self._log.append([
                msgspec.structs.replace(event, subject=logged[subject]) for subject, event in events if subject in logged
            ])  # fmt: skip
            hold.sends()
            yield

    async def _logged(self, conn: Connection, subjects: Collection[str]) -> dict[str, str]:
        """As whom the log knows people."""
        return await translate(conn, subjects, self._recipient.sector, LOG) if subjects else {}


def events_of(
    asked: Recipient, told: Sequence[Shown], held: Sequence[Held], named: set[str], kind: Release
) -> list[tuple[str, Event]]:
    """What the log says of a release: a line per person and grant of what was told, and of each who was asked for in vain."""
    now = clock.now()
    shown: dict[str, list[Shown]] = defaultdict(list)
    for one in told:
        shown[one.subject].append(one)
    grants: dict[tuple[str, str, int], list[Held]] = defaultdict(list)
    for permit in held:
        grants[permit.subject, permit.grant_id, permit.grant_version].append(permit)
    events = []
    for (subject, grant_id, version), permits in sorted(grants.items()):
        data = [part for permit in permits if (part := _data(permit, shown[subject])) is not None]
        notes = {one.note for one in shown[subject]} - {""}
        if not data and subject in shown and shown[subject] and not notes:
            continue  # another grant brought what was shown
        if not shown[subject]:
            notes.add("asked for; nothing matched")
        first = permits[0]
        events.append((subject, Event(
            at=now, kind=kind, recipient=asked.application, purpose=asked.purpose, ground=f"{grant_id}@{version}", data=data,
            note="; ".join(sorted(notes)), until=clock.iso(first.valid_until),
            disclosure=first.mode or "immediate", review_on=first.review_on,
        )))  # fmt: skip
    refused = named - {permit.subject for permit in held}
    events += [
        (subject, Event(
            at=now, kind="refused", recipient=asked.application, purpose=asked.purpose, note="no grant",
        )) for subject in sorted(refused)
    ]  # fmt: skip
    return events


def _data(permit: Held, shown: Sequence[Shown]) -> Data | None:
    """What was told of a person by one permit."""
    of_type = [one for one in shown if permit.type in one.types]
    attrs = {name for one in of_type for name in one.attributes if name in permit.attrs}
    if not of_type:
        return None
    return Data(compacted(permit.type), sorted(map(compacted, attrs)))
