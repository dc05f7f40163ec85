"""Grants by law as offices act on them: nothing is read before others approved, and the person sees what the board lets them."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from tests.exchange.gateway.conftest import made_active
from tests.exchange.gateway.grants.conftest import Known
from tests.exchange.gateway.grants.test_law import CHILD, DESK, OFFICE

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden
from hiroba.exchange.gateway.grants import consents, lawful, sights
from hiroba.exchange.gateway.grants.law import Office, OwnProposal, Proposal
from hiroba.exchange.gateway.grants.lawful import About
from hiroba.exchange.gateway.grants.model import Kept
from hiroba.exchange.gateway.grants.store import offices, versions
from hiroba.exchange.gateway.officers import Acting, NoAccount
from hiroba.exchange.gateway.purposes.model import Data, Definition, Law, WrongState
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people.subjects import LOG, subject_of

pytestmark = pytest.mark.anyio
ANN, BEN, CAT = (Acting(f"officer:{name}", "991015") for name in ("ann", "ben", "cat"))
STRANGER, OPERATOR = Acting("officer:dan", "991023"), Acting("operator", "")
NOON, NIGHT = datetime(2026, 4, 1, 3, tzinfo=UTC), datetime(2026, 4, 3, 14, tzinfo=UTC)
PROPOSAL = Proposal(law=CHILD, case="C-12", necessity="所在が分からない", recipient=DESK, days=7)
SAFETY = Definition(
    title={"ja": "子どもの安全"}, reason={"ja": "守るため"}, recipients=(DESK,), data=(Data("Person", ("address",)),),
    grounds=("law",), laws=(Law(law=CHILD, offices=(OFFICE.id,), days=14),),
    words={"Person": {"ja": "人"}, "address": {"ja": "住所"}}, lasts_days=14, retention_days=30,
)  # fmt: skip


@pytest.fixture
async def about(conn: Connection, hanako: Known, monkeypatch: pytest.MonkeyPatch) -> About:
    """Hanako as the children's office knows her, at noon of an office day."""
    await organisations.put_organisation(conn, Organisation("org:mutsu", {"ja": "むつ市"}, owns="991015"))
    await organisations.put_application(conn, Application(
        id=DESK, organisation="org:mutsu", title={"ja": "こども課"}, grants=("client_credentials",), purposes=("child.safety@1",),
    ))  # fmt: skip
    await made_active(conn, "child.safety", SAFETY)
    await offices.put(conn, Office(*[getattr(OFFICE, name) for name in OFFICE.__struct_fields__]))
    monkeypatch.setattr(clock, "now", lambda: NOON)
    known = await subject_of(conn, hanako.person, f"app:{DESK}")
    return About(office=OFFICE.id, purpose="child.safety@1", source="org:mutsu", subject=known)


async def permits(conn: Connection) -> int:
    return await conn.fetchval("select count(*) from gateway.permit")


async def running(conn: Connection, about: About) -> Kept:
    kept = await lawful.propose(conn, ANN, about, PROPOSAL)
    await lawful.approve(conn, BEN, kept.grant.id)
    return await lawful.approve(conn, CAT, kept.grant.id)


async def test_by_day_the_second_approver_opens_the_data(conn: Connection, about: About) -> None:
    kept = await lawful.propose(conn, ANN, about, PROPOSAL)
    with pytest.raises(OwnProposal):
        await lawful.approve(conn, ANN, kept.grant.id)
    await lawful.approve(conn, BEN, kept.grant.id)
    assert await permits(conn) == 0
    done = await lawful.approve(conn, CAT, kept.grant.id)
    assert done.grant.basis.approvers == ("officer:ben", "officer:cat")
    assert await permits(conn) == 1


async def test_another_office_and_somebody_without_an_account_neither_propose_nor_approve(
    conn: Connection, about: About
) -> None:
    kept = await lawful.propose(conn, ANN, about, PROPOSAL)
    for who, problem in ((STRANGER, Forbidden), (OPERATOR, NoAccount)):
        with pytest.raises(problem):
            await lawful.propose(conn, who, about, PROPOSAL)
        with pytest.raises(problem):
            await lawful.approve(conn, who, kept.grant.id)


async def test_what_one_approved_at_night_ends_unless_a_second_one_confirms_it(
    conn: Connection, about: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    kept = await lawful.propose(conn, ANN, about, PROPOSAL)
    await lawful.approve(conn, BEN, kept.grant.id)
    assert await permits(conn) == 1
    monday_evening = datetime(2026, 4, 6, 17, 30, tzinfo=clock.JAPAN)
    monkeypatch.setattr(clock, "now", lambda: monday_evening - timedelta(minutes=1))
    await consents.end_what_is_over(conn)
    assert await permits(conn) == 1
    monkeypatch.setattr(clock, "now", lambda: monday_evening)
    await consents.end_what_is_over(conn)
    assert await permits(conn) == 0
    assert (await versions.grant_of(conn, kept.grant.id)).grant.state == "expired"


async def test_what_a_second_one_confirmed_goes_on(
    conn: Connection, about: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    kept = await lawful.propose(conn, ANN, about, PROPOSAL)
    await lawful.approve(conn, BEN, kept.grant.id)
    await lawful.approve(conn, CAT, kept.grant.id)
    monkeypatch.setattr(clock, "now", lambda: NIGHT + timedelta(days=5))
    await consents.end_what_is_over(conn)
    assert await permits(conn) == 1


async def test_withheld_from_the_person_until_the_board_has_looked(
    conn: Connection, about: About, hanako: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await running(conn, about)
    assert await sights.mine(conn, hanako.door) == []
    chain = await conn.fetch(
        "select event from audit.entry where subject = $1", await subject_of(conn, hanako.person, LOG)
    )
    events = [orjson.loads(row["event"]) for row in chain]
    assert [event["kind"] for event in events] == ["proposed", "approved", "granted"]
    assert {(event["disclosure"], event["reviewOn"]) for event in events} == {("withheld", "2026-05-01")}
    await lawful.review(conn, CAT, kept.grant.id, "delayed", date(2026, 4, 20), "rightly so")
    assert await sights.mine(conn, hanako.door) == []
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=20))
    [seen] = await sights.mine(conn, hanako.door)
    assert seen.grant.basis.law == CHILD


async def test_an_office_lifts_what_it_does_not_need_any_more(conn: Connection, about: About) -> None:
    kept = await running(conn, about)
    await lawful.lift(conn, BEN, kept.grant.id)
    assert await permits(conn) == 0


async def test_an_office_sees_its_own_matters_and_what_waits_first(conn: Connection, about: About) -> None:
    done = await running(conn, about)
    await lawful.lift(conn, BEN, done.grant.id)
    waiting = await lawful.propose(conn, ANN, about, PROPOSAL)
    assert [one.kept.grant.id for one in await lawful.of_offices(conn, BEN)] == [waiting.grant.id, done.grant.id]
    assert await lawful.of_offices(conn, STRANGER) == []


async def test_a_grant_by_law_is_not_the_person_s_to_take_back(conn: Connection, about: About, hanako: Known) -> None:
    kept = await running(conn, about)
    await lawful.review(conn, CAT, kept.grant.id, "immediate", None, "may be shown")
    with pytest.raises(WrongState, match="rests on a law"):
        await consents.withdraw(conn, await sights.one(conn, hanako.door, kept.grant.id))
    assert await permits(conn) == 1
