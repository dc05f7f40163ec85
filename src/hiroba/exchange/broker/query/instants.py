"""Times as text: one instant has several spellings, and they must be equal (CIM 009 §4.6.3)."""

import re
from datetime import UTC, datetime

from hiroba.exchange.broker.query.tree import Clock, Day, Instant, Text, Value

_SHAPES = {
    Instant: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,6})?Z$",
    Clock: r"^[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,6})?Z$",
    Day: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}
_COMPILED = {kind: re.compile(shape.removesuffix("$") + r"\Z") for kind, shape in _SHAPES.items()}
_DIGITS = 6
_PREFIX = {Instant: 19, Clock: 8}

Timed = Instant | Clock | Day


def timed(value: Value) -> Value:
    """The value; a quoted text that is a DateTime counts as one, for that is how many clients write it."""
    if isinstance(value, Text) and _COMPILED[Instant].match(value.value) and _moment(value.value) is not None:
        return Instant(value.value)
    return value


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace(",", ".")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(value: Value) -> datetime | None:
    """The instant of a value, or None where it is none."""
    value = timed(value)
    return _moment(value.value) if isinstance(value, Instant) else None


def pattern(kind: type[Timed]) -> str:
    """A regular expression for texts of a kind, in the subset that PostgreSQL and Python share."""
    return _SHAPES[kind]


def shape(value: Timed) -> str:
    """The one for texts of the same kind as this."""
    return pattern(type(value))


def key(kind: type[Timed], text: str) -> str | None:
    """What orders texts of this kind in time; None for a text of another shape."""
    if not _COMPILED[kind].match(text):
        return None
    if kind is Day:
        return text
    prefix = _PREFIX[kind]
    return text[:prefix] + "." + text[prefix + 1 : -1].ljust(_DIGITS, "0")


def split(value: Instant | Clock) -> tuple[str, str]:
    """Whole seconds as text, and the fraction without trailing zeros."""
    prefix = _PREFIX[type(value)]
    return value.value[:prefix], value.value[prefix + 1 : -1].rstrip("0")


def spellings(value: Timed) -> list[str]:
    """Every text that means the same."""
    if isinstance(value, Day):
        return [value.value]
    whole, fraction = split(value)
    written = [fraction.ljust(digits, "0") for digits in range(max(len(fraction), 1), _DIGITS + 1)]
    plain = [] if fraction else [f"{whole}Z"]
    return plain + [f"{whole}{sign}{digits}Z" for digits in written for sign in ".,"]


def later_fraction(fraction: str) -> str:
    """A regular expression for what follows whole seconds when the fraction is greater than this one."""
    digits = fraction.ljust(_DIGITS, "0")
    steps = [f"{digits[:place]}[{int(digit) + 1}-9]" for place, digit in enumerate(digits) if digit != "9"]
    return f"[.,]({'|'.join(steps)})" if steps else "[.,]x"
