"""The verdict over the suite: a failure counts unless a clause stands against it, and a dispute that is over must go."""

from pathlib import Path

import pytest

from tests.conformance.judge import DISPUTED, Dispute, Result, disputes, judge, results

REPORT = """
<robot><suite source="/s/TP"><suite source="/s/TP/019_11.robot">
<test name="a"><status status="PASS"/></test>
<test name="b"><status status="FAIL">400 != 200</status></test>
</suite></suite></robot>
"""


@pytest.fixture
def found(tmp_path: Path) -> list[Result]:
    report = tmp_path / "output.xml"
    report.write_text(REPORT)
    return results([report])


def test_results_are_read_from_reports(found: list[Result]) -> None:
    assert found == [Result("019_11", "a", "PASS"), Result("019_11", "b", "FAIL", "400 != 200")]


def test_a_failure_counts_unless_it_is_disputed(found: list[Result]) -> None:
    assert not judge(found, [], "etsi").is_good
    assert judge(found, [Dispute(("b",), "4.10", "…")], "etsi").is_good
    assert not judge(found, [Dispute(("b",), "4.10", "…", ("extended",))], "etsi").is_good


def test_a_dispute_over_a_test_that_passes_must_go(found: list[Result]) -> None:
    verdict = judge(found, [Dispute(("019_11",), "4.10", "…")], "etsi")
    assert [result.name for result in verdict.settled] == ["a"]
    assert not verdict.is_good


def test_a_run_in_which_nothing_passes_is_no_good() -> None:
    assert not judge([], [], "etsi").is_good


def test_each_dispute_names_the_clause_that_decides_and_says_why() -> None:
    for dispute in disputes(DISPUTED.read_text()):
        assert dispute.clause[0].isdigit()
        assert len(dispute.why) > 20
        assert set(dispute.revisions) <= {"etsi", "extended"}
