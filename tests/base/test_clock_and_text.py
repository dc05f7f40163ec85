"""Dates as people write them, languages as browsers ask for them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base import clock
from hiroba.base.clock import JAPAN, iso
from hiroba.base.text import LANGUAGES, Catalogue, choose, in_language, wareki


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 11, 20), "令和8年11月20日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1926, 12, 24), "1926年12月24日"),
    ],
)
def test_a_day_is_written_in_its_era(day: date, written: str) -> None:
    assert wareki(day) == written


def test_a_page_says_the_day_of_the_week() -> None:
    assert Catalogue("ja").date(date(2026, 11, 20)) == "令和8年11月20日（金）"
    assert Catalogue("en").date(date(2026, 11, 20)) == "Friday, 20 November 2026"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "ja"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("fr, en;q=0.3", "en"),
        ("en;q=0.5, ja;q=0.6", "ja"),
        ("en, ja", "en"),
        ("fr", "ja"),
        ("en;q=nonsense, ja", "ja"),
        ("*", "ja"),
    ],
)
def test_the_language_a_browser_likes_best_is_chosen(accepted: str, language: str) -> None:
    assert choose(accepted) == language


@given(st.text())
def test_any_header_gives_a_language_of_the_house(accepted: str) -> None:
    assert choose(accepted) in LANGUAGES


def test_a_language_map_falls_back_to_japanese_and_then_to_anything() -> None:
    assert in_language({"ja": "堺市", "en": "Sakai"}, "en") == "Sakai"
    assert in_language({"ja": "堺市"}, "en") == "堺市"
    assert in_language({"fr": "Sakai"}, "en") == "Sakai"
    assert in_language("堺市", "en") == "堺市"
    assert in_language({}, "en") == ""


def test_an_office_in_japan_is_a_day_ahead_in_the_evening_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 31, 15, 0, tzinfo=UTC))
    assert clock.today() == date(2026, 4, 1)


def test_moments_are_written_in_utc_with_a_z() -> None:
    assert iso(datetime(2026, 11, 20, 9, 0, tzinfo=JAPAN)) == "2026-11-20T00:00:00Z"
    assert iso(datetime(2026, 11, 20, 9, 0, 0, 5, tzinfo=UTC)) == "2026-11-20T09:00:00.000005Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_moment_reads_back_the_same(moment: datetime) -> None:
    assert datetime.fromisoformat(iso(moment)) - moment == timedelta(0)
