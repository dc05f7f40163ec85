"""Run the suite, group by group, each on a fresh scratch exchange; exit 0 when all passes but what is rightly disputed."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.conformance.judge import DISPUTED, Result, Verdict, disputes, judge, results
from tests.conformance.machines import exchanges, served
from tests.conformance.suite import GROUPS, REVISIONS, TOGETHER, brokers_of, brought, contexts, paths, robot


def main() -> int:
    """Run what is asked for and say what came of it."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then too
    kept: Path = options.results or Path(tempfile.mkdtemp(prefix="conformance-"))
    with tempfile.TemporaryDirectory() as scratch:
        suite = brought(options.suite, options.revision, Path(scratch) / "suite", options.port)
        with served(contexts(suite), options.port + 1):
            for name, path in paths(suite, options.groups):
                print(f"── {name}", flush=True)
                ports = [options.port, *range(options.port + 6, options.port + 5 + brokers_of(suite, path))]
                with exchanges(ports):
                    robot(suite, path, kept / name, ports)
            found = results(kept.glob("*/output.xml"))
            verdict = judge(found, disputes(DISPUTED.read_text()), options.revision)
            alone = _alone(suite, found, kept, options.port) if options.alone else []
    _tell(verdict, kept)
    if alone:
        _tell_alone(alone)
    return 0 if verdict.is_good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("just conformance", description=__doc__)
    groups = ", ".join(GROUPS | TOGETHER)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{groups}, or a file's number like 046_11_01")
    parser.add_argument("--suite", default=os.environ.get("MIRROR"), help="a git directory of the suite (MIRROR)")
    parser.add_argument("--revision", choices=REVISIONS, default="etsi")
    parser.add_argument(
        "--port", type=int, default=18_126, help="the exchange's; the five above it are the suite's, four more iop's"
    )
    parser.add_argument("--results", type=Path, help="where Robot's reports are kept")
    parser.add_argument("--alone", action="store_true", help="what failed runs again, each test on a fresh exchange")
    options = parser.parse_args()
    if not options.suite:
        parser.error("--suite or MIRROR names a git directory of the NGSI-LD test suite")
    return options


def _alone(suite: Path, found: list[Result], kept: Path, port: int) -> list[Result]:
    """What becomes of the tests that failed when nothing ran before them."""
    failed = [result for result in found if result.status == "FAIL"]
    for number, result in enumerate(failed):
        path = next(path for _, path in paths(suite, [result.file]) if result.name in path.read_text())
        ports = [port, *range(port + 6, port + 5 + brokers_of(suite, path))]
        with exchanges(ports):
            robot(suite, path, kept / "alone" / str(number), ports, test=result.name)
    return results((kept / "alone").glob("*/output.xml"))


def _tell(verdict: Verdict, kept: Path) -> None:
    for title, which in (
        ("Disputed, as disputed.toml says", verdict.disputed),
        ("Disputed, but they pass", verdict.settled),
        ("Failed", verdict.failed),
    ):
        if which:
            print(f"\n{title}:")
            for result in which:
                print(f"  {result.label}")
    for result in verdict.failed:
        print(f"\n{result.label}\n  {result.message[:600]}")
    print(
        f"\n{verdict.counts['PASS']} passed, {verdict.counts['FAIL']} failed, {verdict.counts['SKIP']} skipped; reports: {kept}"
    )


def _tell_alone(alone: list[Result]) -> None:
    passed = [result for result in alone if result.status == "PASS"]
    print(f"\nAlone on a fresh exchange {len(passed)} of the {len(alone)} that failed pass:")
    for result in passed:
        print(f"  {result.label}")


if __name__ == "__main__":
    sys.exit(main())
