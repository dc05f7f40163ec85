"""The verdict over a run of the suite: what failed and is not disputed, and what is disputed and passes."""

import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

DISPUTED = Path(__file__).with_name("disputed.toml")


class Result(msgspec.Struct, frozen=True, order=True):
    """One test procedure: its file, without `.robot`, its name, PASS, FAIL or SKIP, and what it says."""

    file: str
    name: str
    status: str
    message: str = ""

    @property
    def label(self) -> str:
        """How it is called in lists."""
        return f"{self.file} / {self.name}"


class Dispute(msgspec.Struct, frozen=True):
    """Tests that we do not follow, and why."""

    tests: tuple[str, ...]
    """Files, which means all tests in them, or names of single tests."""
    clause: str
    """The clause of CIM 009 V1.9.1 that decides for us."""
    why: str
    revisions: tuple[str, ...] = ("etsi", "extended")

    def covers(self, result: Result, revision: str) -> bool:
        """Whether it speaks of this test."""
        return revision in self.revisions and (result.file in self.tests or result.name in self.tests)


def disputes(text: str) -> list[Dispute]:
    """What `disputed.toml` says."""
    return msgspec.convert(tomllib.loads(text).get("disputed", []), list[Dispute])


def results(reports: Iterable[Path]) -> list[Result]:
    """The results in Robot's output files."""
    return sorted(result for report in reports for result in _in_suite(ET.parse(report).getroot(), ""))  # noqa: S314 - Robot's own file, written a moment ago


def _in_suite(node: ET.Element, file: str) -> Iterator[Result]:
    for child in node:
        if child.tag == "suite":
            source = Path(child.get("source", ""))
            yield from _in_suite(child, source.stem if source.suffix == ".robot" else file)
        elif child.tag == "test":
            status = child.find("status")
            if status is not None:
                yield Result(file, child.get("name", ""), status.get("status", ""), (status.text or "").strip())


class Verdict(msgspec.Struct, frozen=True):
    """What a run comes to."""

    counts: Counter[str]
    failed: list[Result]
    """Failed, and nobody disputes it."""
    disputed: list[Result]
    """Failed, as `disputed.toml` says it would."""
    settled: list[Result]
    """Disputed, and passes: the dispute can go."""

    @property
    def is_good(self) -> bool:
        """Whether every test passes or is rightly disputed."""
        return bool(self.counts["PASS"]) and not self.failed and not self.settled


def judge(found: Iterable[Result], known: Iterable[Dispute], revision: str) -> Verdict:
    """Hold results against what is disputed."""
    known, found = list(known), list(found)
    failing = {result.label for result in found if result.status == "FAIL"}  # some tests share file and name
    verdict = Verdict(Counter(), [], [], [])
    for result in found:
        verdict.counts[result.status] += 1
        is_disputed = any(dispute.covers(result, revision) for dispute in known)
        if result.status == "FAIL":
            (verdict.disputed if is_disputed else verdict.failed).append(result)
        elif result.status == "PASS" and is_disputed and result.label not in failing:
            verdict.settled.append(result)
    return verdict
