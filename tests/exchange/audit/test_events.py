"""An event becomes bytes in one way only."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.base.errors import Invalid
from hiroba.exchange.audit.events import Data, Event, canonical, check, leaf

MOMENT = datetime(2026, 11, 21, 5, 0, 0, 120000, tzinfo=UTC)
TEXT = st.text(max_size=30)  # surrogates are not among them
EVENTS = st.builds(
    Event,
    at=st.datetimes(timezones=st.just(UTC)),
    kind=st.sampled_from(["read", "refused", "looked"]),
    subject=TEXT,
    recipient=TEXT,
    purpose=TEXT,
    ground=TEXT,
    data=st.lists(st.builds(Data, type=TEXT, attrs=st.lists(TEXT, max_size=3)), max_size=3),
    by=TEXT,
    note=TEXT,
)


@settings(deadline=None)
@given(EVENTS, st.integers(0, 2**53), st.binary(max_size=32))
def test_the_bytes_are_those_that_any_canonical_json_makes_of_the_document(event: Event, number: int, before: bytes):
    """RFC 8785 §3.2, as far as texts, whole numbers and ASCII names go: Python's own JSON writes the same."""
    text = canonical(event, number, before)
    document = json.loads(text)
    assert json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == text


def test_an_event_reads_as_a_sentence_and_leaves_out_what_is_empty() -> None:
    event = Event(
        MOMENT,
        "read",
        subject="s",
        recipient="org:clinic/app:booking",
        purpose="health.checkup@2",
        ground="grant@3",
        data=[Data("Person", ("birthDate", "allergy"))],
        review_on=date(2027, 4, 1),
    )
    assert canonical(event, 2, b"\xab\xcd") == (
        b'{"at":"2026-11-21T05:00:00.120000Z","data":[{"attrs":["birthDate","allergy"],"type":"Person"}],'
        b'"ground":"grant@3","kind":"read","number":2,"previous":"abcd","purpose":"health.checkup@2",'
        b'"recipient":"org:clinic/app:booking","reviewOn":"2027-04-01","subject":"s"}'
    )


def test_the_same_moment_in_another_time_zone_is_the_same_event() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert canonical(Event(elsewhere, "read")) == canonical(Event(MOMENT, "read"))


def test_a_leaf_tells_nothing_without_its_salt() -> None:
    event = canonical(Event(MOMENT, "read"))
    assert leaf(b"a" * 16, event) != leaf(b"b" * 16, event)


@pytest.mark.parametrize(
    "event",
    [
        Event(MOMENT, ""),
        Event(MOMENT.replace(tzinfo=None), "read"),
        Event(MOMENT, "read", subject="\0"),
        Event(MOMENT, "read", ground="x" * 501),
        Event(MOMENT, "read", note="\ud800"),
        Event(MOMENT, "read", subject="s", disclosure="withheld"),
        Event(MOMENT, "read", ground="law", disclosure="delayed"),
    ],
    ids=["no kind", "no time zone", "NUL", "too long", "half a character", "withheld without ground", "of nobody"],
)
def test_what_cannot_be_written_is_said_before_it_meets_its_neighbours(event: Event) -> None:
    with pytest.raises(Invalid):
        check(event)
