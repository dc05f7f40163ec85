"""One subscription's queue as a machine: whatever happens, in whatever order, what it promises holds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.exchange.broker.delivery.conftest import address

from hiroba.exchange.broker.delivery import line
from hiroba.exchange.broker.delivery.line import Line, pause
from hiroba.exchange.broker.delivery.model import Row, Target

START = datetime(2026, 11, 21, tzinfo=UTC)
TO = address("one")


def row(number: int, entity: str, trigger: str = "") -> Row:
    at = START + timedelta(seconds=number)
    return Row(number=number, address=TO, entity=entity, trigger=trigger, at=at, data=b"{}")


class Queue(RuleBasedStateMachine):
    """A line that is given rows, sends, succeeds, fails and waits; beside it, what was owed and what arrived."""

    throttling = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.line, self.now, self.number = Line(), 1000.0, 0
        self.target = Target(uri="http://x", throttling=self.throttling, cooldown=3.0)
        self.under_way: list[tuple[Row, ...]] = []
        self.owed: list[Row] = []
        self.superseded: list[Row] = []
        self.dead: list[Row] = []
        self.arrived: list[Row] = []
        self.sent_at: list[float] = []
        self.failed_at = float("-inf")

    @rule(entity=st.sampled_from(["a", "b", "c", ""]), trigger=st.sampled_from(["", "updated"]))
    def owe(self, entity: str, trigger: str) -> None:
        self.number += 1
        self.owed.append(row(self.number, entity, trigger))
        self.line.add(self.owed[-1])

    @rule()
    def send(self) -> None:
        if self.throttling:
            self.superseded += self.line.superseded()
        while rows := self.line.take(self.now, self.target):
            assert self.now >= self.failed_at + 3.0, "the cooldown is kept"
            assert len({one.trigger for one in rows}) == 1
            assert self.throttling or len(rows) == 1
            self.under_way.append(rows)
            self.sent_at.append(self.now)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 100))
    def succeed(self, which: int) -> None:
        rows = self.under_way.pop(which % len(self.under_way))
        self.line.went_well(rows)
        self.arrived += rows

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 100), refused=st.booleans())
    def fail(self, which: int, *, refused: bool) -> None:
        rows = self.under_way.pop(which % len(self.under_way))
        self.dead += self.line.failed(rows, self.now, self.target, 0.5, refused=refused)
        self.failed_at = self.now

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def wait_until_due(self) -> None:
        due = self.line.due(self.target)
        if due is not None:
            self.now = max(self.now, due)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        here = [*self.line.waiting, *(one for rows in self.under_way for one in rows)]
        everything = [*here, *self.superseded, *self.dead, *self.arrived]
        assert sorted(one.number for one in everything) == list(range(1, self.number + 1))

    @invariant()
    def of_one_entity_only_one_is_under_way(self) -> None:
        entities = [one.entity for rows in self.under_way for one in rows]
        assert len(entities) == len(set(entities))
        assert len(self.under_way) <= line.WIDEST

    @invariant()
    def order_per_entity_is_kept(self) -> None:
        for entity in ("a", "b", "c", ""):
            numbers = [one.number for one in self.arrived if one.entity == entity]
            if not self.throttling:
                assert numbers == sorted(numbers)

    def teardown(self) -> None:
        """In the end everything arrives, if only the receiver answers."""
        for rows in self.under_way:
            self.line.went_well(rows)
            self.arrived += rows
        self.under_way = []
        for _ in range(2 * self.number + 2):
            self.wait_until_due()
            self.send()
            for rows in self.under_way:
                self.line.went_well(rows)
                self.arrived += rows
            self.under_way = []
        assert not self.line.waiting
        assert self.line.idle
        self.nothing_is_lost_or_doubled()


class Throttled(Queue):
    """The same with a period: nothing is sent within it, and the newest of each entity is never what is left out."""

    throttling = 10.0

    @invariant()
    def the_period_is_kept(self) -> None:
        assert all(later - earlier >= 10.0 for earlier, later in zip(self.sent_at, self.sent_at[1:], strict=False))

    @invariant()
    def only_older_states_are_left_out(self) -> None:
        newest = {(one.entity, one.trigger): one.number for one in self.owed}
        assert all(one.number < newest[one.entity, one.trigger] for one in self.superseded)


TestQueue = Queue.TestCase
TestThrottled = Throttled.TestCase


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_stay_within_a_bound(failures: int, chance: float) -> None:
    assert 0.5 * line.SHORTEST <= pause(failures, chance) <= 1.5 * line.LONGEST
    assert pause(failures, chance) <= pause(failures + 1, chance)


def test_a_receiver_that_does_well_gets_more_at_once_and_one_that_fails_one_at_a_time() -> None:
    queue, target = Line(), Target(uri="http://x")
    for number in range(1, 40):
        queue.add(row(number, f"urn:x:{number}"))
    widths = []
    for _ in range(5):
        rows = []
        while taken := queue.take(0.0, target):
            rows.append(taken)
        widths.append(len(rows))
        for taken in rows:
            queue.went_well(taken)
    assert widths == [1, 2, 8, 8, 8]
    (failing,) = queue.take(0.0, target)
    queue.failed((failing,), 0.0, target, 0.5, refused=False)
    assert queue.take(0.9, target) == ()
    assert queue.take(1.0, target) == (failing,)
    assert queue.take(1.0, target) == ()


def test_what_is_refused_again_and_again_is_given_up_and_what_nobody_answered_is_not() -> None:
    queue, target = Line(), Target(uri="http://x")
    queue.add(row(1, "urn:x:1"))
    now = 0.0
    for _ in range(50):
        now += 1000.0
        rows = queue.take(now, target)
        assert queue.failed(rows, now, target, 0.5, refused=False) == ()
    for attempt in range(1, line.TRIES + 1):
        now += 1000.0
        rows = queue.take(now, target)
        given_up = queue.failed(rows, now, target, 0.5, refused=True)
        assert bool(given_up) is (attempt == line.TRIES)


def test_a_notification_about_many_is_overtaken_by_none() -> None:
    queue, target = Line(), Target(uri="http://x")
    queue.width = 8
    for number, entity in enumerate(["urn:x:1", "", "urn:x:2"], 1):
        queue.add(row(number, entity))
    (first,) = queue.take(0.0, target)
    assert queue.take(0.0, target) == ()
    queue.went_well((first,))
    (many,) = queue.take(0.0, target)
    assert (many.number, queue.take(0.0, target)) == (2, ())
