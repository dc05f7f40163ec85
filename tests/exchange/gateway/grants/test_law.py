"""Grants by law: two others approve; at night one does, and a second one on the next office day."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.base import clock
from hiroba.base.errors import Forbidden, Invalid
from hiroba.exchange.gateway.grants import law, model
from hiroba.exchange.gateway.grants.law import Office, OwnProposal, Proposal
from hiroba.exchange.gateway.grants.model import Grant, GrantOver
from hiroba.exchange.gateway.purposes.model import Data, Definition, Law, Purpose

CHILD = "児童虐待の防止等に関する法律13条の4"
DESK = "org:mutsu/app:child"
OFFICE = Office(
    "mutsu.child",
    "991015",
    {"ja": "こども課"},
    time(8, 45),
    time(17, 30),
    (1, 2, 3, 4, 5),
    (date(2026, 4, 29),),
    (DESK,),
)
DAY = datetime(2026, 4, 1, 3, tzinfo=UTC)  # Wednesday noon in Japan
NIGHT = datetime(2026, 4, 3, 14, tzinfo=UTC)  # Friday 23:00 in Japan
PURPOSE = Purpose(
    name="child.safety", version=1, organisation="org:mutsu", state="active",
    definition=Definition(
        title={"ja": "子どもの安全"}, reason={"ja": "守るため"}, recipients=(DESK,),
        data=(Data("Person", ("address", "guardian")),),
        grounds=("law",), laws=(Law(law=CHILD, offices=(OFFICE.id,), days=14),), words={}, lasts_days=14, retention_days=30,
    ),
)  # fmt: skip
PROPOSAL = Proposal(law=CHILD, case="C-12", necessity="所在が分からない", recipient=DESK, days=7)


def proposed(at: datetime = DAY, **changes: object) -> Grant:
    proposal = msgspec.structs.replace(PROPOSAL, **changes)
    return law.proposed(PURPOSE, OFFICE, proposal, id="G", subject="s", source="org:mutsu", at=at)


def test_a_proposal_names_law_office_case_and_necessity_and_permits_nothing_yet() -> None:
    grant = proposed()
    assert grant.state == "offered"
    assert grant.basis == model.Basis(
        kind="law", law=CHILD, office="mutsu.child", case="C-12", necessity="所在が分からない"
    )
    assert grant.until == DAY + timedelta(days=7)
    assert grant.disclosure == model.Disclosure("withheld", date(2026, 5, 1))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"law": "another"}, Invalid), ({"case": " "}, Invalid), ({"necessity": ""}, Invalid), ({"days": 15}, Invalid),
        ({"days": 0}, Invalid), ({"recipient": "org:mutsu/app:other"}, Forbidden),
        ({"data": (Data("Person", ("income",)),)}, model.MoreThanOffered),
    ],
)  # fmt: skip
def test_what_the_law_or_the_purpose_does_not_allow_is_refused(changes: dict, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        proposed(**changes)


def test_an_office_that_the_law_does_not_name_may_not_act() -> None:
    other = msgspec.structs.replace(OFFICE, id="mutsu.tax")
    with pytest.raises(Forbidden):
        law.proposed(PURPOSE, other, PROPOSAL, id="G", subject="s", source="org:mutsu", at=DAY)


def test_by_day_two_approve_who_did_not_propose() -> None:
    with pytest.raises(OwnProposal):
        law.approved(proposed(), OFFICE, by="proposer", proposer="proposer", at=DAY)
    one = law.approved(proposed(), OFFICE, by="a", proposer="p", at=DAY)
    assert (one.grant.state, one.confirm_by) == ("offered", None)
    with pytest.raises(OwnProposal):
        law.approved(one.grant, OFFICE, by="a", proposer="p", at=DAY)
    two = law.approved(one.grant, OFFICE, by="b", proposer="p", at=DAY)
    assert two.grant.state == "active"
    assert two.grant.basis.approvers == ("a", "b")
    with pytest.raises(GrantOver):
        law.approved(two.grant, OFFICE, by="c", proposer="p", at=DAY)


def test_at_night_one_approves_and_a_second_one_on_the_next_office_day() -> None:
    one = law.approved(proposed(NIGHT), OFFICE, by="a", proposer="p", at=NIGHT)
    assert one.grant.state == "active"
    assert one.confirm_by == datetime(2026, 4, 6, 17, 30, tzinfo=clock.JAPAN)  # the weekend is between
    two = law.approved(one.grant, OFFICE, by="b", proposer="p", at=NIGHT + timedelta(days=2))
    assert (two.grant.state, two.confirm_by) == ("active", None)


def test_holidays_and_the_turn_of_the_year_are_no_office_days() -> None:
    assert not OFFICE.works_on(date(2026, 4, 29))
    assert not OFFICE.works_on(date(2026, 12, 31))
    assert OFFICE.next_close(datetime(2026, 12, 28, 12, tzinfo=UTC)).date() == date(2027, 1, 4)


@settings(deadline=None)
@given(st.integers(0, 366 * 24 * 60))
def test_whatever_the_hour_somebody_confirms_on_an_office_day_that_is_still_to_end(minutes: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    end = OFFICE.next_close(at)
    assert end > at or OFFICE.is_open(at)
    assert OFFICE.works_on(end.date())


def test_what_is_withheld_is_shown_to_nobody_and_what_is_delayed_to_the_person_alone() -> None:
    grant = proposed()
    assert not law.is_shown(grant, DAY + timedelta(days=400), to_self=True)
    delayed = law.reviewed(grant, "delayed", date(2026, 5, 1))
    assert not law.is_shown(delayed, DAY, to_self=True)
    assert law.is_shown(delayed, DAY + timedelta(days=30), to_self=True)
    assert not law.is_shown(delayed, DAY + timedelta(days=30), to_self=False)
    assert law.is_shown(law.reviewed(grant, "immediate", None), DAY, to_self=True)


def test_what_stays_hidden_has_a_day_of_review() -> None:
    with pytest.raises(Invalid):
        law.reviewed(proposed(), "withheld", None)
