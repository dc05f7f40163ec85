import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.lg_code import lg_code


@pytest.mark.parametrize(
    ("five", "six"),
    [("13101", "131016"), ("01100", "011002"), ("27140", "271403"), ("37201", "372013"), ("17202", "172022")],
)
def test_the_check_digit_is_that_of_the_published_codes(five, six):
    assert lg_code(five) == six


@pytest.mark.parametrize("wrong", ["", "1310", "131016", "13a01", "１３１０１"])
def test_what_is_no_five_digits_is_refused(wrong):
    with pytest.raises(ValueError, match="five digits"):
        lg_code(wrong)


@given(st.integers(0, 99999), st.integers(0, 4), st.integers(1, 9))
def test_one_digit_written_wrongly_shows(number, position, by):
    right = f"{number:05}"
    digit = str((int(right[position]) + by) % 10)
    wrong = right[:position] + digit + right[position + 1 :]
    weight = (6, 5, 4, 3, 2)[position]
    remainders = {
        (11 - sum(w * int(d) for w, d in zip((6, 5, 4, 3, 2), code, strict=True)) % 11) for code in (right, wrong)
    }
    assert weight * by % 11
    assert len(remainders) == 2
    if not remainders <= {1, 11}:  # 10 and 0 share no digit, but 11 and 1 do
        assert lg_code(right)[-1] != lg_code(wrong)[-1]
