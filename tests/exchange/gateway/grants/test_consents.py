"""Consent from the asking to the taking back, with real people, applications and lines in the log."""

from datetime import timedelta

import msgspec
import orjson
import pytest
from tests.exchange.gateway.conftest import CHECKUP, made_active
from tests.exchange.gateway.grants.conftest import WANTED, Known, add_person

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Forbidden, NotFound
from hiroba.exchange.gateway.grants import consents, model, sights
from hiroba.exchange.gateway.grants.consents import AskedBefore, NobodyKnown, NoticeChanged
from hiroba.exchange.gateway.grants.model import Kept
from hiroba.exchange.gateway.grants.sights import NoSuchGrant
from hiroba.exchange.gateway.grants.store import offices, versions
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Data
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people import mandates
from hiroba.exchange.identity.people.subjects import LOG, subject_of

pytestmark = pytest.mark.anyio
ALLERGY = (Data("Person", ("allergy",)),)


async def agree(conn: Connection, door: str, kept: Kept, data: tuple[Data, ...] | None = None) -> Kept:
    seen = await sights.one(conn, door, kept.grant.id, kept.grant.version)
    sha256 = seen.notice("ja").as_shown().sha256
    return await consents.agree(conn, seen, language="ja", sha256=sha256, authn="passkey", data=data)


async def log_of(conn: Connection, known: Known) -> list[dict]:
    subject = await subject_of(conn, known.person, LOG)
    rows = await conn.fetch("select event from audit.entry where subject = $1 order by number", subject)
    return [orjson.loads(row["event"]) for row in rows]


async def permits(conn: Connection) -> int:
    return await conn.fetchval("select count(*) from gateway.permit")


async def test_an_application_asks_the_person_agrees_to_less_and_takes_it_back(conn: Connection, hanako: Known) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    assert (asked.grant.state, asked.grant.subject) == ("offered", hanako.source)
    given = await agree(conn, hanako.door, asked, ALLERGY)
    assert given.grant.data == ALLERGY
    assert (given.grant.given_by, given.grant.authn) == ("self", "passkey")
    assert await permits(conn) == 1
    seen = await sights.one(conn, hanako.door, given.grant.id)
    await consents.withdraw(conn, seen)
    assert await permits(conn) == 0
    log = await log_of(conn, hanako)
    assert [event["kind"] for event in log] == ["asked", "granted", "withdrawn"]
    assert log[1]["ground"] == f"{given.grant.id}@1"
    assert log[1]["data"] == [{"type": "Person", "attrs": ["allergy"]}]
    assert hanako.person not in str(log)


async def test_what_was_shown_is_kept_and_is_what_the_grant_remembers(conn: Connection, hanako: Known) -> None:
    given = await agree(conn, hanako.door, await consents.ask(conn, WANTED, hanako.app))
    text = orjson.loads(
        await conn.fetchval("select text from gateway.notice where sha256 = $1", given.grant.notice.sha256)
    )
    assert text["title"] == CHECKUP.title["ja"]
    assert text["recipient_name"] == "健診予約"
    assert [item["word"] for part in text["data"] for item in part["items"]] == ["生年月日", "アレルギー", "受けた日"]


async def test_nobody_agrees_to_what_they_were_not_shown(conn: Connection, hanako: Known) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    seen = await sights.one(conn, hanako.door, asked.grant.id)
    with pytest.raises(NoticeChanged):
        await consents.agree(conn, seen, language="ja", sha256="0" * 64, authn="passkey")
    assert await permits(conn) == 0


async def test_asking_twice_makes_one_offer(conn: Connection, hanako: Known) -> None:
    first = await consents.ask(conn, WANTED, hanako.app)
    assert await consents.ask(conn, WANTED, hanako.app) == first
    given = await agree(conn, hanako.door, first)
    assert await consents.ask(conn, WANTED, hanako.app) == given


async def test_who_refused_is_not_asked_again_soon_but_may_come_by_themselves(conn: Connection, hanako: Known) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    refused = await consents.refuse(conn, await sights.one(conn, hanako.door, asked.grant.id))
    assert refused.grant.state == "withdrawn"
    assert [event["kind"] for event in await log_of(conn, hanako)] == ["asked", "declined"]
    with pytest.raises(AskedBefore):
        await consents.ask(conn, WANTED, hanako.app)
    assert (await consents.begin(conn, WANTED, hanako.door)).grant.state == "offered"


async def test_who_agreed_to_less_is_not_asked_for_the_rest_soon(conn: Connection, hanako: Known) -> None:
    await agree(conn, hanako.door, await consents.ask(conn, WANTED, hanako.app), ALLERGY)
    with pytest.raises(AskedBefore):
        await consents.ask(conn, WANTED, hanako.app)


async def test_a_new_version_of_a_purpose_needs_a_new_consent_which_takes_the_old_one_s_place(
    conn: Connection, hanako: Known
) -> None:
    old = await agree(conn, hanako.door, await consents.ask(conn, WANTED, hanako.app))
    await made_active(conn)
    asked = await consents.ask(conn, msgspec.structs.replace(WANTED, purpose="health.checkup@2"), hanako.app)
    assert (asked.grant.id, asked.grant.version, asked.grant.state) == (old.grant.id, 2, "offered")
    assert (await versions.grant_of(conn, old.grant.id, 1)).grant.state == "active"
    assert await conn.fetchval("select purpose from gateway.permit limit 1") == "health.checkup@1"
    new = await agree(conn, hanako.door, asked)
    assert new.grant.state == "active"
    assert (await versions.grant_of(conn, old.grant.id, 1)).grant.state == "superseded"
    assert {row["purpose"] for row in await conn.fetch("select purpose from gateway.permit")} == {"health.checkup@2"}


async def test_nobody_sees_or_moves_another_s_grant(conn: Connection, hanako: Known) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    other = await add_person(conn)
    assert await sights.mine(conn, other.door) == []
    with pytest.raises(NoSuchGrant):
        await sights.one(conn, other.door, asked.grant.id)


async def test_a_guardian_agrees_for_a_child_and_a_protected_child_s_is_out_of_their_sight(
    conn: Connection, hanako: Known
) -> None:
    child = await add_person(conn)
    mandate = await conn.fetchval("""
        insert into identity.mandate (id, kind, person, actor, matters, valid_from, valid_until, person_shown, made, accepted)
             values ('M', 'guardian', $1, $2, '{}', now(), now() + interval '1 year', 'たろう', now(), now()) returning id
    """, child.person, hanako.person)  # fmt: skip
    asked = await consents.ask(conn, WANTED, child.app)
    given = await agree(conn, hanako.door, asked)
    assert given.grant.given_by == "guardian"
    assert given.grant.subject == child.source
    assert (await log_of(conn, child))[-1]["by"] == mandate
    [seen] = await sights.mine(conn, hanako.door)
    assert seen.person.called == "たろう"
    await conn.execute("insert into gateway.office values ('o', '99', '{}', '09:00', '17:00', '{1}', '{}', '{}')")
    await offices.protect(conn, "mutsu_people", child.source, "o", clock.today(), clock.now())
    assert await sights.mine(conn, hanako.door) == []
    assert len(await sights.mine(conn, child.door)) == 1


async def test_a_proxy_acts_in_the_matters_of_the_mandate_alone(conn: Connection, hanako: Known) -> None:
    proxy = await add_person(conn)
    code = await mandates.invite_proxy(conn, hanako.door, shown="母", matters=["tax"], until=None)
    await mandates.accept(conn, code, proxy.door, "娘")
    await consents.ask(conn, WANTED, hanako.app)
    assert await sights.mine(conn, proxy.door) == []


async def test_a_suspended_application_and_a_stranger_to_the_purpose_ask_in_vain(
    conn: Connection, hanako: Known, booking
) -> None:
    stranger = msgspec.structs.replace(booking, id="org:clinic/app:other")
    await organisations.put_application(conn, stranger)
    with pytest.raises(Forbidden):
        await consents.begin(conn, msgspec.structs.replace(WANTED, recipient=stranger.id), hanako.door)
    await organisations.put_application(conn, msgspec.structs.replace(booking, state="suspended"))
    with pytest.raises(NotFound):
        await consents.ask(conn, WANTED, hanako.app)


async def test_an_application_asks_only_whom_it_knows(conn: Connection, hanako: Known) -> None:
    with pytest.raises(NobodyKnown):
        await consents.ask(conn, WANTED, hanako.door)  # another sector's name of the same person


async def test_a_purpose_retired_meanwhile_is_not_agreed_to(conn: Connection, hanako: Known) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    await purposes.stand(conn, await purposes.purpose_of(conn, "health.checkup", 1), "retired")
    with pytest.raises(Conflict):
        await agree(conn, hanako.door, asked)


async def test_what_is_over_is_ended_by_the_clock_and_told(
    conn: Connection, hanako: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = await agree(conn, hanako.door, await consents.ask(conn, WANTED, hanako.app))
    monkeypatch.setattr(clock, "now", lambda: given.grant.until + timedelta(seconds=1))
    await consents.end_what_is_over(conn)
    assert (await versions.grant_of(conn, given.grant.id)).grant.state == "expired"
    assert [event["kind"] for event in await log_of(conn, hanako)] == ["asked", "granted", "expired"]


async def test_an_offer_nobody_answers_lapses(conn: Connection, hanako: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await consents.ask(conn, WANTED, hanako.app)
    monkeypatch.setattr(clock, "now", lambda: asked.made + model.OFFER_LIFE)
    await consents.end_what_is_over(conn)
    assert (await versions.grant_of(conn, asked.grant.id)).grant.state == "expired"
