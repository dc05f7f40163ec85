"""Temporal queries bound instants as CIM 009 §4.11 says: from inclusive, until exclusive."""

from datetime import UTC, datetime

import pytest

from hiroba.base.db import Connection
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import temporal
from hiroba.exchange.broker.query.compile import Compiler

DAY, NEXT = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00.5Z"
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, 0, 0, 0, 500000, UTC)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("timerel", "end", "moment", "expected"),
    [
        ("before", "", START, False),
        ("before", "", datetime(2019, 12, 31, tzinfo=UTC), True),
        ("after", "", START, True),
        ("between", NEXT, START, True),
        ("between", NEXT, END, False),
        ("between", NEXT, datetime(2020, 1, 2, tzinfo=UTC), True),
    ],
)
async def test_a_relation_bounds_a_moment(
    conn: Connection, timerel: str, end: str, moment: datetime, *, expected: bool
) -> None:
    asked = temporal.parse(timerel, DAY, end)
    assert asked.matches(moment) is expected
    compiler = Compiler(start=2)
    question = f"select {asked.sql('$1::timestamptz', compiler.bind)}"
    assert await conn.fetchval(question, moment, *compiler.values) is expected


@pytest.mark.parametrize(
    ("timerel", "at", "end", "timeproperty", "words"),
    [
        ("during", DAY, "", "observedAt", "timerel"),
        ("after", "", "", "observedAt", "timeAt"),
        ("after", "2020-02-30T00:00:00Z", "", "observedAt", "timeAt"),
        ("between", DAY, "", "observedAt", "endTimeAt"),
        ("before", DAY, NEXT, "observedAt", "endTimeAt"),
        ("before", DAY, "", "bornAt", "timeproperty"),
    ],
)
def test_a_wrong_temporal_query_names_its_parameter(
    timerel: str, at: str, end: str, timeproperty: str, words: str
) -> None:
    with pytest.raises(BadRequestData, match=f"^{words}: "):
        temporal.parse(timerel, at, end, timeproperty)
