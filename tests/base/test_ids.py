"""Names for things: unique, and sorted by the time they were made."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from hiroba.base import clock
from hiroba.base.ids import ALPHABET, moment_of, ulid, ulids


def test_an_id_has_26_characters_of_its_alphabet() -> None:
    made = ulid()
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)


def test_many_ids_of_one_moment_are_all_different(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert len({ulid() for _ in range(10_000)}) == 10_000


def test_ids_sort_by_the_time_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    start, made = datetime(2026, 11, 20, tzinfo=UTC), []
    for milliseconds in (0, 1, 31, 32, 1000, 86_400_000, 10**11):
        monkeypatch.setattr(clock, "now", lambda at=milliseconds: start + timedelta(milliseconds=at))
        made.append(ulid())
    assert made == sorted(made)


def test_the_first_ten_characters_are_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(1_469_918_176.385, UTC))
    assert ulid()[:10] == "01ARYZ6S41"


def test_ulids_of_one_moment_are_in_order_and_say_when_they_were_made() -> None:
    moment = datetime(2026, 11, 21, 7, 30, 0, 123000, tzinfo=UTC)
    made = list(islice(ulids(moment), 5000))
    assert made == sorted(set(made))
    assert {moment_of(one) for one in made} == {moment.timestamp()}
    assert [moment_of(text) for text in ("", "x" * 26, made[0][:-1], made[0].lower())] == [None] * 4
