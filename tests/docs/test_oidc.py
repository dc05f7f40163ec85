"""The checklist of the OpenID Provider names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security/oidc.md").read_text()


def test_every_test_that_the_checklist_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = [*(ROOT / "tests/exchange/identity").rglob("test_*.py")]
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert len(named) > 40
    assert named - there == set()


def test_every_line_of_the_checklist_names_a_test_or_a_reason() -> None:
    rows = [line.split("|")[2] for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert [row for row in rows if "`test_" not in row and not re.search("none: |every sign-in", row)] == []
