"""Regular expressions of a query: checked by RE2, which answers in time linear to the text whatever the pattern."""

import functools
from typing import Any

import re2  # type: ignore[import-untyped,unused-ignore]  # google-re2 brings no types

from hiroba.exchange.broker.query.cursor import Cursor

LONGEST = 1000
"""Characters of one regular expression."""


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


@functools.lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The pattern ready to search with; raises re2.error."""
    return re2.compile(pattern, _options())


def unquoted_escapes(pattern: str) -> str:
    """The pattern without backslashes before quotation marks, which mean nothing to it and end nothing in quotes."""
    pieces, at = [], 0
    while at < len(pattern):
        pair = pattern[at : at + 2]
        escaped = pair[0] == "\\"
        pieces.append('"' if pair == '\\"' else pair if escaped else pair[0])
        at += 2 if escaped else 1
    return "".join(pieces)


def _quoted_end(cursor: Cursor) -> int:
    at = cursor.at
    while at < len(cursor.text) and cursor.text[at] != '"':
        at += 2 if cursor.text[at] == "\\" else 1
    if at >= len(cursor.text):
        cursor.fail("a regular expression that ends with a quotation mark")
    return at


def _bare_end(cursor: Cursor) -> int:
    """Where an expression without quotes ends: at `;`, `|` or `)` outside of its own brackets."""
    at, depth, in_class = cursor.at, 0, False
    while at < len(cursor.text):
        char = cursor.text[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif depth == 0 and char in ";|)":
            break
        elif char == ")":
            depth -= 1
        at += 1
    return min(at, len(cursor.text))


def pattern(cursor: Cursor) -> str:
    r"""Go past a regular expression, in quotes or bare. Inside quotes only `\"` is an escape of the query's own."""
    start = cursor.at
    in_quotes = bool(cursor.take('"'))
    end = _quoted_end(cursor) if in_quotes else _bare_end(cursor)
    found = unquoted_escapes(cursor.text[cursor.at : end])
    if not found or len(found) > LONGEST:
        cursor.fail(f"a regular expression of 1 to {LONGEST} characters", start)
    try:
        compiled(found)
    except re2.error as error:
        reason = (
            error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else "not known"
        )
        cursor.fail(f"a regular expression that RE2 knows ({reason})", start)
    cursor.at = end + in_quotes
    return found
