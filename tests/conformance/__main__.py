"""Run the suite, group by group, each on a fresh scratch exchange; exit 0 when all passes but what is rightly disputed."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conformance.judge import DISPUTED, Verdict, disputes, judge, results

HOUSE = Path(__file__).parents[2]
TOOLS = HOUSE / ".tools" / "conformance"
REVISIONS = {"etsi": "1d442dc", "extended": "HEAD"}
"""ETSI's own state of the suite, and the one with the extensions for V1.9.1."""
GROUPS = {
    "common": "CommonBehaviours",
    "provision": "ContextInformation/Provision",
    "consumption": "ContextInformation/Consumption",
    "subscription": "ContextInformation/Subscription",
    "entitymap": "ContextInformation/EntityMap",
    "snapshot": "ContextInformation/Snapshot",
    "csource": "ContextSource",
    "contexts": "jsonldContext",
    "distributed": "DistributedOperations",
}
HEAD_OF_URL = re.compile(r"https?://[^\"'\s$]*/(?=[\w.-]+\.jsonld)")
OURS = "https://uri.etsi.org/ngsi-ld/"
STAND_IN = (
    '{"@context": {"example": "https://example.org/ns#", "Store": "example:Store", "storeName": "example:storeName"}}'
)
"""What the few contexts of the wide world that the suite names are taken to say; its tests only need one to be there."""


def main() -> int:
    """Run what is asked for and say what came of it."""
    parser = argparse.ArgumentParser("just conformance", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}, or a file's number like 046_11_01"
    )
    parser.add_argument("--suite", default=os.environ.get("MIRROR"), help="a git directory of the suite (MIRROR)")
    parser.add_argument("--revision", choices=REVISIONS, default="etsi")
    parser.add_argument("--port", type=int, default=18_126, help="the exchange's; the five above it are the suite's")
    parser.add_argument("--results", type=Path, help="where Robot's reports are kept")
    options = parser.parse_args()
    if not options.suite:
        parser.error("--suite or MIRROR names a git directory of the NGSI-LD test suite")
    kept = options.results or Path(tempfile.mkdtemp(prefix="conformance-"))
    with tempfile.TemporaryDirectory() as scratch:
        suite = Path(scratch) / "suite"
        _export(options.suite, REVISIONS[options.revision], suite)
        _install(options.suite, suite)
        _prepare(suite, options.port)
        with _served(_contexts(suite), options.port + 1):
            for name, path in _paths(suite, options.groups or list(GROUPS)):
                print(f"── {name}", flush=True)
                with _exchange(options.port):
                    _robot(suite, path, kept / name)
    verdict = judge(results(kept.glob("*/output.xml")), disputes(DISPUTED.read_text()), options.revision)
    _tell(verdict, kept)
    return 0 if verdict.is_good else 1


def _export(mirror: str, commit: str, to: Path) -> None:
    to.mkdir()
    parts = ("TP", "resources", "libraries", "data", "requirements.txt")
    packed = subprocess.run(["git", f"--git-dir={mirror}", "archive", commit, *parts], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(to)], check=True, input=packed.stdout)


def _install(mirror: str, suite: Path) -> None:
    """The suite's own tools, in a folder that is kept; its HTTP stub as its newest state has it."""
    if (TOOLS / "bin" / "robot").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(TOOLS)], check=True)
    wanted = [
        line
        for line in (suite / "requirements.txt").read_text().splitlines()
        if not line.startswith(("#", "-e", "robotframework-robocop", "robotframework-httpctrl"))
    ]
    newest = suite.with_name("newest")
    _export(mirror, "HEAD", newest)
    pip = [str(TOOLS / "bin" / "pip"), "-q", "install"]
    subprocess.run([*pip, "setuptools", "wheel", *wanted], check=True)
    stub = str(newest / "libraries" / "robotframework-httpctrl")
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", stub], check=True)


def _prepare(suite: Path, port: int) -> None:
    """Point the suite at this machine: addresses, contexts, the MQTT broker."""
    here = f"http://127.0.0.1:{port + 1}/"
    for file in suite.rglob("*"):
        if file.suffix in {".robot", ".resource", ".json", ".jsonld", ".geojson", ".py"}:
            text = file.read_text()
            local = HEAD_OF_URL.sub(lambda found: found[0] if found[0].startswith(OURS) else here, text)
            if local != text:
                file.write_text(local)
    url = f"http://127.0.0.1:{port}/ngsi-ld/v1"
    says = {
        "url": url, "temporal_api_url": url, "mqtt_broker_host": "127.0.0.1", "mqtt_broker_non_default_port": port + 5,
        "notification_server_host": "127.0.0.1", "notification_server_port": port + 2,
        "context_source_host": "127.0.0.1", "context_source_port": port + 3,
        "context_server_host": "127.0.0.1", "context_server_port": port + 4,
    }  # fmt: skip
    variables = suite / "resources" / "variables.py"
    with variables.open("a") as file:
        file.write("".join(f"\n{name} = {value!r}" for name, value in says.items()))
    mqtt = suite / "resources" / "mqttUtils"
    library = f"Library    suite_side.Mosquitto    {mqtt / 'mosquitto'}"
    (mqtt / "MqttUtils.resource").write_text(f"*** Settings ***\nLibrary    MQTTLibrary\n{library}\n")


def _contexts(suite: Path) -> Path:
    """The folder of contexts to serve: the suite's, and stand-ins for those of the wide world."""
    folder = suite / "resources" / "jsonld-contexts"
    shutil.copy(folder / "ngsi-ld-test-suite-compound.jsonld", folder / "ngsildTestSuiteV1.8-compound.jsonld")
    for name in ("context.jsonld", "testContext.jsonld"):
        (folder / name).write_text(STAND_IN)
    return folder


def _paths(suite: Path, wanted: list[str]) -> Iterator[tuple[str, Path]]:
    root = suite / "TP" / "NGSI-LD"
    for name in wanted:
        if name in GROUPS:
            if (root / GROUPS[name]).is_dir():  # the older revision has no entity maps and no snapshots
                yield name, root / GROUPS[name]
        else:
            found = sorted(root.rglob(f"{name}.robot"))
            if not found:
                raise SystemExit(f"there is no group and no file {name}")
            yield name, found[0]


@contextmanager
def _served(folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(port)]
    with _running(command):
        yield


@contextmanager
def _exchange(port: int) -> Iterator[None]:
    """A fresh house without access control, ready."""
    with tempfile.TemporaryDirectory() as data:
        command = ["-m", "hiroba", "up", "--open", "--sample", "none", "--port", str(port), "--data", data]
        with _running([sys.executable, *command]) as process:
            with httpx.Client(transport=httpx.HTTPTransport(retries=60)) as client:
                while process.poll() is None:
                    if client.get(f"http://127.0.0.1:{port}/health/ready").is_success:
                        break
            yield


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _robot(suite: Path, path: Path, results_: Path) -> None:
    command = [
        str(TOOLS / "bin" / "robot"), "--pythonpath", str(Path(__file__).parent), "--prerunmodifier", "suite_side.Timeout:120",
        "--console", "dotted", "--outputdir", str(results_), "--name", results_.name,
        *([] if shutil.which("mosquitto") else ["--exclude", "sub-mqtt-notification"]), str(path.relative_to(suite)),
    ]  # fmt: skip
    subprocess.run(command, cwd=suite, check=False, stdout=subprocess.DEVNULL)


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


if __name__ == "__main__":
    sys.exit(main())
