"""How surely somebody is known, and how long a proof counts."""

from datetime import UTC, datetime, timedelta

import pytest

from hiroba.exchange.identity.callers import NOBODY, Caller
from hiroba.exchange.identity.levels import FRESH, ORDER, LevelNeeded, Proof, known, must_have_level, reaches

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("wanted", ORDER)
@pytest.mark.parametrize("shown", ORDER)
def test_a_proof_counts_for_its_level_and_those_below(shown, wanted) -> None:
    enough = ORDER.index(shown) >= ORDER.index(wanted)
    assert reaches(shown, wanted) == enough
    if enough:
        must_have_level(Proof(shown, NOW), wanted, NOW)
    else:
        with pytest.raises(LevelNeeded):
            must_have_level(Proof(shown, NOW), wanted, NOW)


def test_a_proof_is_stale_after_ten_minutes() -> None:
    must_have_level(Proof("upstream", NOW - FRESH), "mail", NOW)
    with pytest.raises(LevelNeeded) as refused:
        must_have_level(Proof("upstream", NOW - FRESH - timedelta(seconds=1)), "mail", NOW)
    assert refused.value.status == 401
    assert (
        'error="insufficient_user_authentication", acr_values="mail"' in dict(refused.value.headers)["WWW-Authenticate"]
    )


def test_a_key_or_nobody_has_no_level() -> None:
    for caller in (NOBODY, Caller("operator", "operator")):
        with pytest.raises(LevelNeeded):
            caller.must_have_level("mail")


def test_only_levels_are_known() -> None:
    assert known("passkey") == "passkey"
    assert known("root") is None
