"""Consent as it is asked for, given, refused and taken back. Each act is in the log, in its own transaction."""

from datetime import datetime

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Forbidden, NotFound
from hiroba.base.ids import ulid
from hiroba.exchange.gateway.grants import model
from hiroba.exchange.gateway.grants.model import Authn, Kept
from hiroba.exchange.gateway.grants.sights import Seen
from hiroba.exchange.gateway.grants.store import papers, sources, versions
from hiroba.exchange.gateway.grants.store.sources import Source
from hiroba.exchange.gateway.grants.telling import tell
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Data, Purpose, WrongState, parsed
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application
from hiroba.exchange.identity.people.subjects import DOOR, translate


class AskedBefore(Conflict):
    """This person has answered that already; it is not asked again so soon."""


class NoticeChanged(Conflict):
    """What you were shown has changed meanwhile. Please read it again."""


class NobodyKnown(NotFound):
    """Nobody is known by that name."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: by which application, for which purpose, from which source, how much of it and for how long."""

    recipient: str
    purpose: str
    source: str
    data: tuple[Data, ...] | None = None
    until: datetime | None = None


async def ask(conn: Connection, wanted: Wanted, subject: str) -> Kept:
    """An application asks a person, whom it knows as `subject`; what stands already is given back.

    AskedBefore where the person refused, or agreed to less, not long ago.
    """
    application = await _application(conn, wanted.recipient)
    return await _offer(conn, application, wanted, subject, application.with_sector().sector)


async def begin(conn: Connection, wanted: Wanted, door: str) -> Kept:
    """The person comes by themselves, sent by the application or on their own: the offer they came for."""
    return await _offer(conn, await _application(conn, wanted.recipient), wanted, door, DOOR)


async def agree(
    conn: Connection, seen: Seen, *, language: str, sha256: str, authn: Authn, data: tuple[Data, ...] | None = None,
    until: datetime | None = None,
) -> Kept:  # fmt: skip
    """Say yes to an offer, or to less of it, after reading the notice of this hash."""
    now = clock.now()
    notice = seen.notice(language)
    if notice.as_shown().sha256 != sha256:
        raise NoticeChanged
    await must_be_active(conn, seen.grant.purpose)
    kept = await versions.grant_of(conn, seen.grant.id, seen.grant.version, lock=True)
    grant = model.agreed(
        kept.grant, at=now, notice=notice.as_shown(), given_by=seen.authority.given_by, authn=authn, data=data, until=until,
    )  # fmt: skip
    await papers.keep(conn, notice, now)
    done = [("superseded", await versions.stand(conn, one, model.superseded(one.grant, grant), now))
            for one in await _standing(conn, kept) if one.grant.version < grant.version]  # fmt: skip
    given = await versions.stand(conn, kept, grant, now)
    await tell(conn, [*done, ("granted", given)], by=seen.authority.mandate)
    return given


async def refuse(conn: Connection, seen: Seen) -> Kept:
    """Say no to an offer; what was agreed to before stays as it is."""
    kept = await versions.grant_of(conn, seen.grant.id, seen.grant.version, lock=True)
    if kept.grant.state != "offered":
        raise model.GrantOver(f"This grant is {kept.grant.state}.")
    refused = await versions.stand(conn, kept, model.withdrawn(kept.grant), clock.now())
    await tell(conn, [("declined", refused)], by=seen.authority.mandate)
    return refused


async def withdraw(conn: Connection, seen: Seen) -> list[Kept]:
    """Take consent back: it holds from the next read on."""
    if seen.grant.basis.kind != "consent":
        raise WrongState("This grant rests on a law, not on your consent. You can object to it at the office named.")
    ended = await versions.withdraw(conn, seen.grant.id, clock.now())
    if not ended:
        raise model.GrantOver(f"This grant is {seen.grant.state}.")
    await tell(conn, [("withdrawn", kept) for kept in ended], by=seen.authority.mandate)
    return ended


async def end_what_is_over(conn: Connection) -> None:
    """End what is past its time, each with a line in the log."""
    await tell(conn, [("expired", kept) for kept in await versions.expire(conn, clock.now())])


async def _application(conn: Connection, id_: str) -> Application:
    found = await organisations.application(conn, id_)
    if found is None or found.state == "suspended":
        raise NotFound(f"There is no application {id_}.")
    return found


async def must_be_active(conn: Connection, id_: str) -> Purpose:
    """The purpose, held as it is until the transaction ends, so that it is not retired meanwhile."""
    purpose = await purposes.purpose_of(conn, *parsed(id_), lock="share")
    if purpose.state != "active":
        raise WrongState(f"The purpose {id_} is {purpose.state}; only an active one may ask for data.")
    return purpose


async def _offer(conn: Connection, application: Application, wanted: Wanted, subject: str, sector: str) -> Kept:
    if wanted.purpose not in application.purposes:
        raise Forbidden(f"{application.id} is not registered for the purpose {wanted.purpose}.")
    now, purpose = clock.now(), await must_be_active(conn, wanted.purpose)
    source = await sources.one(conn, wanted.source)
    person = (await translate(conn, [subject], sector, source.sector)).get(subject)
    if person is None:
        raise NobodyKnown
    fresh = model.offer(
        purpose, id=ulid(), version=1, subject=person, source=source.id, recipient=application.id,
        organisation=application.organisation, at=now, until=wanted.until, data=wanted.data,
    )  # fmt: skip
    return await _joined(conn, fresh, source, unasked=sector != DOOR)


async def _joined(conn: Connection, fresh: model.Grant, source: Source, *, unasked: bool) -> Kept:
    """The offer as the next version of the grant that stands for the same, unless that says as much already."""
    now = clock.now()
    standing = await versions.standing(
        conn, source.tenant, fresh.subject, fresh.recipient, fresh.purpose.partition("@")[0]
    )
    for one in standing:
        if one.grant.purpose == fresh.purpose and model.covers(one.grant, fresh.data):
            return one
    if unasked and await versions.refused_since(conn, fresh, source.tenant, now - model.OFFER_LIFE):
        raise AskedBefore(f"Ask again after {model.OFFER_LIFE.days} days, or when the person comes by themselves.")
    if standing:
        newest = standing[0].grant
        fresh = msgspec.structs.replace(fresh, id=newest.id, version=newest.version + 1)
    done = [("superseded", await versions.stand(conn, one, model.superseded(one.grant, fresh), now))
            for one in standing if one.grant.state == "offered"]  # fmt: skip
    offered = await versions.add(conn, fresh, source.tenant, now)
    await tell(conn, [*done, ("asked", offered)])
    return offered


async def _standing(conn: Connection, kept: Kept) -> list[Kept]:
    """The versions of a grant that are active."""
    grant = kept.grant
    name = grant.purpose.partition("@")[0]
    found = await versions.standing(conn, kept.tenant, grant.subject, grant.recipient, name)
    return [one for one in found if one.grant.state == "active" and one.grant.id == grant.id]
