"""The rules of a report, without a database."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.errors import Invalid
from hiroba.services.reports import model
from hiroba.services.reports.model import (
    NEXT,
    OPEN,
    STATES,
    Contact,
    Decision,
    clean,
    key_of,
    metres,
    mistakes,
    place_of,
)

states = st.sampled_from(sorted(STATES))
whole = {"words": "理由", "duplicate_of": "7", "forwarded_to": "水道企業団"}


def test_every_state_has_a_name_in_both_languages_and_a_way_on() -> None:
    assert set(NEXT) == set(STATES)
    for state, names in STATES.items():
        assert names["ja"]
        assert names["en"]
        assert NEXT[state]
        assert state not in NEXT[state]


@given(states, states)
def test_a_decision_with_all_its_words_may_happen_exactly_where_the_table_says(now, then) -> None:
    assert ("state" in mistakes(now, Decision(state=then, **whole))) == (then not in NEXT[now])


@given(states)
def test_from_every_state_the_end_can_be_reached(start) -> None:
    reached, fresh = set(), {start}
    while fresh:
        reached |= fresh
        fresh = {after for state in fresh for after in NEXT[state]} - reached
    assert "done" in reached


@given(states)
def test_nothing_closed_becomes_anything_but_open_again(now) -> None:
    if now not in OPEN:
        assert set(NEXT[now]) <= set(OPEN)


@given(states, st.text(max_size=20))
def test_an_unknown_state_never_happens(now, then) -> None:
    if then not in STATES:
        assert mistakes(now, Decision(state=then, **whole))


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        (Decision(state="declined"), "words"),
        (Decision(state="forwarded", forwarded_to="水道企業団"), "words"),
        (Decision(state="forwarded", words="理由"), "forwarded_to"),
        (Decision(state="duplicate"), "duplicate_of"),
        (Decision(state="duplicate", duplicate_of="the one before"), "duplicate_of"),
        (Decision(state="duplicate", duplicate_of="9" * 40), "duplicate_of"),
    ],
)
def test_some_states_need_their_reason(decision, field) -> None:
    assert list(mistakes("received", decision)) == [field]


@given(st.text())
def test_cleaned_text_can_be_kept_and_is_clean_already(text) -> None:
    try:
        once = clean(text, 50)
    except Invalid:
        return
    assert "\x00" not in once
    assert "\r" not in once
    assert clean(once, 50) == once
    once.encode()


@given(st.text(), st.text())
def test_a_place_is_on_the_globe_or_refused(longitude, latitude) -> None:
    try:
        east, north = place_of(longitude, latitude)
    except Invalid:
        return
    assert -180 <= east <= 180
    assert -90 <= north <= 90


@given(st.floats(-180, 180), st.floats(-80, 80), st.floats(-0.001, 0.001), st.floats(-0.001, 0.001))
def test_a_distance_is_the_same_both_ways_and_close_to_the_plane(east, north, more_east, more_north) -> None:
    here, there = (east, north), (east + more_east, north + more_north)
    far = metres(here, there)
    assert far == pytest.approx(metres(there, here), abs=1e-6)
    flat = math.hypot(more_east * math.cos(math.radians(north + more_north / 2)), more_north) * 111_195.08
    assert far == pytest.approx(flat, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("06-1234-5678", "0612345678"), ("０６（１２３４）５６７８", "0612345678"),
        ("Hanako@Example.JP", "hanako@example.jp"), (" a@b.jp", "a@b.jp"),
    ],
)  # fmt: skip
def test_a_person_is_found_however_the_number_was_written(one, other) -> None:
    assert key_of(one) == key_of(other)


def test_different_people_have_different_keys() -> None:
    assert len({key_of(text) for text in ("0612345678", "0612345679", "a@b.jp", "b@a.jp", "1a", "1b")}) == 6


def test_a_name_alone_is_a_contact_without_a_key() -> None:
    assert Contact(name="見本 花子")
    assert Contact(name="見本 花子").keys == []
    assert not Contact()


def test_every_kind_says_what_it_is_in_both_languages() -> None:
    for code, kind in model.KINDS.items():
        assert kind.code == code
        assert set(kind.names) == set(kind.hints) == {"ja", "en"}
