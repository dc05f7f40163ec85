"""What a resident may see of grants: their own, those of whom they act for, and of grants by law only what is disclosed."""

from collections.abc import Mapping

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import NotFound
from hiroba.exchange.gateway.grants import law, notice
from hiroba.exchange.gateway.grants.model import Grant, Kept
from hiroba.exchange.gateway.grants.notice import Names, Text
from hiroba.exchange.gateway.grants.store import offices, sources, versions
from hiroba.exchange.gateway.grants.store.sources import Source
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Purpose
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people import mandates
from hiroba.exchange.identity.people.mandates import Authority
from hiroba.exchange.identity.people.subjects import DOOR, translate


class Person(msgspec.Struct, frozen=True):
    """Whose grants these are, as the sector `door` knows them, and what the one who acts calls them ("": themselves)."""

    door: str
    called: str = ""


class Seen(msgspec.Struct, frozen=True):
    """A grant with what explains it, and on what ground the one who looks may act on it."""

    kept: Kept
    purpose: Purpose
    names: Names
    person: Person
    authority: Authority
    on_trial: bool
    """Whether the recipient's application is not approved yet."""

    @property
    def grant(self) -> Grant:
        """The grant itself."""
        return self.kept.grant

    def notice(self, language: str) -> Text:
        """What is read before one agrees."""
        return notice.of(self.grant, self.purpose, self.names, language)


class NoSuchGrant(NotFound):
    """There is no such grant."""


async def mine(conn: Connection, door: str) -> list[Seen]:
    """Every version of every grant over the resident and over those they act for, the newest first."""
    people = [Person(door)] + [Person(one.subject, one.shown) for one in await mandates.represented_by(conn, door)]
    places = await sources.every(conn)
    whose = await _subjects(conn, people, places)
    kept = await versions.grants_of(conn, whose)
    return await _seen(conn, door, kept, whose, places)


async def one(conn: Connection, door: str, id_: str, version: int | None = None) -> Seen:
    """One grant, by version or the newest; NoSuchGrant where there is none that the resident may see."""
    found = [seen for seen in await mine(conn, door) if seen.grant.id == id_ and version in (None, seen.grant.version)]
    if not found:
        raise NoSuchGrant
    return max(found, key=lambda seen: seen.grant.version)


async def _subjects(
    conn: Connection, people: list[Person], places: Mapping[str, Source]
) -> dict[tuple[str, str], Person]:
    """Who is meant by each (tenant, subject)."""
    by_door = {person.door: person for person in reversed(people)}
    found: dict[tuple[str, str], Person] = {}
    for source in places.values():
        subjects = await translate(conn, list(by_door), DOOR, source.sector)
        found |= {(source.tenant, subject): by_door[door] for door, subject in subjects.items()}
    return found


async def _seen(
    conn: Connection, door: str, kept: list[Kept], whose: Mapping[tuple[str, str], Person], places: Mapping[str, Source]
) -> list[Seen]:
    now = clock.now()
    about = {purpose.id: purpose for purpose in await purposes.of(conn, {one.grant.purpose for one in kept})}
    programs = {one.id: one for one in await organisations.applications(conn)}
    owners = {one.id: one.title for one in await organisations.organisations(conn)}
    protected = await offices.protected(conn, whose, clock.today())
    grounds: dict[tuple[str, str], Authority | None] = {}
    seen = []
    for one in kept:
        key = (one.tenant, one.grant.subject)
        person = whose[key]
        to_self = person.door == door
        if not law.is_shown(one.grant, now, to_self=to_self) or (not to_self and key in protected):
            continue
        matter = (person.door, one.grant.purpose.partition("@")[0])
        if matter not in grounds:
            grounds[matter] = await mandates.may_act(conn, door, *matter)
        if (authority := grounds[matter]) is None:
            continue
        program = programs.get(one.grant.recipient)
        names = Names(
            program.title if program else {"": one.grant.recipient},
            owners.get(program.organisation, {}) if program else {},
            places[one.grant.source].title,
        )
        on_trial = program is None or program.state != "production"
        seen.append(Seen(one, about[one.grant.purpose], names, person, authority, on_trial))
    return seen
