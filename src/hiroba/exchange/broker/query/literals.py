"""The values of the query language: numbers, quoted texts, times, URIs (CIM 009 §4.9 and §4.6.3)."""

import math
import re
from datetime import datetime

import orjson

from hiroba.exchange.broker.query.cursor import Cursor, is_name
from hiroba.exchange.broker.query.tree import Clock, Day, Flag, Instant, Number, Text, Value, Word

_END = r"(?=$|[;|),]|\.\.)"
_TIME = r"\d{2}:\d{2}:\d{2}(?:[.,]\d{1,6})?Z"
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T" + _TIME + _END, re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}" + _END, re.ASCII)
_CLOCK = re.compile(_TIME + _END, re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?" + _END, re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(r"""[^\s;|(),"<>{}\\^`\x00-\x1f\x7f]+""")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")

_LONGEST_NUMBER = 100
VALUE = 'a value (a number, a "text", true, false, a date, a time or a URI)'


def is_instant(text: str) -> bool:
    """Whether it is a DateTime of §4.6.3 on a calendar day that exists."""
    return _INSTANT.fullmatch(text) is not None and _is_time(text)


def _is_time(iso: str) -> bool:
    try:
        datetime.fromisoformat(iso.replace(",", "."))
    except ValueError:
        return False
    return True


def quoted(cursor: Cursor) -> str:
    """Go past a JSON string."""
    found = _QUOTED.match(cursor.text, cursor.at)
    if found is None:
        cursor.fail("a text that ends with a quotation mark")
    try:
        text: str = orjson.loads(found[0])
    except orjson.JSONDecodeError:
        cursor.fail("a text with the escapes of JSON")
    if "\0" in text:
        cursor.fail("a text without the character U+0000")
    cursor.at = found.end()
    return text


def _timed(cursor: Cursor) -> Value | None:
    for pattern, kind, day in ((_INSTANT, Instant, ""), (_DAY, Day, ""), (_CLOCK, Clock, "2000-01-01T")):
        found = pattern.match(cursor.text, cursor.at)
        if found is not None:
            if not _is_time(day + found[0]):
                cursor.fail("a date or time that exists")
            cursor.at = found.end()
            return kind(found[0])
    return None


def _number(cursor: Cursor) -> Number | None:
    found = _NUMBER.match(cursor.text, cursor.at)
    if found is None:
        return None
    written = found[0]
    if len(written) > _LONGEST_NUMBER:
        cursor.fail(f"a number of at most {_LONGEST_NUMBER} characters")
    number = int(written) if written.lstrip("-").isdigit() else float(written)
    if math.isinf(number):
        cursor.fail("a number that a computer can hold")
    cursor.at = found.end()
    return Number(number)


def value(cursor: Cursor) -> Value:
    """Go past one value."""
    if cursor.next == '"':
        return Text(quoted(cursor))
    known = _timed(cursor) or _number(cursor)
    if known is not None:
        return known
    found = _WORD.match(cursor.text, cursor.at)
    word = found[0] if found else ""
    if not (is_name(word) or _SCHEME.match(word)):
        cursor.fail(VALUE)
    cursor.at += len(word)
    return Flag(word == "true") if word in {"true", "false"} else Word(word)
