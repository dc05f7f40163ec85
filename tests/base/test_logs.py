"""A line of a process's own log: what was sent to us stays within its line."""

import logging
import re
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base import logs


def line(message: str, *values: object, exc_info: object = None) -> str:
    record = logging.LogRecord("hiroba.web", logging.ERROR, __file__, 1, message, values, exc_info)  # type: ignore[arg-type]
    return logs.Line().format(record)


def test_a_line_says_when_in_utc_how_bad_and_where() -> None:
    at, level, room, said = line("it broke").split(" ", 3)
    assert datetime.fromisoformat(at).utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    assert at.endswith("Z")
    assert (level, room, said) == ("ERROR", "hiroba.web", "it broke")


@given(st.text())
def test_whatever_was_sent_stays_within_its_line(text: str) -> None:
    assert len(line("unforeseen in %s", text).splitlines()) == 1


def test_a_traceback_begins_no_line_of_the_log() -> None:
    try:
        int("one\n2026-11-21T00:00:00.000Z ERROR hiroba.web an invented line\x1b[2J")
    except ValueError:
        first, *rest = line("unforeseen", exc_info=sys.exc_info()).split("\n")
    assert first.endswith("unforeseen")
    assert len(rest) > 2
    assert all(one.startswith("    | ") for one in rest)
    assert not any("\x1b" in one for one in rest)


def test_a_refusal_says_operation_and_reason_and_nothing_that_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hiroba.refused"):
        logs.refused("GET /entities/{}", 401, "", "UnknownCredentials")
    assert re.fullmatch(r"401 GET /entities/\{\} anyone UnknownCredentials", caplog.messages[-1])
