"""Writes the sample people: accounts, what the city holds of them, and each yes and no through the gateway itself."""

import hashlib
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.broker.exchange import Exchange
from hiroba.exchange.broker.store import add_tenant
from hiroba.exchange.gateway.grants import consents, once, sights
from hiroba.exchange.gateway.grants.consents import Wanted
from hiroba.exchange.gateway.grants.store import sources
from hiroba.exchange.gateway.grants.store.sources import Source
from hiroba.exchange.gateway.officers import Acting
from hiroba.exchange.gateway.purposes import acts
from hiroba.exchange.gateway.purposes.model import Data, Outcome, Paper, PaperKind
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people import fake_upstream, mandates
from hiroba.exchange.identity.people.store import pairs, ways
from hiroba.exchange.identity.people.subjects import DOOR, subject_of, translate
from hiroba.exchange.sample.people.stories import (
    CITY,
    CLINIC,
    HANAKO,
    KEN,
    NURSERY,
    PROGRAMS,
    PURPOSES,
    RIDE,
    TARO,
    TENANT,
    UME,
    Life,
)

CITY_NAME: Final = {"ja": "見本の市役所が持つ記録", "en": "Records of the sample city"}
OPERATOR: Final = Acting("operator", "")
HOSPITAL: Final = (135.0, 34.0)


class Resident(msgspec.Struct, frozen=True):
    """A sample person under the names they are known by here."""

    door: str
    subject: str


async def load(conn: Connection, exchange: Exchange, *, url: str, today: date) -> int:
    """Three people, a child, three applications; how many people. `url` is where the house's stand-in provider is."""
    async with conn.transaction():
        await _programs(conn, today)
        hanako, ume, ken = [await _resident(conn, url, life) for life in (HANAKO, UME, KEN)]
        taro = await _child(conn, hanako, today)
        for resident, life in ((hanako, HANAKO), (ume, UME), (ken, KEN), (taro, TARO)):
            await exchange.put_of(conn, TENANT, resident.subject, _records(resident, life, today), owner=CITY)
        await _lives(conn, hanako, ume, ken, taro)
    return 4


async def _lives(conn: Connection, hanako: Resident, ume: Resident, ken: Resident, taro: Resident) -> None:
    """What each has said yes and no to so far."""
    await _agree(conn, ume, ume, CLINIC)
    await _agree(conn, ume, ume, RIDE)
    await _agree(conn, hanako, hanako, CLINIC, (Data("Person", ("birthDate",)),))
    await _agree(conn, hanako, taro, NURSERY)
    await _asked(conn, hanako, RIDE)
    await _agree(conn, ken, ken, CLINIC)
    kept = await _asked(conn, ken, CLINIC)
    await consents.withdraw(conn, await sights.one(conn, ken.door, kept))
    refused = await _asked(conn, ken, RIDE)
    await consents.refuse(conn, await sights.one(conn, ken.door, refused))
    for resident, program in ((ume, RIDE), (ume, CLINIC), (taro, NURSERY)):
        name, definition = _purpose(program)
        await once.prefill(conn, program, name, resident.door, definition.data, sector=DOOR)


async def _programs(conn: Connection, today: date) -> None:
    await add_tenant(conn, TENANT, personal=True)
    await organisations.put_organisation(conn, Organisation(CITY, {"ja": "見本の市役所", "en": "The sample city"}))
    await sources.put(conn, Source(CITY, TENANT, CITY, CITY_NAME))
    for program in PROGRAMS:
        owner = program.id.partition("/")[0]
        await organisations.put_organisation(conn, Organisation(owner, program.organisation))
        await organisations.put_application(conn, Application(
            id=program.id, organisation=owner, state="production", title=program.title, purposes=program.purposes,
            grants=("client_credentials",),
        ))  # fmt: skip
    papers: tuple[PaperKind, ...] = ("pia", "elsi", "decision")
    for name, definition in PURPOSES.items():
        purpose = await acts.declare(conn, OPERATOR, name, definition, CITY)
        for kind in papers:
            words = f"{kind} of the sample purpose {purpose.id}, which is invented"
            sha256 = hashlib.sha256(words.encode()).hexdigest()
            paper = Paper(kind=kind, sha256=sha256, dated=today - timedelta(days=30), title=words)
            await acts.file(conn, OPERATOR, purpose.id, paper)
        await acts.activate(conn, OPERATOR, purpose.id)
    outcome = Outcome(
        measure={"ja": "迎えを待つ時間（見本）", "en": "Waiting for the ride (sample)"}, before="34分", after="12分", counted=120,
        on=today,
    )  # fmt: skip
    await acts.say_outcome(conn, OPERATOR, "sample.ride@1", outcome)


async def _resident(conn: Connection, url: str, life: Life) -> Resident:
    """A person with an account at the stand-in for the upstream provider."""
    person = await pairs.add_person(conn)
    known = await fake_upstream.subject_of(conn, life.upstream)
    await ways.add_upstream(conn, f"{url}{fake_upstream.PATH}", known, person)
    return await _known(conn, await subject_of(conn, person, DOOR))


async def _known(conn: Connection, door: str) -> Resident:
    return Resident(door, (await translate(conn, [door], DOOR, f"tenant:{TENANT}"))[door])


async def _child(conn: Connection, guardian: Resident, today: date) -> Resident:
    """A child whose guardian acts for it; the papers, too, are invented."""
    of_age = datetime.combine(date(today.year + 12, 6, 30), time(), clock.JAPAN)
    code = await mandates.invite_guardian(conn, CITY, shown="太郎", until=of_age, basis="戸籍（見本）")
    mandate = await mandates.accept(conn, code, guardian.door, "母")
    return await _known(conn, await mandates.subject_represented(conn, mandate))


def _records(resident: Resident, life: Life, today: date) -> list[dict[str, Any]]:
    """What the city's source holds of a person."""
    found = [{"id": f"urn:ngsi-ld:Person:{resident.subject}", "type": "Person"} | life.about]
    if life.checked:
        found.append({
            "id": f"urn:ngsi-ld:HealthCheckup:{resident.subject}:1", "type": "HealthCheckup", "checkedOn": life.checked,
        })  # fmt: skip
    if life.booking:
        starts = datetime.combine(today + timedelta(days=3), time.fromisoformat(life.booking), clock.JAPAN)
        found.append({
            "id": f"urn:ngsi-ld:Reservation:{resident.subject}:1", "type": "Reservation", "startsAt": clock.iso(starts),
            "place": {"type": "Point", "coordinates": list(HOSPITAL)}, "department": "整形外科", "doctor": "見本 一郎",
        })  # fmt: skip
    return found


def _purpose(program: str) -> tuple[str, Any]:
    id_ = next(one.purposes[0] for one in PROGRAMS if one.id == program)
    return id_, PURPOSES[id_.partition("@")[0]]


async def _asked(conn: Connection, resident: Resident, program: str) -> str:
    """The id of the grant that an application asks for."""
    wanted = Wanted(recipient=program, purpose=_purpose(program)[0], source=CITY)
    return (await consents.begin(conn, wanted, resident.door)).grant.id


async def _agree(
    conn: Connection, actor: Resident, whose: Resident, program: str, data: tuple[Data, ...] | None = None
) -> None:
    """Somebody reads the notice and agrees, for themselves or for whom they act for."""
    seen = await sights.one(conn, actor.door, await _asked(conn, whose, program))
    sha256 = seen.notice("ja").as_shown().sha256
    await consents.agree(conn, seen, language="ja", sha256=sha256, authn="upstream", data=data)
