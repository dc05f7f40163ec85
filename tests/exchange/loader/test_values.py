"""Cells become typed values, as lists in Japan write them."""

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.clock import JAPAN
from hiroba.base.text import wareki
from hiroba.exchange.loader import values
from hiroba.exchange.loader.findings import Refusal

FULL_WIDTH = str.maketrans("0123456789.-", "０１２３４５６７８９．－")


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_is_read_as_written_with_commas_or_in_full_width(number):
    assert values.integer(str(number)) == number
    assert values.integer(f"{number:,}") == number
    assert values.integer(str(number).translate(FULL_WIDTH)) == number
    assert values.integer(float(number)) == number


@given(st.dates(dt.date(1926, 12, 26), dt.date(2099, 12, 31)))
def test_a_day_is_read_in_every_spelling(day):
    spellings = [
        day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日", wareki(day),
        f"{day:%Y%m%d}", f"{day.month}/{day.day}/{day.year}", str((day - values.EXCEL_DAY_ZERO).days),
        dt.datetime.combine(day, dt.time()), day,
    ]  # fmt: skip
    assert [values.date(spelling) for spelling in spellings] == [day] * len(spellings)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("H29.1.6", (2017, 1, 6)),
        ("S38.01.14", (1963, 1, 14)),
        ("R1.7.1", (2019, 7, 1)),
        ("令和元年5月1日", (2019, 5, 1)),
    ],
)
def test_short_era_dates_are_read(written, day):
    assert values.date(written) == dt.date(*day)


@pytest.mark.parametrize("written", ["2024-02-30", "6/1", "R99999.1.1", "５", "1e9", "nan", "来週", "12:00"])
def test_what_is_no_day_is_refused_with_a_mend(written):
    with pytest.raises(Refusal, match="is not a date"):
        values.date(written)


@given(st.times())
def test_a_time_is_read_in_every_spelling(time):
    time = time.replace(second=0, microsecond=0)
    half = "午前" if time.hour < 12 else "午後"
    spellings = [
        f"{time:%H:%M}", f"{time.hour}：{time:%M}", f"{time:%H:%M:%S}", f"{half}{time.hour % 12}時{time.minute}分",
        f"{time.hour}時{time.minute}分", time, (time.hour * 60 + time.minute) / 1440,
    ]  # fmt: skip
    assert [values.time(spelling) for spelling in spellings] == [f"{time:%H:%M}"] * len(spellings)


def test_a_closing_time_may_lie_past_midnight():
    assert values.time("24:00:00") == "24:00"
    assert values.time("26:00") == "26:00"
    with pytest.raises(Refusal, match="time of day"):
        values.time("30:00")


def test_hours_that_are_no_time_stay_as_written():
    assert values.hours("17：00（土は12：00まで）") == "17：00（土は12：00まで）"
    assert values.hours(0.375) == "09:00"


@given(st.datetimes(dt.datetime(2019, 5, 1), dt.datetime(2050, 1, 1)))  # noqa: DTZ001 - the calendar is the point
def test_a_moment_in_the_era_calendar_is_japans_time(moment):
    moment = moment.replace(minute=0, second=0, microsecond=0)
    half = "午前" if moment.hour < 12 else "午後"
    said = f"{wareki(moment.date())}{half}{moment.hour % 12}時"
    assert values.moment(said) == moment.replace(tzinfo=JAPAN)
    assert values.moment(moment.isoformat()) == moment.replace(tzinfo=JAPAN)


def test_noon_is_a_time():
    assert values.moment("令和6年5月29日正午") == dt.datetime(2024, 5, 29, 12, tzinfo=JAPAN)


@pytest.mark.parametrize("written", ["", "きのう", "令和6年13月1日午後6時", "2024-01-09T99:00"])
def test_what_is_no_moment_is_refused(written):
    with pytest.raises(Refusal, match="date with a time"):
        values.moment(written)


@pytest.mark.parametrize("written", ["1", "１", "1.0", "○", "有", "Yes", True, 1])
def test_yes_is_yes(written):
    assert values.boolean(written) is True


@pytest.mark.parametrize("written", ["0", "×", "無", "なし", "false", False, 0])
def test_no_is_no(written):
    assert values.boolean(written) is False


def test_perhaps_is_refused():
    with pytest.raises(Refusal, match="neither yes nor no"):
        values.boolean("△")


@given(st.text())
def test_text_keeps_what_is_written_but_outer_space_and_control_characters(written):
    read = values.text(written)
    assert read == read.strip()
    assert values.text(read) == read
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} and sign != "\n" for sign in read)


def test_text_is_not_folded_but_a_code_is():
    assert values.text("　ＡＥＤ①号\u0007 ") == "ＡＥＤ①号"
    assert values.code("　Ｅ２７１４０ ") == "E27140"
    assert values.text(45.0) == "45"


def test_a_telephone_number_stays_text_with_its_zero():
    assert values.phone("０８７－８３９－２０１１\n") == "087-839-2011"
    with pytest.raises(Refusal, match="telephone"):
        values.phone("※番号です")


@pytest.mark.parametrize("written", ["https://example.jp/ひろば", "http://example.jp:8080/?a=b"])
def test_a_web_address_is_kept(written):
    assert values.url(written) == written


@pytest.mark.parametrize(
    "written", ["例", "ftp://example.jp", "https://", "https://a b", "javascript:alert(1)", "http://[", "http://a:x"]
)
def test_what_is_no_web_address_is_refused(written):
    with pytest.raises(Refusal, match="web address"):
        values.url(written)


def test_a_municipality_is_told_by_five_digits_six_or_a_common_id():
    assert values.municipality("37201") == values.municipality(372013) == values.municipality("372013") == "372013"
    assert values.municipality("E2714000328201") == "271403"
    assert values.municipality("27100") == "271004"
    with pytest.raises(Refusal, match="municipality"):
        values.municipality("372014")


def test_a_point_may_be_unknown():
    assert values.point("34.34,134.05") == (134.05, 34.34)
    assert values.point(",") is None
    with pytest.raises(Refusal, match="swapped"):
        values.point("134.05,34.34")
