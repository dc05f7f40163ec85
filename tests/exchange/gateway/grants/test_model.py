"""A grant's life as a machine: whatever people do in whatever order, its promises hold."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from hiroba.base.errors import Conflict, Forbidden, Invalid, Problem
from hiroba.exchange.gateway.grants import model
from hiroba.exchange.gateway.grants.model import Grant, MoreThanOffered, Notice
from hiroba.exchange.gateway.purposes.model import Data, Definition, Purpose

START = datetime(2026, 4, 1, tzinfo=UTC)
NOTICE = Notice("1", "a3" * 32, "ja")
OFFERED = (Data("Person", ("birthDate", "allergy")), Data("HealthCheckup", ("checkedOn",)))
NAMES = [(part.type, attr) for part in OFFERED for attr in part.attrs]
BOOKING = "org:clinic/app:booking"


def purpose(version: int = 1, **changes: object) -> Purpose:
    definition = Definition(
        title={"ja": "予約"}, reason={"ja": "ために"}, recipients=(BOOKING,), data=OFFERED, words={}, lasts_days=100,
        retention_days=1,
    )  # fmt: skip
    stands = Purpose(
        name="health.checkup", version=version, organisation="org:mutsu", state="active", definition=definition
    )
    return msgspec.structs.replace(stands, **changes)


def offer(version: int = 1, at: datetime = START, of: Purpose | None = None) -> Grant:
    return model.offer(
        of or purpose(), id="G", version=version, subject="s", source="org:mutsu", recipient=BOOKING,
        organisation="org:clinic", at=at,
    )  # fmt: skip


def pairs(data: tuple[Data, ...]) -> set[tuple[str, str]]:
    return {(part.type, attr) for part in data for attr in part.attrs}


class Life(RuleBasedStateMachine):
    """Versions of one grant, moved at random: offered, agreed to in part, withdrawn, run out, replaced."""

    grants = Bundle("grants")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.versions: dict[int, Grant] = {}
        self.offered: dict[int, set[tuple[str, str]]] = {}
        self.over: dict[int, str] = {}

    @rule(target=grants)
    def offer_next(self) -> int:
        version = len(self.versions) + 1
        self.versions[version] = offer(version, self.now, purpose(version))
        self.offered[version] = pairs(self.versions[version].data)
        return version

    @rule(version=grants, chosen=st.sets(st.sampled_from(NAMES)))
    def agree(self, version: int, chosen: set[tuple[str, str]]) -> None:
        wanted = tuple(Data(type_, tuple(a for t, a in chosen if t == type_)) for type_ in {t for t, _ in chosen})
        before = self.versions[version]
        try:
            after = model.agreed(
                before, at=self.now, notice=NOTICE, given_by="self", authn="passkey", data=wanted or None
            )
        except Problem:
            assert before.state != "offered" or self.now >= before.until
            return
        assert pairs(after.data) == (chosen or self.offered[version])
        older = [one for one in self.versions.values() if one.state == "active"]
        newer = any(one.version > version for one in older)
        if newer:
            return  # an older text is not agreed to behind the back of a newer one
        for one in older:
            self.versions[one.version] = model.superseded(one, after)
        self.versions[version] = after

    @rule(version=grants)
    def withdraw(self, version: int) -> None:
        try:
            self.versions[version] = model.withdrawn(self.versions[version])
        except Conflict:
            assert self.versions[version].is_over

    @rule(days=st.integers(0, 60))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        for version, grant in self.versions.items():
            if not grant.is_over and self.now >= grant.until:
                self.versions[version] = model.expired(grant, self.now)

    @invariant()
    def at_most_one_version_is_active(self) -> None:
        assert sum(one.state == "active" for one in self.versions.values()) <= 1

    @invariant()
    def nobody_gives_more_than_was_offered(self) -> None:
        for version, grant in self.versions.items():
            assert pairs(grant.data) <= self.offered[version]

    @invariant()
    def what_is_active_was_shown_and_is_not_over(self) -> None:
        for grant in self.versions.values():
            if grant.state == "active":
                assert grant.notice == NOTICE
                assert grant.from_ < grant.until
                assert self.now < grant.until

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for version, state in self.over.items():
            assert self.versions[version].state == state
        self.over = {v: g.state for v, g in self.versions.items() if g.is_over}


TestLife = Life.TestCase
TestLife.settings = settings(deadline=None)

SHAPE = {
    "id": "01J", "version": 3, "subject": "s", "source": "org:mutsu", "recipient": BOOKING, "purpose": "health.checkup@2",
    "data": [{"type": "Person", "attrs": ["birthDate", "allergy"]}], "actions": ["read"], "onward": "none",
    "basis": {"kind": "law", "law": "13条の4", "office": "o", "case": "c", "necessity": "n", "approvers": ["a", "b"]},
    "from": "2026-04-01T00:00:00Z", "until": "2026-05-01T00:00:00Z", "state": "active",
    "notice": {"version": "1", "sha256": "a3", "lang": "ja"}, "givenBy": "self", "authn": "passkey",
    "disclosure": {"mode": "delayed", "reviewOn": "2026-05-01"},
}  # fmt: skip


def test_the_shape_on_the_wire_is_read_and_written_exactly() -> None:
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(SHAPE, Grant))) == SHAPE
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(SHAPE | {"more": 1}, Grant)


def test_to_agree_to_more_than_was_offered_is_refused() -> None:
    with pytest.raises(MoreThanOffered):
        model.narrowed(OFFERED, (Data("Person", ("address",)),))
    with pytest.raises(MoreThanOffered):
        model.narrowed(OFFERED, (Data("Vehicle", ("birthDate",)),))


@settings(deadline=None)
@given(st.sets(st.sampled_from(NAMES)))
def test_to_agree_to_part_keeps_the_order_and_nothing_is_no_agreement(chosen: set[tuple[str, str]]) -> None:
    wanted = tuple(Data(type_, (attr,)) for type_, attr in chosen)
    if not wanted:
        with pytest.raises(Invalid):
            model.narrowed(OFFERED, wanted)
        return
    left = model.narrowed(OFFERED, wanted)
    assert pairs(left) == chosen
    assert [(part.type, attr) for part in left for attr in part.attrs] == [name for name in NAMES if name in chosen]


@pytest.mark.parametrize("state", ["draft", "assessed", "decided", "retired"])
def test_only_an_active_purpose_asks(state: str) -> None:
    with pytest.raises(Conflict):
        offer(of=purpose(state=state))


def test_only_a_recipient_of_the_purpose_asks() -> None:
    with pytest.raises(Forbidden):
        model.offer(
            purpose(), id="G", version=1, subject="s", source="org:mutsu", recipient="org:other/app:x",
            organisation="org:other", at=START,
        )  # fmt: skip


def test_a_consent_lasts_no_longer_than_its_purpose_allows_and_may_be_shorter() -> None:
    grant = offer()
    assert grant.until == START + timedelta(days=100)
    given_ = {"at": START, "notice": NOTICE, "given_by": "self", "authn": "passkey"}
    shorter = model.agreed(grant, **given_, until=START + timedelta(days=3))
    assert shorter.until == START + timedelta(days=3)
    for until in (START, START + timedelta(days=101)):
        with pytest.raises(Invalid):
            model.agreed(grant, **given_, until=until)
