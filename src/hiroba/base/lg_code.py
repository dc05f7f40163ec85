"""Codes of prefectures and municipalities (JIS X 0401 and 0402): five digits and a sixth that guards them."""

from typing import Final

_WEIGHTS: Final = (6, 5, 4, 3, 2)


def lg_code(five_digits: str) -> str:
    """The six-digit code of a five-digit one: `13101` becomes `131016`.

    The check digit is the last digit of 11 less the remainder by 11 of the digits weighted 6, 5, 4, 3, 2.
    """
    if len(five_digits) != len(_WEIGHTS) or not (five_digits.isascii() and five_digits.isdigit()):
        raise ValueError(f"A municipality's code has five digits before its check digit, not {five_digits!r}.")
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, five_digits, strict=True))
    return f"{five_digits}{(11 - weighted % 11) % 10}"
