"""Who a request has come through, and what this broker is called (CIM 009 §5.2.40, §6.3.18)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.federation import via
from hiroba.exchange.broker.federation.identity import Identity, duration

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=20)
SINCE = datetime(2026, 11, 21, tzinfo=UTC)


@given(st.lists(NAMES, max_size=10))
def test_whoever_passed_a_request_on_is_found_in_its_header(names: list[str]) -> None:
    header = ""
    for name in names:
        header = via.extended(header, name)
    assert via.pseudonyms(header) == frozenset(names)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("1.1 proxy.example.org (Apache/2.4)", {"proxy.example.org"}),
        ("HTTP/1.1 one,1.0 two", {"one", "two"}),
        ("", set()),
        (" , ,", set()),
        ("nonsense", set()),
    ],
)
def test_a_header_from_anybody_is_read_as_far_as_it_goes(header: str, names: set[str]) -> None:
    assert via.pseudonyms(header) == names


def test_a_way_of_more_brokers_than_anybody_needs_is_too_long() -> None:
    assert not via.is_too_long(", ".join(["1.1 one"] * 20))
    assert via.is_too_long(", ".join(["1.1 one"] * 40))


@given(st.text(max_size=50), st.text(max_size=50))
def test_two_tenants_have_two_aliases_that_a_header_can_carry(one: str, two: str) -> None:
    identity = Identity("01k", SINCE)
    assert (identity.alias(one) == identity.alias(two)) == (one == two)
    assert via.pseudonyms(via.extended("", identity.alias(one))) == {identity.alias(one)}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "PT0S"), (61, "PT1M1S"), (3600, "PT1H0S"), (90_061, "P1DT1H1M1S"), (-5, "PT0S")]
)
def test_the_time_since_the_start_is_an_iso_duration(seconds: int, text: str) -> None:
    assert duration(SINCE + timedelta(seconds=seconds), SINCE) == text
