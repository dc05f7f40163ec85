"""A copy of the suite that speaks to this machine: taken from git, with its own tools, its addresses changed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
TOOLS = HOUSE / ".tools" / "conformance"
REVISIONS = {"etsi": "1d442dc", "extended": "HEAD"}
"""ETSI's own state of the suite, and the one with the extensions for V1.9.1."""
GROUPS = {
    "common": "TP/NGSI-LD/CommonBehaviours",
    "provision": "TP/NGSI-LD/ContextInformation/Provision",
    "consumption": "TP/NGSI-LD/ContextInformation/Consumption",
    "subscription": "TP/NGSI-LD/ContextInformation/Subscription",
    "entitymap": "TP/NGSI-LD/ContextInformation/EntityMap",
    "snapshot": "TP/NGSI-LD/ContextInformation/Snapshot",
    "csource": "TP/NGSI-LD/ContextSource",
    "contexts": "TP/NGSI-LD/jsonldContext",
    "distributed": "TP/NGSI-LD/DistributedOperations",
}
TOGETHER = {"iop": "IOP_TP"}
"""The group in which up to five exchanges ask one another; it runs when it is named."""
HEAD_OF_URL = re.compile(r"https?://[^\"'\s$]*/(?=[\w.-]+\.jsonld)")
OURS = "https://uri.etsi.org/ngsi-ld/"
STAND_IN = (
    '{"@context": {"example": "https://example.org/ns#", "Store": "example:Store", "storeName": "example:storeName"}}'
)
"""What the few contexts of the wide world that the suite names are taken to say; its tests only need one to be there."""


def brought(mirror: str, revision: str, to: Path, port: int) -> Path:
    """The suite in a new folder, ready to be run against an exchange at a port; the five ports after it are the suite's."""
    _export(mirror, REVISIONS[revision], to)
    _install(mirror, to)
    _prepare(to, port)
    return to


def _export(mirror: str, commit: str, to: Path) -> None:
    to.mkdir()
    parts = ("TP", "IOP_TP", "resources", "libraries", "data", "requirements.txt")
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


def contexts(suite: Path) -> Path:
    """The folder of contexts to serve: the suite's, and stand-ins for those of the wide world."""
    folder = suite / "resources" / "jsonld-contexts"
    shutil.copy(folder / "ngsi-ld-test-suite-compound.jsonld", folder / "ngsildTestSuiteV1.8-compound.jsonld")
    for name in ("context.jsonld", "testContext.jsonld"):
        (folder / name).write_text(STAND_IN)
    return folder


def paths(suite: Path, wanted: list[str]) -> Iterator[tuple[str, Path]]:
    """What is asked for by group or by a file's number, and where it lies."""
    for name in wanted or GROUPS:
        group = (GROUPS | TOGETHER).get(name)
        if group is None:
            found = sorted(file for root in ("TP", "IOP_TP") for file in (suite / root).rglob(f"{name}.robot"))
            if not found:
                raise SystemExit(f"there is no group and no file {name}")
            yield from ((f"{name}-{number}" if number else name, file) for number, file in enumerate(found))
        elif (suite / group).is_dir():  # the older revision has no entity maps and no snapshots
            yield name, suite / group


def brokers_of(suite: Path, path: Path) -> int:
    """How many exchanges a part of the suite speaks to."""
    return 5 if (suite / "IOP_TP") in (path, *path.parents) else 1


def robot(suite: Path, path: Path, to: Path, ports: list[int], *, test: str = "") -> None:
    """Run a part of the suite, or one test of a file, and leave Robot's report in a folder."""
    brokers = [
        option
        for number, port in enumerate(ports, 1)
        for option in ("--variable", f"b{number}_url:http://127.0.0.1:{port}/ngsi-ld/v1")
    ]
    command = [
        str(TOOLS / "bin" / "robot"), "--pythonpath", str(Path(__file__).parent), "--prerunmodifier", "suite_side.Timeout:120",
        "--console", "dotted", "--outputdir", str(to), "--name", to.name, *brokers, *(["--test", test] if test else []),
        *([] if shutil.which("mosquitto") else ["--exclude", "sub-mqtt-notification"]), str(path.relative_to(suite)),
    ]  # fmt: skip
    subprocess.run(command, cwd=suite, check=False, stdout=subprocess.DEVNULL)
