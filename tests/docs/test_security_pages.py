"""The pages about security say what is true: the tests they name are there, each requirement stands once, the counts hold."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = ROOT / "docs/security"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+)(?:\.py(?:::(test_\w+))?)?`")
DEEPER = {7, 8, 9, 10, 14, 16}
"""The chapters of which level 3 is asked too."""
REQUIREMENTS = {
    1: "020 541 291 030 111",
    2: "120 210 131 011",
    3: "001 201 131 242 323 001 023",
    4: "122 014 020 130",
    5: "010 213 201 030",
    6: "120 840 224 222 053 031 002 040",
    7: "030 400 020 230 021 020",
    8: "112 211 102 011",
    9: "300 130",
    10: "020 021 041 565 050 020 030",
    11: "022 032 212 130 011 011 002",
    12: "122 200 041",
    13: "013 051 022 142",
    14: "020 134 120",
    15: "122 122 160 004",
    16: "010 050 040 030 031",
    17: "011 044 020",
}  # fmt: skip
"""ASVS 5.0: chapter -> for each section how many requirements of level 1, 2 and 3 it has, numbered in this order."""


@cache
def named_in(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE))


def rows() -> list[tuple[str, str, str, str]]:
    """Number, level, what is asked, how it is shown."""
    return ROW.findall((SECURITY / "asvs.md").read_text())


def asked() -> dict[str, str]:
    """Every number that is to stand on the page, with its level."""
    numbers = {}
    for chapter, sections in REQUIREMENTS.items():
        for section, counts in enumerate(sections.split(), 1):
            levels = [level for level, count in zip("123", counts, strict=True) for _ in range(int(count))]
            numbers |= {f"{chapter}.{section}.{number}": level for number, level in enumerate(levels, 1)}
    return {number: level for number, level in numbers.items() if level != "3" or int(number.split(".")[0]) in DEEPER}


def state(shown: str) -> str:
    if shown.startswith("**open**: "):
        return "**open**"
    if shown.startswith("not applicable: "):
        return "not applicable"
    if shown.startswith("`tests/"):
        return "shown by a test"
    return "stands in a document" if shown.startswith("[") else "nothing"


@pytest.mark.parametrize("page", sorted(SECURITY.glob("*.md")), ids=lambda page: page.stem)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    missing = []
    for path, name in NAMED.findall(page.read_text()):
        file = ROOT / f"{path}.py"
        there = (
            name in named_in(file)
            if name and file.is_file()
            else not name and (file.is_file() or (ROOT / path).is_dir())
        )
        missing += [] if there else [f"{path}.py::{name}"]
    assert missing == []


def test_pages_that_list_tests_list_some() -> None:
    assert len(NAMED.findall((SECURITY / "asvs.md").read_text())) > 200
    assert len(NAMED.findall((SECURITY / "threats.md").read_text())) > 10


def test_every_threat_names_a_test() -> None:
    threats = (SECURITY / "threats.md").read_text().splitlines()
    lines = [line for line in threats if line.startswith("| ") and not line.startswith("| threat")]
    assert len(lines) > 10
    assert [line for line in lines if not NAMED.search(line)] == []


def test_every_requirement_stands_exactly_once_with_its_level() -> None:
    assert sum(level in "12" for level in asked().values()) == 253
    assert [number for number, *_ in rows()] == list(asked())
    assert {number: level for number, level, *_ in rows()} == asked()


def test_every_row_is_shown_or_says_why_not() -> None:
    assert [number for number, _, _, shown in rows() if state(shown) == "nothing"] == []
    assert [number for number, _, _, shown in rows() if "**open**" in shown and not shown.startswith("**open**")] == []


def test_the_counts_at_the_top_are_true() -> None:
    said = re.findall(r"^\| (.+) \| (\d+) \|$", (SECURITY / "asvs.md").read_text(), re.MULTILINE)
    counted = Counter(state(shown) for *_, shown in rows())
    assert {name: int(number) for name, number in said} == {**counted, "all": len(rows())}
